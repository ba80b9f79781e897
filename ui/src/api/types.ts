/** Types of the `/ui` group and of Tradewind's additions to REST answers. */
import type { DagRunState, DagRunType, ImportErrorResponse, TaskInstanceHistoryResponse, TaskInstanceResponse, TaskInstanceState } from './schema'

export type { DagRunState, DagRunType, TaskInstanceState }

export interface Me {
  username: string
  role: string
  instance_name: string
  version: string
  /** Nobody has to log in on this server. */
  all_admins: boolean
}

export interface RunBrief {
  run_id: string
  state: DagRunState
  run_after: string
  start_date: string | null
  end_date: string | null
  run_type: DagRunType
}

export interface DagRow {
  dag_id: string
  dag_display_name: string
  description: string | null
  is_paused: boolean
  is_stale: boolean
  tags: string[]
  owners: string[]
  timetable_summary: string | null
  timetable_description: string | null
  next_dagrun_run_after: string | null
  has_import_errors: boolean
  fileloc: string
  relative_fileloc: string | null
  /** Newest first, at most 14. */
  recent_runs: RunBrief[]
  /** Runs that are not over. */
  active_runs: Record<'queued' | 'running', number>
}

export interface DagPage {
  dags: DagRow[]
  total_entries: number
}

export interface GridRun extends RunBrief {
  logical_date: string | null
  dag_version_number: number | null
}

export interface GridCell {
  state: TaskInstanceState | null
  start: string | null
  end: string | null
  try: number
  /** Number of map indexes in each state ("none" for those without); only for mapped tasks. */
  counts?: Record<string, number>
}

export interface Grid {
  runs: GridRun[]
  task_instances: Record<string, Record<string, GridCell>>
}

export interface StructureTask {
  task_id: string
  label: string
  operator: string
  trigger_rule: string
  group: string | null
  is_mapped: boolean
  ui_color: string | null
  ui_fgcolor: string | null
  downstream: string[]
  doc_md: string | null
}

export interface StructureGroup {
  group_id: string
  label: string
  parent: string | null
  tooltip: string | null
}

export interface Structure {
  dag_id: string
  version_number: number
  /** In topological order. */
  tasks: StructureTask[]
  groups: StructureGroup[]
  edge_labels: { from: string; to: string; label: string }[]
}

export interface Why {
  state: TaskInstanceState | null
  run_state: string
  scheduler: { job_id: number; hostname: string; pid: number; heartbeat_at: string } | null
  reasons: { code: string; message: string; details: Record<string, unknown> }[]
}

/** What a DAG's schedule will do: from the planner that creates the runs. */
export interface NextRuns {
  dag_id: string
  is_paused: boolean
  timetable_type: string
  timetable_summary: string
  timetable_description: string
  timezone: string | null
  catchup: boolean
  start_date: string | null
  end_date: string | null
  next_runs: { logical_date: string | null; data_interval_start: string; data_interval_end: string; run_after: string; is_due: boolean }[]
  /** What comes after `next_runs`. */
  then: 'more' | 'ended' | 'no_schedule' | 'after_each_run' | 'assets' | 'not_asked'
  waiting: { code: string; message: string } | null
  /** What the DAG's own timetable failed with. */
  error: string | null
}

/** What Tradewind records about the process of a try, beside the standard fields. */
export interface TryFacts {
  exit_reason?: string | null
  max_rss_kb?: number | null
  cpu_ms?: number | null
}

export type TaskInstance = TaskInstanceResponse & TryFacts
export type Try = TaskInstanceHistoryResponse & TryFacts

/** An import error with the place in the file when the server tells it. */
export type ImportError = ImportErrorResponse & { message?: string | null; line?: number | null }

export interface ChangeEvent {
  runs: { dag_id: string; run_id: string; state: DagRunState; run_after: string }[]
  dags: string[]
  import_errors: boolean
  /** Processes came or went, or workers or pods changed. */
  cluster?: boolean
}
