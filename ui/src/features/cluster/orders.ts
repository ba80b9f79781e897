/** Reading the cluster, and telling workers something. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import type { Cluster, Worker } from './types'
import { nextLook } from './words'

export const useCluster = () =>
  useQuery({
    queryKey: keys.cluster,
    queryFn: ({ signal }) => call<Cluster>('/api/v2/cluster', { signal }),
    placeholderData: keepPreviousData,
    staleTime: 0,
    // Silence is no event.
    refetchInterval: (query) => nextLook(query.state.data, Date.now()),
  })

export type Order = { kind: 'pause' | 'resume' | 'shutdown' } | { kind: 'add' | 'remove'; queue: string }

const request: Record<Order['kind'], [method: 'PUT' | 'DELETE' | 'POST', what: string]> = {
  pause: ['PUT', 'maintenance'],
  resume: ['DELETE', 'maintenance'],
  shutdown: ['POST', 'shutdown'],
  add: ['PUT', 'queues'],
  remove: ['DELETE', 'queues'],
}

export function useOrder() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ worker, order }: { worker: Worker; order: Order }) => {
      const [method, what] = request[order.kind]
      const rest = 'queue' in order ? path(order.queue) : ''
      return call<Worker>(`/api/v2/cluster/workers/${worker.worker_id}/${what}${rest}`, { method })
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.cluster }),
  })
}
