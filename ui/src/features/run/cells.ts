/** The task instances of one run as grid cells. */
import { useQuery } from '@tanstack/react-query'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import type { TaskInstanceCollectionResponse, TaskInstanceResponse } from '@/api/schema'
import type { Grid, GridCell } from '@/api/types'
import { foldStates, isFinished } from '@/components/states'

type Instance = Pick<TaskInstanceResponse, 'task_id' | 'map_index' | 'state' | 'start_date' | 'end_date' | 'try_number'>

/** One cell for each task; the instances of a mapped task are folded into one. */
export function cellsOf(instances: readonly Instance[]): Record<string, GridCell> {
  const byTask = new Map<string, Instance[]>()
  for (const instance of instances) byTask.set(instance.task_id, [...(byTask.get(instance.task_id) ?? []), instance])
  return Object.fromEntries(
    [...byTask].map(([taskId, all]) => {
      const starts = all.map((item) => item.start_date).filter((at) => at !== null).sort()
      const ends = all.map((item) => item.end_date).filter((at) => at !== null).sort()
      const mapped = all.some((item) => item.map_index >= 0)
      const counts: Record<string, number> = {}
      for (const item of all) counts[item.state ?? 'none'] = (counts[item.state ?? 'none'] ?? 0) + 1
      const cell: GridCell = {
        state: foldStates(all.map((item) => item.state)),
        start: starts[0] ?? null,
        end: all.every((item) => isFinished(item.state)) ? (ends.at(-1) ?? null) : null,
        try: Math.max(...all.map((item) => item.try_number)),
        ...(mapped ? { counts } : {}),
      }
      return [taskId, cell]
    }),
  )
}

const PAGE = 100
const MOST_PAGES = 100

async function readCells(dagId: string, runId: string, signal: AbortSignal): Promise<Record<string, GridCell>> {
  const grid = await call<Grid>('/ui/grid' + path(dagId), { query: { run_id: runId, limit: 1 }, signal })
  const cells = grid.task_instances[runId]
  if (cells) return cells
  // A server that gives only the newest runs: read the run's task instances page by page.
  const instances: TaskInstanceResponse[] = []
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await call<TaskInstanceCollectionResponse>('/api/v2/dags' + path(dagId, 'dagRuns', runId, 'taskInstances'), { query: { limit: PAGE, offset: page * PAGE }, signal })
    instances.push(...answer.task_instances)
    if (answer.task_instances.length < PAGE) break
  }
  return cellsOf(instances)
}

export const useRunCells = (dagId: string, runId: string) =>
  useQuery({ queryKey: keys.cells(dagId, runId), queryFn: ({ signal }) => readCells(dagId, runId, signal) })
