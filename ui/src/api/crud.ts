/** Listing, making, changing and deleting the things that administrators set up. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, path, type QueryValue } from './http'
import { keys } from './keys'

export type Kind = 'variables' | 'connections' | 'pools'

const url = (kind: Kind, id?: string) => `/api/v2/${kind}${id === undefined ? '' : path(id)}`

export const useList = <Answer>(kind: Kind, query: Record<string, QueryValue>) =>
  useQuery({
    queryKey: keys.list(kind, query),
    queryFn: ({ signal }) => call<Answer>(url(kind), { query, signal }),
    placeholderData: keepPreviousData,
  })

/** Makes something new, or changes what has the id. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a caller names the body it sends
export function useSave<Body>(kind: Kind) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, body, mask }: { id: string | null; body: Body; mask?: string[] }) =>
      id === null ? call(url(kind), { method: 'POST', body }) : call(url(kind, id), { method: 'PATCH', body, query: { update_mask: mask } }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.list(kind) }),
  })
}

export function useRemove(kind: Kind) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => call(url(kind, id), { method: 'DELETE' }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.list(kind) }),
  })
}
