/** Layout of one level: boxes in columns from left to right, edges as points between them. No nesting here. */
import { assignTops, type Pull, type Slot } from './coordinates'
import { layering } from './layers'
import { orderLayers, type OrderEdge } from './order'

export interface Box {
  id: string
  width: number
  height: number
  /** An entry stands before everything else, an exit after it. */
  port?: 'in' | 'out'
}

export interface Wire {
  id: string
  from: string
  to: string
  /** Where the edge leaves and enters, from the tops of its boxes. */
  fromY: number
  toY: number
}

export interface Point {
  x: number
  y: number
}

export interface FlatLayout {
  width: number
  height: number
  boxes: Map<string, Point>
  /** Points of each wire: horizontal stretches within columns, curves in the gaps between them. */
  wires: Map<string, Point[]>
}

const ROW_GAP = 14
const BEND_GAP = 12
const COLUMN_GAP = 52
const PORT_GAP = 22

interface Hop {
  wire: Wire
  stops: string[]
}

export function layoutFlat(boxes: readonly Box[], wires: readonly Wire[]): FlatLayout {
  const byId = new Map(boxes.map((box) => [box.id, box]))
  const layerOf = columnOf(boxes, wires)
  const count = Math.max(-1, ...layerOf.values()) + 1
  const columns: string[][] = Array.from({ length: count }, () => [])
  for (const box of boxes) columns[layerOf.get(box.id) ?? 0]?.push(box.id)

  // A wire over several columns bends in each of them: an invisible stop that takes part in the ordering.
  const hops: Hop[] = wires.map((wire) => {
    const stops = [wire.from]
    for (let column = (layerOf.get(wire.from) ?? 0) + 1; column < (layerOf.get(wire.to) ?? 0); column++) {
      const stop = `${wire.id} at ${column}`
      columns[column]?.push(stop)
      stops.push(stop)
    }
    return { wire, stops: [...stops, wire.to] }
  })

  const share = (id: string, y: number) => y / Math.max(1, byId.get(id)?.height ?? 1)
  const orderEdges: OrderEdge[] = []
  const pulls: Pull[] = []
  for (const { wire, stops } of hops) {
    stops.slice(1).forEach((to, index) => {
      const from = stops[index] ?? wire.from
      const starts = from === wire.from
      const arrives = to === wire.to
      orderEdges.push({ from, to, fromAt: starts ? share(from, wire.fromY) : 0.5, toAt: arrives ? share(to, wire.toY) : 0.5 })
      pulls.push({ from, to, fromY: starts ? wire.fromY : 0, toY: arrives ? wire.toY : 0, weight: starts && arrives ? 1 : starts || arrives ? 2 : 8 })
    })
  }

  const ordered = orderLayers(columns, orderEdges)
  const slots: Slot[][] = ordered.map((column) => column.map((id) => ({ id, height: byId.get(id)?.height ?? 0, gap: byId.has(id) ? ROW_GAP : BEND_GAP })))
  const tops = assignTops(slots, pulls)

  const lefts: number[] = []
  const rights: number[] = []
  let x = 0
  ordered.forEach((column, index) => {
    const width = Math.max(0, ...column.map((id) => byId.get(id)?.width ?? 0))
    lefts.push(x)
    rights.push(x + width)
    const narrow = column.every((id) => isPort(byId, id)) || (ordered[index + 1] ?? []).every((id) => isPort(byId, id))
    // Many edges between two columns need room to be told apart.
    const fan = orderEdges.filter((edge) => column.includes(edge.from)).length
    x += width + (narrow ? PORT_GAP : COLUMN_GAP + Math.min(48, fan * 1.5))
  })

  const placed = new Map(boxes.map((box) => [box.id, { x: lefts[layerOf.get(box.id) ?? 0] ?? 0, y: tops.get(box.id) ?? 0 }]))
  const paths = new Map<string, Point[]>()
  for (const { wire, stops } of hops) {
    const points: Point[] = []
    stops.forEach((stop, index) => {
      const column = (layerOf.get(wire.from) ?? 0) + index
      const start = index === 0
      const end = index === stops.length - 1
      const y = (tops.get(stop) ?? 0) + (start ? wire.fromY : end ? wire.toY : 0)
      const left = lefts[column] ?? 0
      const right = rights[column] ?? 0
      if (start) points.push({ x: left + (byId.get(stop)?.width ?? 0), y }, { x: right, y })
      else if (end) points.push({ x: left, y })
      else points.push({ x: left, y }, { x: right, y })
    })
    paths.set(wire.id, points)
  }
  const bottoms = [...slots.flat()].map((slot) => (tops.get(slot.id) ?? 0) + slot.height)
  return { width: rights.at(-1) ?? 0, height: Math.max(0, ...bottoms), boxes: placed, wires: paths }
}

/** Columns from 0; entries share the first, exits the last. */
function columnOf(boxes: readonly Box[], wires: readonly Wire[]): Map<string, number> {
  const inner = boxes.filter((box) => !box.port).map((box) => box.id)
  const isInner = new Set(inner)
  const layers = layering(inner, wires.filter((wire) => isInner.has(wire.from) && isInner.has(wire.to)))
  const least = Math.min(...layers.values(), Infinity)
  const first = boxes.some((box) => box.port === 'in') ? 1 : 0
  let last = first
  for (const [id, layer] of layers) {
    layers.set(id, layer - least + first)
    last = Math.max(last, layer - least + first + 1)
  }
  for (const box of boxes) if (box.port) layers.set(box.id, box.port === 'in' ? 0 : last)
  return layers
}

const isPort = (byId: Map<string, Box>, id: string) => !byId.has(id) || byId.get(id)?.port !== undefined
