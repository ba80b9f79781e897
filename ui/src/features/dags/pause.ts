/** Pausing and unpausing, shown at once and taken back when the server refuses. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import type { DAGDetailsResponse } from '@/api/schema'
import type { DagPage } from '@/api/types'
import { useToast } from '@/components/Toast'

interface Pause {
  dagId: string
  paused: boolean
}

export function usePause() {
  const client = useQueryClient()
  const toast = useToast()
  const show = ({ dagId, paused }: Pause) => {
    client.setQueriesData<DagPage>({ queryKey: keys.dags() }, (page) => page && { ...page, dags: page.dags.map((dag) => (dag.dag_id === dagId ? { ...dag, is_paused: paused } : dag)) })
    client.setQueryData<DAGDetailsResponse>(keys.details(dagId), (dag) => dag && { ...dag, is_paused: paused })
  }
  return useMutation({
    mutationFn: ({ dagId, paused }: Pause) => call('/api/v2/dags' + path(dagId), { method: 'PATCH', query: { update_mask: ['is_paused'] }, body: { is_paused: paused } }),
    onMutate: show,
    onError: (problem, { dagId, paused }) => {
      show({ dagId, paused: !paused })
      toast.error(problem)
    },
    onSettled: (_data, _error, { dagId }) =>
      Promise.all([client.invalidateQueries({ queryKey: keys.dags() }), client.invalidateQueries({ queryKey: keys.dag(dagId) })]),
  })
}

