/** The answer of `/api/v2/cluster`. */

export type WorkerState = 'online' | 'maintenance' | 'draining' | 'offline'

export interface WorkerOrder {
  number: number
  add_queues?: string[]
  remove_queues?: string[]
  maintenance?: boolean | null
  shutdown?: boolean
}

export interface Worker {
  worker_id: number
  name: string
  hostname: string
  pid: number
  form: 'local' | 'edge' | 'celery' | 'single' | null
  state: WorkerState
  queues: string[]
  concurrency: number
  running: number
  version: string | null
  start_date: string
  latest_heartbeat: string
  order: WorkerOrder | null
}

export interface Queue {
  queue: string
  executor: string
  queued: number
  running: number
  workers: number | null
  slots: number | null
  desired_workers: number | null
  oldest_queued_at: string | null
}

export interface Pod {
  namespace: string
  name: string
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Deleted'
  node: string | null
  reason: string | null
  message: string | null
  scheduler_id: number
  created_at: string
  updated_at: string
  ended_at: string | null
  dag_id: string | null
  dag_run_id: string | null
  task_id: string | null
  map_index: number | null
  try_number: number
}

export interface RunningTask {
  worker_id: number | null
  dag_id: string
  dag_run_id: string
  task_id: string
  map_index: number
  try_number: number
  queue: string
  start_date: string | null
}

export interface Process {
  job_id: number
  job_type: string
  hostname: string
  pid: number
  state: 'online' | 'offline'
  start_date: string
  latest_heartbeat: string
  version: string | null
}

export interface Cluster {
  executors: string[]
  heartbeat_timeout: number
  may_edit: boolean
  workers: Worker[]
  queues: Queue[]
  pods: Pod[]
  total_pods: number
  running_task_instances: RunningTask[]
  total_running: number
  processes: Process[]
}
