/** What the cluster page says and when it looks again; pure. */
import type { AnyState } from '@/components/states'
import type { Cluster, Pod, Process, Worker, WorkerOrder } from './types'

export const formLabel: Record<NonNullable<Worker['form']>, string> = {
  local: 'In the scheduler',
  edge: 'Asks for tasks',
  celery: 'Told by the broker',
  single: 'One task',
}

const processLabel: Record<string, string> = {
  SchedulerJob: 'Scheduler',
  DagProcessorJob: 'DAG processor',
  TriggererJob: 'Triggerer',
  ApiServerJob: 'API server',
  CallbackJob: 'Callbacks',
}

export const labelOf = (process: Process): string => processLabel[process.job_type] ?? process.job_type

/** Colours of task states, used for what means the same. */
export const colourOf: Record<Worker['state'] | Pod['phase'], AnyState> = {
  online: 'success',
  maintenance: 'up_for_retry',
  draining: 'deferred',
  offline: 'failed',
  Pending: 'queued',
  Running: 'running',
  Succeeded: 'success',
  Failed: 'failed',
  Deleted: 'removed',
}

/** What a worker was told and has not done yet. */
export function orderWords(order: WorkerOrder): string {
  const words: string[] = []
  if (order.shutdown === true) words.push('shut down')
  if (order.maintenance === true) words.push('take no new tasks')
  if (order.maintenance === false) words.push('take tasks again')
  for (const queue of order.add_queues ?? []) words.push(`serve ${queue}`)
  for (const queue of order.remove_queues ?? []) words.push(`stop serving ${queue}`)
  return words.join(', ')
}

/** A worker can be told something: it is there and of a kind that hears. */
export const takesOrders = (worker: Worker): boolean => worker.state !== 'offline' && (worker.form === 'edge' || worker.form === 'celery')

/** A task's host names this worker: its name at the broker has the host in it. */
export const isAt = (worker: Worker, host: string): boolean => worker.hostname === host || worker.name === host

const uses = (cluster: Cluster, ...names: string[]): boolean => cluster.executors.some((name) => names.includes(name.split('.').pop() ?? ''))

export const usesPods = (cluster: Cluster): boolean => uses(cluster, 'KubernetesExecutor', 'CeleryKubernetesExecutor', 'LocalKubernetesExecutor')

export const usesWorkers = (cluster: Cluster): boolean => uses(cluster, 'CeleryExecutor', 'EdgeExecutor', 'CeleryKubernetesExecutor')

/** All tasks run inside the scheduler. */
export const isLocal = (cluster: Cluster): boolean => !usesPods(cluster) && !usesWorkers(cluster)

/**
 * Milliseconds until a process could have been silent for too long, which no event tells of; false when there is none.
 * A heartbeat that came meanwhile moves it on.
 */
export function nextLook(cluster: Cluster | undefined, now: number): number | false {
  if (!cluster) return false
  const beats = [...cluster.workers, ...cluster.processes].filter((one) => one.state !== 'offline').map((one) => new Date(one.latest_heartbeat).getTime())
  if (beats.length === 0) return false
  return Math.max(2000, Math.min(...beats) + cluster.heartbeat_timeout * 1000 + 500 - now)
}

export interface Totals {
  queued: number
  running: number
  slots: number
  online: number
  oldest: string | null
  unserved: string[]
}

export function totals(cluster: Cluster): Totals {
  const online = cluster.workers.filter((worker) => worker.state === 'online')
  const waits = cluster.queues.flatMap((queue) => (queue.oldest_queued_at === null ? [] : [queue.oldest_queued_at])).sort()
  return {
    queued: cluster.queues.reduce((sum, queue) => sum + queue.queued, 0),
    running: cluster.total_running,
    slots: cluster.workers.filter((worker) => worker.state !== 'offline').reduce((sum, worker) => sum + worker.concurrency, 0),
    online: online.length,
    oldest: waits[0] ?? null,
    unserved: cluster.queues.filter((queue) => queue.queued > 0 && queue.workers === 0).map((queue) => queue.queue),
  }
}
