/** The calls that clear, mark and annotate; everything on screen about the run is read again afterwards. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import type { ClearTaskInstanceCollectionResponse, ClearTaskInstancesBody, PatchTaskInstanceBody, TaskInstanceCollectionResponse } from '@/api/schema'

export interface RunRef {
  dagId: string
  runId: string
}

export interface TaskRef extends RunRef {
  taskId: string
  /** -1 for a task that is not mapped, or for all of a mapped task's instances. */
  mapIndex: number
}

export const runUrl = ({ dagId, runId }: RunRef) => '/api/v2/dags' + path(dagId, 'dagRuns', runId)

const taskUrl = (task: TaskRef) => runUrl(task) + path('taskInstances', task.taskId) + (task.mapIndex >= 0 ? `/${task.mapIndex}` : '')

/** Reads again whatever shows this run. */
export function useRefreshRun({ dagId, runId }: RunRef): () => Promise<unknown> {
  const client = useQueryClient()
  return () => Promise.all([client.invalidateQueries({ queryKey: keys.run(dagId, runId) }), client.invalidateQueries({ queryKey: keys.grid(dagId) }), client.invalidateQueries({ queryKey: keys.runs(dagId) })])
}

export interface ClearOptions {
  only_failed: boolean
  include_upstream: boolean
  include_downstream: boolean
  include_past: boolean
  include_future: boolean
}

const clearBody = (task: TaskRef, options: ClearOptions, dryRun: boolean): ClearTaskInstancesBody => ({
  dry_run: dryRun,
  dag_run_id: task.runId,
  task_ids: [task.mapIndex >= 0 ? [task.taskId, task.mapIndex] : task.taskId],
  reset_dag_runs: true,
  only_running: false,
  ...options,
})

/** What clearing would reset. */
export const useClearPreview = (task: TaskRef, options: ClearOptions) =>
  useQuery({
    queryKey: [...keys.run(task.dagId, task.runId), 'clear', task.taskId, task.mapIndex, options],
    queryFn: () => call<TaskInstanceCollectionResponse>('/api/v2/dags' + path(task.dagId, 'clearTaskInstances'), { method: 'POST', body: clearBody(task, options, true) }),
    gcTime: 0,
    staleTime: 0,
  })

export function useClear(task: TaskRef) {
  const refresh = useRefreshRun(task)
  return useMutation({
    mutationFn: (options: ClearOptions) => call<TaskInstanceCollectionResponse>('/api/v2/dags' + path(task.dagId, 'clearTaskInstances'), { method: 'POST', body: clearBody(task, options, false) }),
    onSuccess: refresh,
  })
}

export function usePatchTask(task: TaskRef) {
  const refresh = useRefreshRun(task)
  return useMutation({ mutationFn: (body: PatchTaskInstanceBody) => call(taskUrl(task), { method: 'PATCH', body }), onSuccess: refresh })
}

export const useClearRunPreview = (run: RunRef, onlyFailed: boolean) =>
  useQuery({
    queryKey: [...keys.run(run.dagId, run.runId), 'clear', { onlyFailed }],
    queryFn: () => call<ClearTaskInstanceCollectionResponse>(`${runUrl(run)}/clear`, { method: 'POST', body: { dry_run: true, only_failed: onlyFailed } }),
    gcTime: 0,
    staleTime: 0,
  })

export function useClearRun(run: RunRef) {
  const refresh = useRefreshRun(run)
  return useMutation({ mutationFn: (onlyFailed: boolean) => call(`${runUrl(run)}/clear`, { method: 'POST', body: { dry_run: false, only_failed: onlyFailed } }), onSuccess: refresh })
}

export function usePatchRun(run: RunRef) {
  const refresh = useRefreshRun(run)
  return useMutation({ mutationFn: (body: { state?: 'success' | 'failed' | 'queued'; note?: string | null }) => call(runUrl(run), { method: 'PATCH', body }), onSuccess: refresh })
}
