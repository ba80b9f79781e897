/** Points to SVG: straight within columns, a curve with level ends where the height changes. */
import type { Point } from './flat'

export function toPath(points: readonly Point[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  let path = `M${first.x} ${first.y}`
  let last = first
  for (const point of rest) {
    if (point.y === last.y) path += `H${point.x}`
    else {
      const half = (point.x - last.x) / 2
      path += `C${last.x + half} ${last.y} ${point.x - half} ${point.y} ${point.x} ${point.y}`
    }
    last = point
  }
  return path
}

/** The middle of the widest stretch between two points, where a label has most room, and how much that is. */
export function labelPoint(points: readonly Point[]): Point & { room: number } {
  let best = { ...(points[0] ?? { x: 0, y: 0 }), room: 0 }
  points.slice(1).forEach((point, index) => {
    const from = points[index]
    if (from && point.x - from.x > best.room) best = { x: (point.x + from.x) / 2, y: (point.y + from.y) / 2, room: point.x - from.x }
  })
  return best
}
