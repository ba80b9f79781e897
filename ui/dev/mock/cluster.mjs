// The mock's cluster: Celery workers, their queues and some pods; everything that runs is on one of the workers.
import { iso } from './world.mjs'

const HOUR = 3_600_000

const seed = [
  { id: 41, name: 'celery@worker-7d9f-a', hostname: 'worker-7d9f-a', queues: ['default', 'reports'], concurrency: 16, up: 26 * HOUR },
  { id: 42, name: 'celery@worker-7d9f-b', hostname: 'worker-7d9f-b', queues: ['default'], concurrency: 16, up: 26 * HOUR },
  { id: 43, name: 'celery@gpu-1', hostname: 'gpu-1', queues: ['gpu'], concurrency: 2, up: 3 * HOUR, mode: 'maintenance' },
  { id: 44, name: 'celery@worker-7d9f-c', hostname: 'worker-7d9f-c', queues: ['default'], concurrency: 16, up: HOUR / 3, mode: 'draining' },
  { id: 40, name: 'celery@worker-5c1e-z', hostname: 'worker-5c1e-z', queues: ['default'], concurrency: 16, up: 40 * HOUR, silent: 11 * 60_000 },
]

export const workersOf = (world) => (world.workers ??= seed.map((worker) => ({ ...worker, mode: worker.mode ?? 'online', order: null })))

function shown(worker, running, now) {
  return {
    worker_id: worker.id, name: worker.name, hostname: worker.hostname, pid: 7 + worker.id, form: 'celery',
    state: worker.silent ? 'offline' : worker.mode, queues: worker.queues, concurrency: worker.concurrency, running,
    version: '0.1.0', start_date: iso(now - worker.up), latest_heartbeat: iso(now - (worker.silent ?? 2000)), order: worker.order,
  }
}

/** The answer of `/api/v2/cluster`; an empty world has the scheduler's own worker only. */
export function cluster(world, empty) {
  const now = Date.now()
  const processes = ['ApiServerJob', 'DagProcessorJob', 'SchedulerJob', 'TriggererJob'].map((job_type, i) => ({
    job_id: 31 + i, job_type, hostname: empty ? 'laptop' : `${['api', 'dag-processor', 'scheduler', 'triggerer'][i]}-0`, pid: empty ? 4711 : 7, state: 'online',
    start_date: iso(now - 26 * HOUR), latest_heartbeat: iso(now - 1500), version: '0.1.0',
  }))
  const base = { heartbeat_timeout: 30, may_edit: true, processes }
  if (empty) {
    const local = { worker_id: 35, name: 'laptop', hostname: 'laptop', pid: 4711, form: 'local', state: 'online', queues: ['default'], concurrency: 32, running: 0, version: '0.1.0', start_date: iso(now - HOUR), latest_heartbeat: iso(now - 1000), order: null }
    return { ...base, executors: ['LocalExecutor'], workers: [local], queues: [], pods: [], total_pods: 0, running_task_instances: [], total_running: 0 }
  }
  const workers = workersOf(world)
  const takes = [workers[0], workers[1], workers[0], workers[3]]
  const tis = [...world.runs.values()].flat().flatMap((run) => [...run.tis.values()].map((ti) => ({ run, ti })))
  const running = tis.filter(({ ti }) => ti.state === 'running').map(({ run, ti }, i) => ({
    worker_id: takes[i % takes.length].id, dag_id: run.dag.id, dag_run_id: run.id, task_id: ti.task.id, map_index: ti.mapIndex, try_number: ti.try, queue: 'default', start_date: iso(ti.start),
  }))
  const queued = tis.filter(({ ti }) => ti.state === 'queued')
  const count = (worker) => running.filter((one) => one.worker_id === worker.id).length
  const queue = (name, queuedNow, runningNow, oldest, executor = 'CeleryExecutor') => {
    const takers = workers.filter((worker) => worker.mode === 'online' && !worker.silent && worker.queues.includes(name))
    const pods = executor === 'KubernetesExecutor'
    return {
      queue: name, executor, queued: queuedNow, running: runningNow, workers: pods ? null : takers.length, slots: pods ? null : takers.reduce((sum, one) => sum + one.concurrency, 0),
      desired_workers: pods ? null : Math.ceil((queuedNow + runningNow) / 16), oldest_queued_at: oldest === null ? null : iso(oldest),
    }
  }
  const [one, two] = [...world.runs.entries()].filter(([, runs]) => runs.length > 1).map(([dag, runs]) => ({ dag, run: runs[0] }))
  const pod = (n, of, phase, more = {}) => ({
    namespace: 'airflow', name: `${of.dag.replaceAll('_', '-')}-${of.run.dag.tasks[n % of.run.dag.tasks.length].id.replaceAll(/[._]/g, '-')}-${(9_876_543 * (n + 3)).toString(36)}`, phase, node: null, reason: null, message: null,
    scheduler_id: 33, created_at: iso(now - 40_000 * (n + 1)), updated_at: iso(now), ended_at: null, dag_id: of.dag, dag_run_id: of.run.id, task_id: of.run.dag.tasks[n % of.run.dag.tasks.length].id, map_index: -1, try_number: 1, ...more,
  })
  const pods = [
    pod(0, one, 'Running', { node: 'node-3' }),
    pod(1, one, 'Pending', { reason: 'Unschedulable', message: 'Unschedulable: 0/3 nodes are available: 3 Insufficient memory.' }),
    pod(2, two, 'Pending', { node: 'node-1', reason: 'ErrImagePull', message: "ErrImagePull (container 'base'): pulling registry.example.com/etl:2.1: not found", try_number: 2 }),
    pod(3, two, 'Running', { node: 'node-2' }),
    pod(4, two, 'Failed', { node: 'node-2', reason: 'OOMKilled', message: "OOMKilled (container 'base'): exit code 137", ended_at: iso(now - 60_000) }),
    pod(5, one, 'Succeeded', { node: 'node-1', ended_at: iso(now - 30_000) }),
  ]
  return {
    ...base, executors: ['CeleryExecutor', 'KubernetesExecutor'], workers: workers.map((worker) => shown(worker, count(worker), now)),
    queues: [queue('default', queued.length, running.length, queued.length > 0 ? Math.min(...queued.map(({ ti }) => ti.queued ?? now)) : null), queue('gpu', 3, 0, now - 8 * 60_000), queue('kubernetes', 2, 2, now - 80_000, 'KubernetesExecutor'), queue('reports', 0, 0, null)],
    pods, total_pods: pods.length, running_task_instances: running, total_running: running.length,
  }
}

/** Tells a worker something; it obeys a moment later. */
export function tell(world, id, order, obey) {
  const worker = workersOf(world).find((one) => one.id === Number(id))
  if (!worker) return null
  worker.order = { number: 1, ...order }
  setTimeout(() => {
    obey(worker)
    worker.order = null
    for (const listener of world.listeners) listener({ runs: [], dags: [], import_errors: false, cluster: true })
  }, 400)
  return shown(worker, 0, Date.now())
}
