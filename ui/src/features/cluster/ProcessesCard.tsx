/** Schedulers, DAG processors, triggerers and API servers. */
import { Card } from '@/components/Page'
import { Duration, Time } from '@/components/Time'
import { Status } from './Status'
import type { Cluster } from './types'
import { labelOf } from './words'

export function ProcessesCard({ cluster }: { cluster: Cluster }) {
  return (
    <Card title="Processes" className="cluster-card">
      <div className="cluster-scroll">
        <table className="table">
          <thead>
            <tr>
              <th>Process</th>
              <th>State</th>
              <th>Host</th>
              <th className="num">Process id</th>
              <th className="num">Job</th>
              <th className="num">Up for</th>
            </tr>
          </thead>
          <tbody>
            {cluster.processes.map((process) => (
              <tr key={process.job_id} className={process.state === 'offline' ? 'cluster-over' : undefined}>
                <td>{labelOf(process)}</td>
                <td>
                  <span className="cluster-name">
                    <Status of={process.state} />
                    {process.state === 'offline' && (
                      <span className="dimmer">
                        last heard of <Time at={process.latest_heartbeat} relative />
                      </span>
                    )}
                  </span>
                </td>
                <td className="mono dim">{process.hostname}</td>
                <td className="num tabular dim">{process.pid}</td>
                <td className="num tabular dim">{process.job_id}</td>
                <td className="num dim tabular">
                  <Duration start={process.start_date} end={process.state === 'offline' ? process.latest_heartbeat : null} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}
