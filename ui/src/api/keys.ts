/** Query keys: what is cached under which name, and which of them a change event makes stale. */
import type { ChangeEvent } from './types'

export type Key = readonly unknown[]

export const keys = {
  me: ['me'] as Key,
  health: ['health'] as Key,
  dags: (filters?: object): Key => (filters ? ['dags', filters] : ['dags']),
  tags: ['tags'] as Key,
  dag: (dagId: string): Key => ['dag', dagId],
  details: (dagId: string): Key => ['dag', dagId, 'details'],
  /** Runs move it on, as they do the grid; so does pausing. */
  nextRuns: (dagId: string, paused: boolean, limit: number): Key => ['grid', dagId, 'next-runs', paused, limit],
  structure: (dagId: string, version?: number | null): Key => ['dag', dagId, 'structure', version ?? null],
  source: (dagId: string, version?: number | null): Key => ['dag', dagId, 'source', version ?? null],
  versions: (dagId: string): Key => ['dag', dagId, 'versions'],
  tasks: (dagId: string): Key => ['dag', dagId, 'tasks'],
  grid: (dagId: string, limit?: number): Key => (limit === undefined ? ['grid', dagId] : ['grid', dagId, limit]),
  runs: (dagId?: string, filters?: object): Key => ['runs', ...(dagId === undefined ? [] : [dagId]), ...(filters ? [filters] : [])],
  run: (dagId: string, runId: string): Key => ['run', dagId, runId],
  cells: (dagId: string, runId: string): Key => ['run', dagId, runId, 'cells'],
  task: (dagId: string, runId: string, taskId: string, mapIndex: number): Key => ['run', dagId, runId, 'task', taskId, mapIndex],
  cluster: ['cluster'] as Key,
  importErrors: (filters?: object): Key => (filters ? ['import-errors', filters] : ['import-errors']),
  list: (what: 'variables' | 'connections' | 'pools' | 'events', filters?: object): Key => (filters ? [what, filters] : [what]),
}

export interface Affected {
  /** Refetched as soon as the event is there. */
  now: Key[]
  /** Lists over many DAGs: refetched at most once a second. */
  soon: Key[]
}

/** The keys whose data a change event makes stale: those of the runs and DAGs it names, and the lists that show them. */
export function affectedBy(change: ChangeEvent): Affected {
  const now: Key[] = []
  const soon: Key[] = []
  const dagsWithRuns = new Set<string>()
  for (const run of change.runs) {
    now.push(keys.run(run.dag_id, run.run_id))
    dagsWithRuns.add(run.dag_id)
  }
  for (const dagId of dagsWithRuns) {
    now.push(keys.grid(dagId))
    soon.push(keys.runs(dagId))
  }
  for (const dagId of change.dags) now.push(keys.dag(dagId))
  if (change.runs.length > 0) soon.push(keys.runs('~'), keys.list('pools'))
  if (change.runs.length > 0 || change.dags.length > 0) soon.push(keys.dags())
  if (change.dags.length > 0) soon.push(keys.tags)
  if (change.cluster === true) now.push(keys.cluster)
  else if (change.runs.length > 0) soon.push(keys.cluster)
  if (change.import_errors) now.push(keys.importErrors())
  return { now, soon }
}
