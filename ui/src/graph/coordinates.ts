/** Vertical coordinates: every node as near to its neighbours as the order and the gaps allow. */
import { groupBy } from './group-by'


export interface Slot {
  id: string
  height: number
  /** Room kept free below. */
  gap: number
}

export interface Pull {
  from: string
  to: string
  /** Where the edge meets its ends, from their tops. */
  fromY: number
  toY: number
  weight: number
}

const SWEEPS = 12

/** The top of each node. Layers are ordered from top to bottom and pulls join neighbouring layers. */
export function assignTops(layers: readonly (readonly Slot[])[], pulls: readonly Pull[]): Map<string, number> {
  const tops = new Map<string, number>()
  for (const layer of layers) {
    let y = 0
    for (const slot of layer) {
      tops.set(slot.id, y)
      y += slot.height + slot.gap
    }
  }
  const incoming = groupBy(pulls, (pull) => pull.to)
  const outgoing = groupBy(pulls, (pull) => pull.from)
  const wish = (id: string, back: boolean, ahead: boolean): [number, number] => {
    let sum = 0
    let weight = 0
    for (const pull of back ? (incoming.get(id) ?? []) : []) {
      sum += ((tops.get(pull.from) ?? 0) + pull.fromY - pull.toY) * pull.weight
      weight += pull.weight
    }
    for (const pull of ahead ? (outgoing.get(id) ?? []) : []) {
      sum += ((tops.get(pull.to) ?? 0) + pull.toY - pull.fromY) * pull.weight
      weight += pull.weight
    }
    return weight === 0 ? [tops.get(id) ?? 0, 0.01] : [sum / weight, weight]
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const last = sweep >= SWEEPS - 2
    const forward = sweep % 2 === 0
    for (const layer of forward ? layers : layers.toReversed()) {
      const placed = separate(layer, layer.map((slot) => wish(slot.id, forward || last, !forward || last)))
      layer.forEach((slot, index) => tops.set(slot.id, placed[index] ?? 0))
    }
  }
  const least = Math.min(0, ...tops.values())
  const first = tops.size === 0 ? 0 : Math.min(...tops.values())
  for (const [id, top] of tops) tops.set(id, Math.round(top - (first > 0 ? first : least)))
  return tops
}

/**
 * Tops that keep order and gaps and lie nearest to the wished ones (weighted least squares): after taking the room
 * above each slot away, wishes must not fall, so groups of falling ones are pooled to their mean.
 */
export function separate(slots: readonly Slot[], wishes: readonly (readonly [number, number])[]): number[] {
  const pools: { sum: number; weight: number; count: number }[] = []
  const above: number[] = []
  let room = 0
  slots.forEach((slot, index) => {
    above.push(room)
    const [wish, weight] = wishes[index] ?? [0, 1]
    let pool = { sum: (wish - room) * weight, weight, count: 1 }
    for (let last = pools.at(-1); last && last.sum / last.weight > pool.sum / pool.weight; last = pools.at(-1)) {
      pools.pop()
      pool = { sum: last.sum + pool.sum, weight: last.weight + pool.weight, count: last.count + pool.count }
    }
    pools.push(pool)
    room += slot.height + slot.gap
  })
  return pools.flatMap((pool) => Array.from({ length: pool.count }, () => pool.sum / pool.weight)).map((base, index) => base + (above[index] ?? 0))
}
