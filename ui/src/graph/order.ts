/** Ordering within layers, so that few edges cross. */
import { groupBy } from './group-by'

/** A place in a layer; `at` finds where an edge meets it, between 0 (top) and 1 (bottom). */
export interface OrderEdge {
  from: string
  to: string
  fromAt: number
  toAt: number
}

const SWEEPS = 16

/** Reorders each layer (nodes by id) to reduce crossings; edges join neighbouring layers only. */
export function orderLayers(layers: readonly (readonly string[])[], edges: readonly OrderEdge[]): string[][] {
  const incoming = groupBy(edges, (edge) => edge.to)
  const outgoing = groupBy(edges, (edge) => edge.from)
  let current = layers.map((layer) => [...layer])
  let best = current
  let fewest = crossings(current, edges)
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    current = current.map((layer) => [...layer])
    const forward = sweep % 2 === 0
    const indexes = [...current.keys()]
    for (const index of forward ? indexes.slice(1) : indexes.slice(0, -1).reverse()) {
      const position = positions(current)
      const near = (id: string) =>
        forward ? (incoming.get(id) ?? []).map((edge) => (position.get(edge.from) ?? 0) + edge.fromAt) : (outgoing.get(id) ?? []).map((edge) => (position.get(edge.to) ?? 0) + edge.toAt)
      const layer = current[index] ?? []
      const weight = new Map(layer.map((id, at) => [id, mean(near(id)) ?? at]))
      // `sort` is stable: ties keep their order. Every other pair of sweeps turns ties round to leave local optima.
      const tie = sweep % 4 < 2 ? 1 : -1
      const before = new Map(layer.map((id, at) => [id, at]))
      layer.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || tie * ((before.get(a) ?? 0) - (before.get(b) ?? 0)))
    }
    const count = crossings(current, edges)
    if (count < fewest) {
      fewest = count
      best = current
    }
  }
  return best
}

/** How many pairs of edges cross. */
export function crossings(layers: readonly (readonly string[])[], edges: readonly OrderEdge[]): number {
  const position = positions(layers)
  const layerOf = new Map(layers.flatMap((layer, index) => layer.map((id) => [id, index])))
  let total = 0
  for (const between of groupBy(edges, (edge) => layerOf.get(edge.from)).values()) {
    const list = between.map((edge): [number, number] => [(position.get(edge.from) ?? 0) + edge.fromAt, (position.get(edge.to) ?? 0) + edge.toAt])
    list.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    total += inversions(list.map(([, to]) => to))
  }
  return total
}

/** Pairs out of order, by merge sort. */
export function inversions(values: readonly number[]): number {
  if (values.length < 2) return 0
  const half = values.length >> 1
  const left = values.slice(0, half)
  const right = values.slice(half)
  let count = inversions(left) + inversions(right)
  left.sort((a, b) => a - b)
  right.sort((a, b) => a - b)
  let at = 0
  for (const value of left) {
    while (at < right.length && (right[at] ?? 0) < value) at++
    count += at
  }
  return count
}

const positions = (layers: readonly (readonly string[])[]) => new Map(layers.flatMap((layer) => layer.map((id, index) => [id, index] as const)))

const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length)
