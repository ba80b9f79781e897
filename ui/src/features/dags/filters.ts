/** The DAG list's filters, kept in the address so that a view can be shared and survives a reload. */
import type { DagFilters } from '@/api/queries'

export const PAGE = 50

export const orders = [
  { value: 'dag_id', label: 'Name' },
  { value: '-last_run_start_date', label: 'Last run' },
  { value: 'next_dagrun_run_after', label: 'Next run' },
] as const

export function readFilters(params: URLSearchParams): DagFilters {
  const status = params.get('status')
  const offset = Number(params.get('offset') ?? 0)
  return {
    q: params.get('q') ?? undefined,
    tags: params.getAll('tag'),
    paused: status === 'paused' ? true : status === 'active' ? false : undefined,
    state: params.get('state') ?? undefined,
    order_by: orders.find((order) => order.value === params.get('order'))?.value ?? 'dag_id',
    limit: PAGE,
    offset: Number.isInteger(offset) && offset > 0 ? offset : 0,
  }
}

/** The address with some of its parameters changed; null removes one. Any change but a page turn goes to the first page. */
export function withParams(params: URLSearchParams, changes: Record<string, string | string[] | null>): URLSearchParams {
  const next = new URLSearchParams(params)
  if (!('offset' in changes)) next.delete('offset')
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name)
    if (value === null || value === '') continue
    if (typeof value === 'string') next.set(name, value)
    else value.forEach((item) => next.append(name, item))
  }
  return next
}

export const isFiltered = (params: URLSearchParams): boolean => ['q', 'tag', 'status', 'state'].some((name) => params.has(name))
