/** From the server's structure to what the layout needs, and what is connected to what. */
import type { Structure } from '@/api/types'
import { operatorLabel } from './operator'
import type { GraphGroup, GraphTask, PlacedEdge } from '@/graph/layout'

const HEIGHT = 44
const LEAST = 120
const MOST = 250

/** A text's width in pixels, near enough to size a box (names are mostly lower case). */
export const measure = (text: string, perLetter = 7.1): number => Math.ceil(text.length * perLetter)

const boxWidth = (label: string, detail: string): number => Math.min(MOST, Math.max(LEAST, Math.max(measure(label), measure(detail, 5.9) + 56) + 54))

export function toGraph(structure: Structure): [GraphTask[], GraphGroup[]] {
  return [
    structure.tasks.map((task) => ({ id: task.task_id, group: task.group, downstream: task.downstream, width: boxWidth(task.label, operatorLabel(task.operator)), height: HEIGHT })),
    structure.groups.map((group) => ({ id: group.group_id, parent: group.parent, width: boxWidth(group.label, '12 tasks · 3 success'), height: HEIGHT })),
  ]
}

/** All tasks inside each group, at any depth. */
export function groupTasks(structure: Pick<Structure, 'tasks' | 'groups'>): Map<string, string[]> {
  const parents = new Map(structure.groups.map((group) => [group.group_id, group.parent]))
  const inside = new Map<string, string[]>(structure.groups.map((group) => [group.group_id, []]))
  for (const task of structure.tasks) {
    for (let at = task.group; at !== null; at = parents.get(at) ?? null) inside.get(at)?.push(task.task_id)
  }
  return inside
}

/** The node itself and its direct neighbours. */
export function connected(edges: readonly PlacedEdge[], id: string): Set<string> {
  const near = new Set([id])
  for (const edge of edges) {
    if (edge.sources.includes(id)) edge.targets.forEach((target) => near.add(target))
    if (edge.targets.includes(id)) edge.sources.forEach((source) => near.add(source))
  }
  return near
}
