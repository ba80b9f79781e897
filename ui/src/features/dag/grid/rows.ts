/** The grid's rows: tasks and groups as a tree, folded where the reader wants. */
import type { GridCell, Structure } from '@/api/types'
import { foldStates, isFinished } from '@/components/states'

export interface Row {
  kind: 'task' | 'group'
  id: string
  label: string
  depth: number
  /** The task itself, or all tasks inside the group. */
  tasks: string[]
  /** For groups: whether its rows are shown. */
  open: boolean
  operator: string | null
  mapped: boolean
}

type Shape = Pick<Structure, 'tasks' | 'groups'>

/** Rows from top to bottom. A group stands where its first task is; what is in a closed one is left out. */
export function buildRows(structure: Shape, closed: ReadonlySet<string>): Row[] {
  const groups = new Map(structure.groups.map((group) => [group.group_id, group]))
  const members = new Map<string | null, string[]>()
  const tasks = new Map(structure.tasks.map((task) => [task.task_id, task]))
  const inside = new Map<string, string[]>()
  const listed = new Set<string>()
  const list = (id: string, parent: string | null) => {
    if (listed.has(id)) return
    listed.add(id)
    members.set(parent, [...(members.get(parent) ?? []), id])
  }
  for (const task of structure.tasks) {
    let child = task.task_id
    let at = task.group !== null && groups.has(task.group) ? task.group : null
    while (at !== null) {
      list(child, at)
      inside.set(at, [...(inside.get(at) ?? []), task.task_id])
      child = at
      at = groups.get(at)?.parent ?? null
    }
    list(child, null)
  }

  const rows: Row[] = []
  const walk = (parent: string | null, depth: number) => {
    for (const id of members.get(parent) ?? []) {
      const group = groups.get(id)
      const task = tasks.get(id)
      if (group && !task) {
        const open = !closed.has(id)
        rows.push({ kind: 'group', id, label: group.label, depth, tasks: inside.get(id) ?? [], open, operator: null, mapped: false })
        if (open) walk(id, depth + 1)
      } else if (task) {
        rows.push({ kind: 'task', id, label: task.label, depth, tasks: [id], open: false, operator: task.operator, mapped: task.is_mapped })
      }
    }
  }
  walk(null, 0)
  return rows
}

/** What a row shows for one run: the task's cell, or one that stands for the whole group; null when the run had none of it. */
export function foldCell(cells: Readonly<Record<string, GridCell>> | undefined, row: Pick<Row, 'kind' | 'id' | 'tasks'>): GridCell | null {
  if (!cells) return null
  if (row.kind === 'task') return cells[row.id] ?? null
  const present = row.tasks.map((id) => cells[id]).filter((cell) => cell !== undefined)
  if (present.length === 0) return null
  const counts: Record<string, number> = {}
  for (const cell of present) counts[cell.state ?? 'none'] = (counts[cell.state ?? 'none'] ?? 0) + 1
  const starts = present.map((cell) => cell.start).filter((at) => at !== null)
  const ends = present.map((cell) => cell.end).filter((at) => at !== null)
  const over = present.every((cell) => isFinished(cell.state))
  return {
    state: foldStates(present.map((cell) => cell.state)),
    start: starts.length === 0 ? null : starts.reduce((a, b) => (Date.parse(a) < Date.parse(b) ? a : b)),
    end: over && ends.length > 0 ? ends.reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b)) : null,
    try: Math.max(0, ...present.map((cell) => cell.try)),
    counts,
  }
}

/** Labels over columns (oldest first) where a new day begins, left out where they would touch the one before. */
export function dayMarks(days: readonly string[], columnWidth: number, labelWidth: number): Map<number, string> {
  const marks = new Map<number, string>()
  let free = 0
  days.forEach((day, index) => {
    if (day === days[index - 1] || index * columnWidth < free) return
    marks.set(index, day)
    free = index * columnWidth + labelWidth
  })
  return marks
}
