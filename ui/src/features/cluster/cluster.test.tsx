import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { MemoryRouter } from 'react-router'
import { describe, expect, it, vi } from 'vitest'
import { affectedBy, keys } from '@/api/keys'
import { ToastProvider } from '@/components/Toast'
import { ClusterPage } from './ClusterPage'
import type { Cluster, Pod, Queue, Worker } from './types'
import { isAt, nextLook, orderWords, takesOrders, totals } from './words'

const at = '2025-03-09T12:00:00Z'

const worker = (changes: Partial<Worker> = {}): Worker => ({
  worker_id: 7, name: 'celery@w1', hostname: 'w1', pid: 12, form: 'celery', state: 'online', queues: ['default', 'gpu'], concurrency: 16, running: 1, version: '0.1.0', start_date: at, latest_heartbeat: at, order: null, ...changes,
})

const pod = (changes: Partial<Pod> = {}): Pod => ({
  namespace: 'airflow', name: 'd-t-1', phase: 'Running', node: 'n1', reason: null, message: null, scheduler_id: 1, created_at: at, updated_at: at, ended_at: null, dag_id: 'd', dag_run_id: 'r', task_id: 't', map_index: -1, try_number: 1, ...changes,
})

const queue: Queue = { queue: 'default', executor: 'CeleryExecutor', queued: 2, running: 1, workers: 1, slots: 16, desired_workers: 1, oldest_queued_at: at }

const cluster = (changes: Partial<Cluster> = {}): Cluster => ({
  executors: ['CeleryExecutor'], heartbeat_timeout: 30, may_edit: true, workers: [worker()],
  queues: [queue],
  pods: [], total_pods: 0, total_running: 1, processes: [],
  running_task_instances: [{ worker_id: 7, dag_id: 'shop', dag_run_id: 'r 1', task_id: 'load', map_index: 3, try_number: 1, queue: 'default', start_date: at }],
  ...changes,
})

describe('words', () => {
  it('says what a worker was told', () => {
    expect(orderWords({ number: 2, add_queues: ['a'], remove_queues: ['b'], maintenance: true, shutdown: true })).toBe('shut down, take no new tasks, serve a, stop serving b')
    expect(orderWords({ number: 1, maintenance: false })).toBe('take tasks again')
  })
  it('knows whom to tell: those that are there and not a part of the scheduler', () => {
    expect([worker(), worker({ form: 'edge' }), worker({ form: 'local' }), worker({ form: null }), worker({ state: 'offline' })].map(takesOrders)).toEqual([true, true, false, false, false])
    expect(isAt(worker(), 'w1') && isAt(worker(), 'celery@w1') && !isAt(worker(), 'w')).toBe(true)
  })
  it('looks again when somebody could have been silent for too long', () => {
    const now = Date.parse(at)
    expect(nextLook(undefined, now)).toBe(false)
    expect(nextLook(cluster({ workers: [worker({ state: 'offline' })] }), now)).toBe(false)
    expect(nextLook(cluster(), now + 10_000)).toBe(20_500)
    expect(nextLook(cluster(), now + 60_000)).toBe(2000)
  })
  it('adds up, and names queues that nobody serves', () => {
    const waiting = { ...queue, queue: 'gpu', workers: 0, oldest_queued_at: '2025-03-09T11:00:00Z' }
    const sum = totals(cluster({ queues: [queue, waiting], workers: [worker(), worker({ state: 'maintenance' }), worker({ state: 'offline' })] }))
    expect(sum).toEqual({ queued: 4, running: 1, slots: 32, online: 1, oldest: '2025-03-09T11:00:00Z', unserved: ['gpu'] })
  })
  it('is read again when the cluster or a run changes', () => {
    const nothing = { runs: [], dags: [], import_errors: false }
    expect(affectedBy({ ...nothing, cluster: true }).now).toEqual([keys.cluster])
    expect(affectedBy({ ...nothing, runs: [{ dag_id: 'd', run_id: 'r', state: 'running', run_after: at }] }).soon).toContainEqual(keys.cluster)
    expect(affectedBy(nothing)).toEqual({ now: [], soon: [] })
  })
})

function show(data: Cluster, address = '/cluster') {
  const asked: [string, string][] = []
  vi.stubGlobal('fetch', (url: string, options: RequestInit = {}) => {
    asked.push([options.method ?? 'GET', url])
    return Promise.resolve(new Response(JSON.stringify(options.method === undefined || options.method === 'GET' ? data : data.workers[0])))
  })
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <QueryClientProvider client={client}>
      <ToastProvider>
        <MemoryRouter initialEntries={[address]}>
          <ClusterPage />
        </MemoryRouter>
      </ToastProvider>
    </QueryClientProvider>,
  )
  return asked
}

describe('ClusterPage', () => {
  it('shows what a worker runs, and links to it', async () => {
    show(cluster(), '/cluster?at=w1')
    const link = await screen.findByRole('link', { name: /shop load \[3\]/ })
    expect(link.getAttribute('href')).toBe('/dags/shop/runs/r%201/tasks/load/3')
    expect(screen.getByText('celery@w1').closest('tr')?.className).toBe('cluster-marked')
  })
  const choose = async (item: string) => {
    const user = userEvent.setup({ delay: null })
    await user.click(await screen.findByRole('button', { name: 'Actions for celery@w1' }))
    await user.click(screen.getByText(item))
    return user
  }
  const told = (asked: [string, string][]) => asked.filter(([method]) => method !== 'GET')

  it('tells a worker to take no new tasks, and to serve a queue no more', async () => {
    const asked = show(cluster())
    await choose('Take no new tasks')
    await choose('Stop serving gpu')
    expect(told(asked)).toEqual([
      ['PUT', '/api/v2/cluster/workers/7/maintenance'],
      ['DELETE', '/api/v2/cluster/workers/7/queues/gpu'],
    ])
  })
  it('asks which queue to serve', async () => {
    const asked = show(cluster())
    const user = await choose('Serve another queue…')
    await user.type(screen.getByLabelText(/Queue/), 'big/one')
    await user.click(screen.getByText('Serve it'))
    expect(told(asked)).toEqual([['PUT', '/api/v2/cluster/workers/7/queues/big%2Fone']])
  })
  it('asks twice before it ends a worker', async () => {
    const asked = show(cluster())
    const user = await choose('Shut down…')
    const dialog = screen.getByRole('dialog')
    expect(dialog.textContent).toContain('when the one that it runs is over')
    await user.click(within(dialog).getByText('Shut down'))
    expect(told(asked)).toEqual([['POST', '/api/v2/cluster/workers/7/shutdown']])
  })
  it('offers nothing to those who may only look', async () => {
    show(cluster({ may_edit: false }))
    await screen.findByText('celery@w1')
    expect(screen.queryByRole('button', { name: /Actions/ })).toBe(null)
  })
  it('has Kubernetes’ own words, and the tasks of pods', async () => {
    show(cluster({ executors: ['KubernetesExecutor'], workers: [], pods: [pod({ phase: 'Pending', message: 'Unschedulable: 3 Insufficient cpu.', reason: 'Unschedulable' }), pod({ name: 'x', dag_id: null, dag_run_id: null, task_id: null })], total_pods: 4 }))
    await screen.findByText('Unschedulable: 3 Insufficient cpu.')
    expect(screen.getByRole('link', { name: /d t/ }).getAttribute('href')).toBe('/dags/d/runs/r/tasks/t')
    screen.getByText('not there any more')
    screen.getByText('and 2 more')
  })
  it('teaches when there is nothing to look after', async () => {
    show(cluster({ executors: ['LocalExecutor'], workers: [worker({ form: 'local', name: 'w1' })], queues: [] }))
    await screen.findByText(/All tasks run beside the scheduler/)
    screen.getByText('No task waits or runs.')
  })
  it('says how to start a worker when none is there', async () => {
    show(cluster({ workers: [], queues: [{ ...queue, workers: 0 }] }))
    await screen.findByText('tradewind celery worker')
    screen.getByText('Tasks wait in the queue default, which no worker serves.')
  })
})
