/** Layering: which column every node of a DAG stands in. */

export interface Link {
  from: string
  to: string
}

export interface Adjacency {
  out: Map<string, string[]>
  in: Map<string, string[]>
}

export function adjacency(ids: readonly string[], links: readonly Link[]): Adjacency {
  const result: Adjacency = { out: new Map(), in: new Map() }
  for (const id of ids) {
    result.out.set(id, [])
    result.in.set(id, [])
  }
  for (const { from, to } of links) {
    result.out.get(from)?.push(to)
    result.in.get(to)?.push(from)
  }
  return result
}

/** Ids so that every link goes forward. Should links go round in a circle, its nodes keep the given order. */
export function topological(ids: readonly string[], links: readonly Link[]): string[] {
  const { out, in: into } = adjacency(ids, links)
  const open = new Map(ids.map((id) => [id, into.get(id)?.length ?? 0]))
  const ready = ids.filter((id) => open.get(id) === 0)
  const done: string[] = []
  for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
    done.push(next)
    for (const to of out.get(next) ?? []) {
      const left = (open.get(to) ?? 0) - 1
      open.set(to, left)
      if (left === 0) ready.push(to)
    }
  }
  if (done.length === ids.length) return done
  const placed = new Set(done)
  return [...done, ...ids.filter((id) => !placed.has(id))]
}

/**
 * The layer of each node: one more than the furthest node before it. A node with nothing before it stands
 * right before the first that follows it, so that its edge is short.
 */
export function layering(ids: readonly string[], links: readonly Link[]): Map<string, number> {
  const order = topological(ids, links)
  const rank = new Map(order.map((id, index) => [id, index]))
  const forward = links.filter(({ from, to }) => (rank.get(from) ?? 0) < (rank.get(to) ?? 0))
  const { out, in: into } = adjacency(ids, forward)
  const layer = new Map<string, number>()
  for (const id of order) layer.set(id, Math.max(-1, ...(into.get(id) ?? []).map((from) => layer.get(from) ?? 0)) + 1)
  for (const id of order.toReversed()) {
    const after = out.get(id) ?? []
    if (after.length > 0 && into.get(id)?.length === 0) layer.set(id, Math.min(...after.map((to) => layer.get(to) ?? 0)) - 1)
  }
  return layer
}
