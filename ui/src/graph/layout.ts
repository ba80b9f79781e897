/**
 * Layout of a DAG with nested task groups, from left to right.
 *
 * Every open group is laid out by itself and then is one box in the level around it. An edge into or out of a group
 * passes a port on the group's border. When every source of a group is joined to every target of another box (as
 * `group >> task` does), the edges share one port and one line; otherwise each has its own, so a line never claims
 * a dependency that is not there.
 */
import { groupBy } from './group-by'
import { layoutFlat, type Box, type FlatLayout, type Point, type Wire } from './flat'

export interface GraphTask {
  id: string
  group: string | null
  downstream: readonly string[]
  width: number
  height: number
}

export interface GraphGroup {
  id: string
  parent: string | null
  /** Size when closed. */
  width: number
  height: number
}

export interface PlacedBox {
  id: string
  x: number
  y: number
  width: number
  height: number
}

export interface PlacedEdge {
  id: string
  points: Point[]
  /** Tasks (or closed groups) this stretch of line leads from and to. */
  sources: string[]
  targets: string[]
  /** Whether the stretch ends at a box, and not at a port. */
  arrow: boolean
}

export interface Layout {
  width: number
  height: number
  /** Tasks and closed groups. */
  nodes: PlacedBox[]
  /** Open groups, outermost first. */
  groups: PlacedBox[]
  edges: PlacedEdge[]
}

const PAD = 14
const HEADER = 30
const ROOT = ''

/** An edge between two leaves (tasks, closed groups or ports) that may lie at different depths. */
interface Deep {
  id: string
  from: string
  to: string
  sources: string[]
  targets: string[]
}

interface Level {
  width: number
  height: number
  nodes: PlacedBox[]
  groups: PlacedBox[]
  edges: PlacedEdge[]
  /** Heights of this level's ports on its border. */
  ports: Map<string, number>
}

/** Where each task or group is shown: itself, or the outermost closed group around it. */
export function shownAs(id: string, parentOf: ReadonlyMap<string, string | null>, closed: ReadonlySet<string>): string {
  let shown = id
  for (let at: string | null = id; at !== null; at = parentOf.get(at) ?? null) if (closed.has(at)) shown = at
  return shown
}

export function layoutGraph(tasks: readonly GraphTask[], groups: readonly GraphGroup[], closed: ReadonlySet<string> = new Set()): Layout {
  const known = new Set(groups.map((group) => group.id))
  const parentOf = new Map<string, string | null>([
    ...groups.map((group) => [group.id, group.parent] as const),
    ...tasks.map((task) => [task.id, task.group !== null && known.has(task.group) ? task.group : null] as const),
  ])
  const shown = (id: string) => shownAs(id, parentOf, closed)
  const visible = new Set([...tasks.map((task) => task.id), ...groups.map((group) => group.id)].filter((id) => shown(id) === id))
  const sizes = new Map([...tasks, ...groups].map((item) => [item.id, item]))
  const open = groups.filter((group) => visible.has(group.id) && !closed.has(group.id))
  const isOpen = new Set(open.map((group) => group.id))

  const deep = new Map<string, Deep>()
  for (const task of tasks) {
    for (const target of task.downstream) {
      const from = shown(task.id)
      const to = shown(target)
      if (from === to || !visible.has(to)) continue
      const id = `${from} > ${to}`
      deep.set(id, { id, from, to, sources: [from], targets: [to] })
    }
  }

  const members = new Map<string, string[]>([[ROOT, []]])
  for (const id of visible) {
    const parent = parentOf.get(id) ?? ROOT
    members.set(parent, [...(members.get(parent) ?? []), id])
  }

  /** Lays out what is in `container`; `links` join leaves inside it and `ports` on its border. */
  const layoutLevel = (container: string, links: readonly Deep[], ports: readonly Box[]): Level => {
    const children = members.get(container) ?? []
    const childOf = new Map<string, string>(ports.map((port) => [port.id, port.id]))
    const claim = (id: string, child: string) => {
      childOf.set(id, child)
      for (const inner of isOpen.has(id) ? (members.get(id) ?? []) : []) claim(inner, child)
    }
    for (const child of children) claim(child, child)

    const innerLinks = new Map<string, Deep[]>()
    const innerPorts = new Map<string, Box[]>()
    const bundles: { id: string; from: string; to: string; sources: string[]; targets: string[] }[] = []
    const inside = (child: string, link: Deep) => innerLinks.set(child, [...(innerLinks.get(child) ?? []), link])

    const pairs = groupBy(
      links.filter((link) => {
        const from = childOf.get(link.from)
        if (from === undefined || from !== childOf.get(link.to)) return true
        inside(from, link)
        return false
      }),
      (link) => `${childOf.get(link.from)} > ${childOf.get(link.to)}`,
    )
    for (const between of pairs.values()) {
      const from = new Set(between.map((link) => link.from))
      const to = new Set(between.map((link) => link.to))
      const all = between.length === from.size * to.size
      for (const bundle of all ? [between] : between.map((link) => [link])) {
        const [first] = bundle
        if (!first) continue
        const fromBox = childOf.get(first.from) ?? first.from
        const toBox = childOf.get(first.to) ?? first.to
        const id = `${container}:${first.id}`
        const sources = [...new Set(bundle.flatMap((link) => link.sources))]
        const targets = [...new Set(bundle.flatMap((link) => link.targets))]
        bundles.push({ id, from: fromBox, to: toBox, sources, targets })
        if (isOpen.has(fromBox)) {
          innerPorts.set(fromBox, [...(innerPorts.get(fromBox) ?? []), { id: `${id} out`, width: 0, height: 0, port: 'out' }])
          for (const link of new Map(bundle.map((item) => [item.from, item])).values()) inside(fromBox, { id: `${link.from} > ${id} out`, from: link.from, to: `${id} out`, sources: link.sources, targets })
        }
        if (isOpen.has(toBox)) {
          innerPorts.set(toBox, [...(innerPorts.get(toBox) ?? []), { id: `${id} in`, width: 0, height: 0, port: 'in' }])
          for (const link of new Map(bundle.map((item) => [item.to, item])).values()) inside(toBox, { id: `${id} in > ${link.to}`, from: `${id} in`, to: link.to, sources, targets: link.targets })
        }
      }
    }

    const inner = new Map(children.filter((child) => isOpen.has(child)).map((child) => [child, layoutLevel(child, innerLinks.get(child) ?? [], innerPorts.get(child) ?? [])]))
    const boxes: Box[] = [
      ...children.map((id) => ({ id, width: inner.get(id)?.width ?? sizes.get(id)?.width ?? 0, height: inner.get(id)?.height ?? sizes.get(id)?.height ?? 0 })),
      ...ports,
    ]
    const heights = new Map(boxes.map((box) => [box.id, box.height]))
    const wires: Wire[] = bundles.map(({ id, from, to }) => ({
      id,
      from,
      to,
      fromY: inner.get(from)?.ports.get(`${id} out`) ?? (heights.get(from) ?? 0) / 2,
      toY: inner.get(to)?.ports.get(`${id} in`) ?? (heights.get(to) ?? 0) / 2,
    }))
    return assemble(container, layoutFlat(boxes, wires), boxes, inner, bundles, ports, sizes)
  }

  const root = layoutLevel(ROOT, [...deep.values()], [])
  return { width: root.width, height: root.height, nodes: root.nodes, groups: root.groups, edges: root.edges }
}

/** Puts a level's boxes, the levels inside them and its edges into one coordinate system, with a frame if it is a group. */
function assemble(
  container: string,
  flat: FlatLayout,
  boxes: readonly Box[],
  inner: ReadonlyMap<string, Level>,
  bundles: readonly { id: string; to: string; sources: string[]; targets: string[] }[],
  ports: readonly Box[],
  sizes: ReadonlyMap<string, { width: number }>,
): Level {
  const framed = container !== ROOT
  // Ports lie on the border, so their side needs no padding.
  const left = framed && !ports.some((port) => port.port === 'in') ? PAD : 0
  const right = framed && !ports.some((port) => port.port === 'out') ? PAD : 0
  const top = framed ? HEADER : 0
  const level: Level = {
    width: Math.max(flat.width + left + right, framed ? (sizes.get(container)?.width ?? 0) * 0.7 : 0),
    height: flat.height + top + (framed ? PAD : 0),
    nodes: [],
    groups: [],
    edges: [],
    ports: new Map(),
  }
  const shift = (point: Point, x: number, y: number): Point => ({ x: point.x + x, y: point.y + y })
  const move = (box: PlacedBox, x: number, y: number): PlacedBox => ({ ...box, x: box.x + x, y: box.y + y })
  for (const box of boxes) {
    const at = shift(flat.boxes.get(box.id) ?? { x: 0, y: 0 }, left, top)
    const nested = inner.get(box.id)
    if (box.port) level.ports.set(box.id, at.y)
    else if (nested) {
      level.groups.push({ id: box.id, ...at, width: box.width, height: box.height }, ...nested.groups.map((group) => move(group, at.x, at.y)))
      level.nodes.push(...nested.nodes.map((node) => move(node, at.x, at.y)))
      level.edges.push(...nested.edges.map((edge) => ({ ...edge, points: edge.points.map((point) => shift(point, at.x, at.y)) })))
    } else level.nodes.push({ id: box.id, ...at, width: box.width, height: box.height })
  }
  const isPort = new Set(ports.map((port) => port.id))
  for (const { id, to, sources, targets } of bundles) {
    const points = (flat.wires.get(id) ?? []).map((point) => shift(point, left, top))
    const last = points.at(-1)
    // An exit ends on the frame's right border, wherever its column is.
    if (last && isPort.has(to)) points.push({ x: level.width, y: last.y })
    level.edges.push({ id, points, sources, targets, arrow: !isPort.has(to) && !inner.has(to) })
  }
  return level
}
