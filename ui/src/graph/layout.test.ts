import { describe, expect, it } from 'vitest'
import { layoutGraph, type GraphGroup, type GraphTask, type PlacedBox } from './layout'

const task = (id: string, downstream: string[] = [], group: string | null = null): GraphTask => ({ id, group, downstream, width: 100, height: 40 })
const group = (id: string, parent: string | null = null): GraphGroup => ({ id, parent, width: 120, height: 44 })
const overlap = (a: PlacedBox, b: PlacedBox) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

/** A DAG with three groups (one nested), long edges and a fan. */
const tasks = [
  task('start', ['a.one', 'a.two', 'far']),
  task('a.one', ['b.in.x', 'b.in.y'], 'a'),
  task('a.two', ['b.in.x', 'b.in.y'], 'a'),
  task('b.in.x', ['b.z'], 'b.in'),
  task('b.in.y', ['b.z'], 'b.in'),
  task('b.z', ['far'], 'b'),
  task('far', ['end']),
  task('end'),
  task('alone'),
]
const groups = [group('a'), group('b'), group('b.in', 'b')]

describe('layoutGraph', () => {
  it('places every task once and lets none overlap', () => {
    const { nodes, width, height } = layoutGraph(tasks, groups)
    expect(nodes.map((node) => node.id).sort()).toEqual(tasks.map((t) => t.id).sort())
    nodes.forEach((a, i) => nodes.slice(i + 1).forEach((b) => expect(overlap(a, b), `${a.id} and ${b.id}`).toBe(false)))
    for (const node of nodes) {
      expect(node.x).toBeGreaterThanOrEqual(0)
      expect(node.y).toBeGreaterThanOrEqual(0)
      expect(node.x + node.width).toBeLessThanOrEqual(width)
      expect(node.y + node.height).toBeLessThanOrEqual(height)
    }
  })

  it('keeps tasks inside their group and others outside of it', () => {
    const { nodes, groups: frames } = layoutGraph(tasks, groups)
    for (const frame of frames) {
      for (const node of nodes) expect(overlap(node, frame), `${node.id} in ${frame.id}`).toBe(node.id.startsWith(`${frame.id}.`))
    }
    expect(frames.map((frame) => frame.id).sort()).toEqual(['a', 'b', 'b.in'])
  })

  it('runs every dependency from left to right', () => {
    const { nodes } = layoutGraph(tasks, groups)
    const at = new Map(nodes.map((node) => [node.id, node]))
    for (const from of tasks) {
      for (const id of from.downstream) expect((at.get(from.id)?.x ?? 0) + 100).toBeLessThan(at.get(id)?.x ?? 0)
    }
  })

  it('draws one line between groups that are joined all to all, and names whom it joins', () => {
    const { edges } = layoutGraph(tasks, groups)
    const joint = edges.filter((edge) => edge.id.startsWith(':') && edge.sources.length === 2)
    expect(joint).toHaveLength(1)
    expect(joint[0]?.sources.sort()).toEqual(['a.one', 'a.two'])
    expect(joint[0]?.targets.sort()).toEqual(['b.in.x', 'b.in.y'])
    expect(joint[0]?.arrow).toBe(false)
  })

  it('draws separate lines when groups are joined only in part', () => {
    const { edges } = layoutGraph([task('a.one', ['b.x'], 'a'), task('a.two', ['b.y'], 'a'), task('b.x', [], 'b'), task('b.y', [], 'b')], [group('a'), group('b')])
    const between = edges.filter((edge) => edge.id.startsWith(':'))
    expect(between.map((edge) => [edge.sources, edge.targets])).toEqual([
      [['a.one'], ['b.x']],
      [['a.two'], ['b.y']],
    ])
  })

  it('joins the stretches of a line: each begins where the one before it ended', () => {
    const { edges, nodes, groups: frames } = layoutGraph(tasks, groups)
    const touches = (x: number, y: number) => [...nodes, ...frames].some((box) => (Math.abs(box.x - x) < 0.5 || Math.abs(box.x + box.width - x) < 0.5) && y >= box.y && y <= box.y + box.height)
    for (const edge of edges) {
      const first = edge.points[0]
      const last = edge.points.at(-1)
      expect(first && touches(first.x, first.y), `start of ${edge.id}`).toBe(true)
      expect(last && touches(last.x, last.y), `end of ${edge.id}`).toBe(true)
    }
  })

  it('shows a closed group as one box with the edges of what is in it', () => {
    const { nodes, groups: frames, edges } = layoutGraph(tasks, groups, new Set(['b', 'b.in']))
    expect(nodes.map((node) => node.id)).toContain('b')
    expect(nodes.map((node) => node.id)).not.toContain('b.z')
    expect(frames.map((frame) => frame.id)).toEqual(['a'])
    expect(edges.some((edge) => edge.sources.includes('b') && edge.targets.includes('far'))).toBe(true)
  })

  it('survives a circle, an unknown group and an unknown target', () => {
    const { nodes } = layoutGraph([task('a', ['b']), task('b', ['a', 'ghost']), task('c', [], 'nowhere')], [])
    expect(nodes).toHaveLength(3)
  })

  it('gives the same picture for the same DAG', () => {
    expect(layoutGraph(tasks, groups)).toEqual(layoutGraph(tasks, groups))
  })

  it('lays out a thousand tasks in well under a second', () => {
    const many = Array.from({ length: 1000 }, (_, i) => task(`t${i}`, [i * 2 + 1, i * 2 + 2].filter((n) => n < 1000).map((n) => `t${n}`)))
    const began = performance.now()
    expect(layoutGraph(many, []).nodes).toHaveLength(1000)
    expect(performance.now() - began).toBeLessThan(3000)
  })

  it('is empty for nothing', () => {
    expect(layoutGraph([], [])).toEqual({ width: 0, height: 0, nodes: [], groups: [], edges: [] })
  })
})
