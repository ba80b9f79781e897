/** Reading hooks: one for each thing a page shows. Data is kept fresh by the live connection, never by polling. */
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { call, path, send } from './http'
import { keys } from './keys'
import type * as S from './schema'
import type * as T from './types'

const v2 = (...segments: (string | number)[]) => '/api/v2' + path(...segments)

export interface DagFilters {
  q?: string | undefined
  tags?: string[] | undefined
  paused?: boolean | undefined
  state?: string | undefined
  order_by?: string | undefined
  limit: number
  offset: number
}

export const useMe = (): UseQueryResult<T.Me> =>
  useQuery({ queryKey: keys.me, queryFn: ({ signal }) => call<T.Me>('/ui/me', { signal }), staleTime: Infinity, retry: false })

export const useDags = (filters: DagFilters, enabled = true) =>
  useQuery({
    queryKey: keys.dags(filters),
    queryFn: ({ signal }) => call<T.DagPage>('/ui/dags', { query: { ...filters }, signal }),
    placeholderData: keepPreviousData,
    enabled,
  })

export const useTags = () =>
  useQuery({
    queryKey: keys.tags,
    queryFn: ({ signal }) => call<S.DAGTagCollectionResponse>(v2('dagTags'), { query: { limit: 100 }, signal }),
  })

export const useDag = (dagId: string) =>
  useQuery({ queryKey: keys.details(dagId), queryFn: ({ signal }) => call<S.DAGDetailsResponse>(v2('dags', dagId, 'details'), { signal }) })

/** The runs that the DAG's schedule will create next. They move on whenever one is created. */
export const useNextRuns = (dagId: string, paused: boolean, limit = 10) =>
  useQuery({
    queryKey: keys.nextRuns(dagId, paused, limit),
    queryFn: ({ signal }) => call<T.NextRuns>('/ui/next_runs' + path(dagId), { query: { limit }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  })

export const useStructure = (dagId: string, version?: number | null, enabled = true) =>
  useQuery({
    queryKey: keys.structure(dagId, version),
    queryFn: ({ signal }) => call<T.Structure>('/ui/structure' + path(dagId), { query: { version }, signal }),
    placeholderData: keepPreviousData,
    enabled,
  })

export const useSource = (dagId: string, version?: number | null) =>
  useQuery({
    queryKey: keys.source(dagId, version),
    queryFn: ({ signal }) => call<S.DAGSourceResponse>(v2('dagSources', dagId), { query: { version_number: version }, signal }),
    retry: false,
  })

export const useVersions = (dagId: string) =>
  useQuery({
    queryKey: keys.versions(dagId),
    queryFn: ({ signal }) =>
      call<S.DAGVersionCollectionResponse>(v2('dags', dagId, 'dagVersions'), { query: { order_by: '-version_number', limit: 50 }, signal }),
    retry: false,
  })

export const useGrid = (dagId: string, limit: number) =>
  useQuery({
    queryKey: keys.grid(dagId, limit),
    queryFn: ({ signal }) => call<T.Grid>('/ui/grid' + path(dagId), { query: { limit }, signal }),
    placeholderData: keepPreviousData,
  })

export interface RunFilters {
  state?: string[] | undefined
  run_type?: string[] | undefined
  run_id_pattern?: string | undefined
  dag_id_pattern?: string | undefined
  limit: number
  offset: number
}

/** Runs of a DAG, or of all of them with `~`; newest first. */
export const useRuns = (dagId: string, filters: RunFilters) =>
  useQuery({
    queryKey: keys.runs(dagId, filters),
    queryFn: ({ signal }) =>
      call<S.DAGRunCollectionResponse>(v2('dags', dagId, 'dagRuns'), { query: { ...filters, order_by: ['-run_after'] }, signal }),
    placeholderData: keepPreviousData,
  })

export const useRun = (dagId: string, runId: string) =>
  useQuery({
    queryKey: keys.run(dagId, runId),
    queryFn: ({ signal }) => call<S.DAGRunResponse>(v2('dags', dagId, 'dagRuns', runId), { signal }),
  })

const taskPath = (dagId: string, runId: string, taskId: string, mapIndex: number) =>
  v2('dags', dagId, 'dagRuns', runId, 'taskInstances', taskId) + (mapIndex >= 0 ? `/${mapIndex}` : '')

export const useTaskInstance = (dagId: string, runId: string, taskId: string, mapIndex: number, enabled = true) =>
  useQuery({
    queryKey: keys.task(dagId, runId, taskId, mapIndex),
    queryFn: ({ signal }) => call<T.TaskInstance>(taskPath(dagId, runId, taskId, mapIndex), { signal }),
    enabled,
  })

export const useTries = (dagId: string, runId: string, taskId: string, mapIndex: number) =>
  useQuery({
    queryKey: [...keys.task(dagId, runId, taskId, mapIndex), 'tries'],
    queryFn: ({ signal }) =>
      call<{ task_instances: T.Try[]; total_entries: number }>(taskPath(dagId, runId, taskId, mapIndex) + '/tries', { signal }),
  })

export interface MappedFilters {
  state?: string[] | undefined
  limit: number
  offset: number
}

export const useMapped = (dagId: string, runId: string, taskId: string, filters: MappedFilters) =>
  useQuery({
    queryKey: [...keys.run(dagId, runId), 'mapped', taskId, filters],
    queryFn: ({ signal }) =>
      call<S.TaskInstanceCollectionResponse>(v2('dags', dagId, 'dagRuns', runId, 'taskInstances', taskId, 'listMapped'), {
        query: { ...filters },
        signal,
      }),
    placeholderData: keepPreviousData,
  })

/** Why a task instance is not running yet; from the function that decides, so it is never a guess. */
export const useWhy = (dagId: string, runId: string, taskId: string, mapIndex: number, enabled: boolean) =>
  useQuery({
    queryKey: [...keys.task(dagId, runId, taskId, mapIndex), 'why'],
    queryFn: ({ signal }) => call<T.Why>('/ui/why' + path(dagId, runId, taskId, mapIndex), { signal }),
    enabled,
    retry: false,
  })

const xcomPath = (dagId: string, runId: string, taskId: string) => v2('dags', dagId, 'dagRuns', runId, 'taskInstances', taskId, 'xcomEntries')

export const useXComs = (dagId: string, runId: string, taskId: string, mapIndex: number) =>
  useQuery({
    queryKey: [...keys.task(dagId, runId, taskId, mapIndex), 'xcom'],
    queryFn: ({ signal }) =>
      call<S.XComCollectionResponse>(xcomPath(dagId, runId, taskId), { query: { map_index: mapIndex, limit: 100 }, signal }),
  })

export const useXCom = (dagId: string, runId: string, taskId: string, mapIndex: number, key: string) =>
  useQuery({
    queryKey: [...keys.task(dagId, runId, taskId, mapIndex), 'xcom', key],
    queryFn: ({ signal }) =>
      call<S.XComResponseNative>(xcomPath(dagId, runId, taskId) + path(key), { query: { map_index: mapIndex }, signal }),
  })

export const useImportErrors = (filters: { limit: number; offset: number; filename_pattern?: string | undefined }) =>
  useQuery({
    queryKey: keys.importErrors(filters),
    queryFn: ({ signal }) =>
      call<{ import_errors: T.ImportError[]; total_entries: number }>(v2('importErrors'), { query: { ...filters }, signal }),
    placeholderData: keepPreviousData,
  })

export const useHealth = () =>
  useQuery({
    queryKey: keys.health,
    queryFn: ({ signal }) => call<S.HealthInfoResponse>(v2('monitor', 'health'), { signal }),
    staleTime: 10_000,
  })

/** The text of a try's whole log, for downloading. */
export async function fetchLogText(url: string, query: Record<string, string | number>): Promise<string> {
  const response = await send(url, { query, accept: 'application/x-ndjson' })
  return response.text()
}

export const logPath = (dagId: string, runId: string, taskId: string, tryNumber: number) =>
  v2('dags', dagId, 'dagRuns', runId, 'taskInstances', taskId, 'logs', tryNumber)
