/** The facts of a task instance and of each of its tries. */
import { Link } from 'react-router'
import type { TaskInstance, Try, TryFacts } from '@/api/types'
import { Card, Facts } from '@/components/Page'
import { StateBadge } from '@/components/StateIcon'
import { Duration, Time } from '@/components/Time'
import { formatDuration } from '@/components/time'
import { formatBytes } from './bytes'

const memory = (facts: TryFacts) => (typeof facts.max_rss_kb === 'number' ? formatBytes(facts.max_rss_kb * 1024) : null)
const processor = (facts: TryFacts) => (typeof facts.cpu_ms === 'number' ? formatDuration(facts.cpu_ms) : null)

export function DetailsTab({ ti, tries }: { ti: TaskInstance; tries: readonly Try[] }) {
  return (
    <div className="page-body">
      <div className="page-narrow cards">
        {tries.length > 0 && (
          <Card title="Tries">
            <div className="tries-table">
              <table className="table">
                <thead>
                  <tr>
                    <th>Try</th>
                    <th>State</th>
                    <th>Started</th>
                    <th className="num">Duration</th>
                    <th className="num">Memory</th>
                    <th className="num">Processor</th>
                    <th>Worker</th>
                    <th>Why it ended</th>
                  </tr>
                </thead>
                <tbody>
                  {tries.map((item) => (
                    <tr key={item.try_number}>
                      <td>{item.try_number}</td>
                      <td>
                        <StateBadge state={item.state} />
                      </td>
                      <td>
                        <Time at={item.start_date} />
                      </td>
                      <td className="num">
                        <Duration start={item.start_date} end={item.end_date} />
                      </td>
                      <td className="num tabular">{memory(item) ?? <span className="dimmer">–</span>}</td>
                      <td className="num tabular">{processor(item) ?? <span className="dimmer">–</span>}</td>
                      <td className="dim">{item.hostname}</td>
                      <td className="tries-reason">{item.exit_reason ?? <span className="dimmer">–</span>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Card>
        )}
        <div className="cards cards-2">
          <Card title="This instance">
            <Facts
              rows={[
                ['State', <StateBadge key="s" state={ti.state} />],
                ['Why it ended', ti.exit_reason],
                ['Peak memory', memory(ti)],
                ['Processor time', processor(ti)],
                ['Scheduled', <Time key="sc" at={ti.scheduled_when} />],
                ['Queued', <Time key="q" at={ti.queued_when} />],
                ['Started', <Time key="b" at={ti.start_date} />],
                ['Ended', <Time key="e" at={ti.end_date} />],
                ['Duration', ti.start_date === null ? null : <Duration key="d" start={ti.start_date} end={ti.state === 'running' ? null : (ti.end_date ?? ti.start_date)} />],
              ]}
            />
          </Card>
          <Card title="Task">
            <Facts
              rows={[
                ['Task id', <code key="t">{ti.task_id}</code>],
                ['Map index', ti.map_index >= 0 ? ti.map_index : null],
                ['Operator', ti.operator],
                ['Pool', `${ti.pool} (${ti.pool_slots} ${ti.pool_slots === 1 ? 'slot' : 'slots'})`],
                ['Priority', ti.priority_weight],
                ['Queue', ti.queue],
                ['Executor', ti.executor],
                ['Tries allowed', ti.max_tries + 1],
                ['Worker', ti.hostname === null || ti.hostname === '' ? null : <Link key="w" className="cell-link" to={`/cluster?at=${encodeURIComponent(ti.hostname)}`}>{ti.hostname}</Link>],
                ['Process', ti.pid],
                ['User', ti.unixname],
                ['Id', <code key="id">{ti.id}</code>],
              ]}
            />
          </Card>
        </div>
      </div>
    </div>
  )
}
