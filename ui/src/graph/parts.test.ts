import { describe, expect, it } from 'vitest'
import { separate } from './coordinates'
import { layering, topological } from './layers'
import { crossings, inversions, orderLayers } from './order'
import { labelPoint, toPath } from './path'

const link = (text: string) => text.split(' ').map((pair) => ({ from: pair[0] ?? '', to: pair[1] ?? '' }))
const edges = (text: string) => link(text).map((item) => ({ ...item, fromAt: 0.5, toAt: 0.5 }))

describe('layering', () => {
  it('puts a node after all that it depends on', () => {
    expect(Object.fromEntries(layering([...'abcd'], link('ab bc ac cd')))).toEqual({ a: 0, b: 1, c: 2, d: 3 })
  })
  it('moves a node with nothing before it next to what follows it', () => {
    expect(layering([...'abcx'], link('ab bc xc')).get('x')).toBe(1)
  })
  it('orders topologically and keeps the given order where it can', () => {
    expect(topological([...'cba'], link('ac'))).toEqual(['b', 'a', 'c'])
  })
})

describe('ordering', () => {
  it('undoes crossings that can be undone', () => {
    const wires = edges('ax by cz')
    expect(crossings([[...'abc'], [...'zyx']], wires)).toBe(3)
    expect(crossings(orderLayers([[...'abc'], [...'zyx']], wires), wires)).toBe(0)
  })
  it('counts inversions', () => {
    expect(inversions([3, 1, 2])).toBe(2)
    expect(inversions([1, 2, 2, 3])).toBe(0)
  })
})

describe('separate', () => {
  const slots = [...'abc'].map((id) => ({ id, height: 10, gap: 5 }))
  it('leaves what already fits where it wants to be', () => {
    expect(separate(slots, [[0, 1], [20, 1], [40, 1]])).toEqual([0, 20, 40])
  })
  it('shares the displacement of things that want the same place', () => {
    expect(separate(slots, [[30, 1], [30, 1], [30, 1]])).toEqual([15, 30, 45])
  })
})

describe('path', () => {
  it('is straight where the height stays and curved where it changes', () => {
    expect(toPath([{ x: 0, y: 5 }, { x: 10, y: 5 }, { x: 30, y: 25 }])).toBe('M0 5H10C20 5 20 25 30 25')
  })
  it('finds room for a label', () => {
    expect(labelPoint([{ x: 0, y: 5 }, { x: 10, y: 5 }, { x: 30, y: 25 }])).toEqual({ x: 20, y: 15, room: 20 })
  })
})
