/** Pods of the KubernetesExecutor, with what Kubernetes says is wrong with them. */
import { useEffect, useRef } from 'react'
import { Card } from '@/components/Page'
import { Duration } from '@/components/Time'
import { Status } from './Status'
import { TaskLink } from './TaskLink'
import type { Cluster, Pod } from './types'

export function PodsCard({ cluster, at }: { cluster: Cluster; at: string | null }) {
  const hidden = cluster.total_pods - cluster.pods.length
  return (
    <Card title="Pods" action={<span className="dimmer">those that ended within the hour as well</span>} className="cluster-card">
      {cluster.pods.length === 0 ? (
        <p className="cluster-nothing">No pods. Each task gets one when it is queued, and it goes when the task is over.</p>
      ) : (
        <div className="cluster-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>Task</th>
                <th>Phase</th>
                <th>Pod</th>
                <th>Node</th>
                <th className="num">Age</th>
              </tr>
            </thead>
            <tbody>
              {cluster.pods.map((pod) => (
                <Row key={`${pod.namespace}/${pod.name}`} pod={pod} marked={pod.name === at} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hidden > 0 && <p className="cluster-nothing">and {hidden.toLocaleString('en')} more</p>}
    </Card>
  )
}

function Row({ pod, marked }: { pod: Pod; marked: boolean }) {
  const row = useRef<HTMLTableRowElement>(null)
  useEffect(() => {
    if (marked) row.current?.scrollIntoView({ block: 'center' })
  }, [marked])
  const { dag_id, dag_run_id, task_id, map_index } = pod
  const named = dag_id !== null && dag_run_id !== null && task_id !== null ? { dag_id, dag_run_id, task_id, map_index: map_index ?? -1 } : null
  const words = pod.message ?? pod.reason
  return (
    <tr ref={row} className={`${pod.ended_at === null ? '' : 'cluster-over'} ${marked ? 'cluster-marked' : ''}`} data-pod={pod.name}>
      <td>
        {named === null ? <span className="dimmer">not there any more</span> : <TaskLink task={named} />}
        {pod.try_number > 1 && <span className="dimmer cluster-node"> try {pod.try_number}</span>}
      </td>
      <td>
        <span className="cluster-name">
          <Status of={pod.phase} />
          {words !== null && <span className="cluster-words">{words}</span>}
        </span>
      </td>
      <td className="mono cluster-pod" title={`${pod.namespace}/${pod.name}`}>
        <span className="dimmer">{pod.namespace}/</span>
        {pod.name}
      </td>
      <td className="dim cluster-node">{pod.node ?? <span className="dimmer">–</span>}</td>
      <td className="num tabular">
        <Duration start={pod.created_at} end={pod.ended_at} />
      </td>
    </tr>
  )
}
