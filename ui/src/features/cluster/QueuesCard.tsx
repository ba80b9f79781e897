/** Queues: what waits, for how long, and who takes it. */
import { Icon } from '@/components/Icon'
import { Card } from '@/components/Page'
import { Duration } from '@/components/Time'
import type { Cluster, Queue } from './types'

const none = <span className="dimmer">–</span>

const number = (value: number | null) => (value === null ? none : value === 0 ? <span className="dimmer">0</span> : value)

export function QueuesCard({ cluster }: { cluster: Cluster }) {
  return (
    <Card title="Queues" className="cluster-card">
      {cluster.queues.length === 0 ? (
        <p className="cluster-nothing">No task waits or runs.</p>
      ) : (
        <div className="cluster-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>Queue</th>
                <th>Executor</th>
                <th className="num">Queued</th>
                <th className="num">Running</th>
                <th className="num">Oldest waits</th>
                <th className="num">Workers</th>
                <th className="num" title="What /api/v2/monitor/workers tells what scales workers">
                  Needed
                </th>
              </tr>
            </thead>
            <tbody>
              {cluster.queues.map((queue) => (
                <Row key={`${queue.queue} ${queue.executor}`} queue={queue} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}

function Row({ queue }: { queue: Queue }) {
  const nobody = queue.queued > 0 && queue.workers === 0
  return (
    <tr data-queue={queue.queue}>
      <td className="mono">{queue.queue}</td>
      <td className="dim">{queue.executor}</td>
      <td className="num tabular">{number(queue.queued)}</td>
      <td className="num tabular">{number(queue.running)}</td>
      <td className="num tabular">{queue.oldest_queued_at === null ? none : <Duration start={queue.oldest_queued_at} end={null} />}</td>
      <td className="num tabular">
        {queue.workers === null ? (
          <span className="dim">a pod each</span>
        ) : nobody ? (
          <span className="cluster-nobody">
            <Icon name="alert" size={14} /> nobody
          </span>
        ) : (
          <>
            {number(queue.workers)}
            {queue.slots !== null && queue.slots > 0 && <span className="dimmer"> · {queue.slots} at once</span>}
          </>
        )}
      </td>
      <td className="num tabular">{number(queue.desired_workers)}</td>
    </tr>
  )
}
