/** The call that triggers a run, and where it leads. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import type { DAGDetailsResponse, DAGRunResponse, TriggerDAGRunPostBody } from '@/api/schema'

export interface Order {
  logicalDate: string | null
  runId: string | null
  conf: Record<string, unknown>
  note: string | null
  unpause: boolean
}

export function useTrigger(dag: DAGDetailsResponse) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const url = '/api/v2/dags' + path(dag.dag_id)
  return useMutation({
    mutationFn: async (order: Order) => {
      const body: TriggerDAGRunPostBody = { logical_date: order.logicalDate, conf: order.conf, ...(order.runId === null ? {} : { dag_run_id: order.runId }), ...(order.note === null ? {} : { note: order.note }) }
      const run = await call<DAGRunResponse>(`${url}/dagRuns`, { method: 'POST', body })
      if (order.unpause) await call(url, { method: 'PATCH', query: { update_mask: ['is_paused'] }, body: { is_paused: false } })
      return run
    },
    onSuccess: async (run) => {
      client.setQueryData(keys.run(dag.dag_id, run.dag_run_id), run)
      await navigate(`/dags${path(dag.dag_id)}/runs${path(run.dag_run_id)}`)
      await Promise.all([client.invalidateQueries({ queryKey: keys.grid(dag.dag_id) }), client.invalidateQueries({ queryKey: keys.dags() }), client.invalidateQueries({ queryKey: keys.dag(dag.dag_id) })])
    },
  })
}
