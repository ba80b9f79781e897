/** What a task instance waits for, or why it ended badly. */
import { useWhy } from '@/api/queries'
import type { TaskInstance } from '@/api/types'
import { Icon } from '@/components/Icon'
import { Time } from '@/components/Time'
import type { TaskRef } from '@/features/actions/targets'

const ended = new Set(['success', 'failed', 'running', 'removed'])

export function Why({ task, ti }: { task: TaskRef; ti: TaskInstance }) {
  const why = useWhy(task.dagId, task.runId, task.taskId, task.mapIndex, !ended.has(ti.state ?? ''))
  if (ti.state === 'failed' && ti.exit_reason !== null && ti.exit_reason !== undefined && ti.exit_reason !== '') {
    return (
      <div className="why why-failed" role="note">
        <Icon name="alert" />
        <div>
          <h3>Why did it fail?</h3>
          <p>{ti.exit_reason}</p>
        </div>
      </div>
    )
  }
  if (ended.has(ti.state ?? '') || !why.data || why.data.reasons.length === 0) return null
  const over = ti.state === 'upstream_failed' || ti.state === 'skipped'
  return (
    <div className="why" role="note">
      <Icon name={over ? 'info' : 'clock'} />
      <div>
        <h3>{ti.state === 'skipped' ? 'Why was it skipped?' : over ? 'Why did it not run?' : 'Why is it waiting?'}</h3>
        <ul>
          {why.data.reasons.map((reason, index) => (
            <li key={index}>
              {reason.message}
              <Details details={reason.details} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

const instant = /^\d{4}-\d\d-\d\dT/

/** The figures behind a reason; instants as times. */
function Details({ details }: { details: Record<string, unknown> }) {
  const shown = Object.entries(details).filter(([, value]) => value !== null && typeof value !== 'object')
  if (shown.length === 0) return null
  return (
    <span className="why-details">
      {shown.map(([name, value]) => (
        <span key={name}>
          {name.replaceAll('_', ' ')} <strong>{typeof value === 'string' && instant.test(value) ? <Time at={value} relative /> : String(value)}</strong>
        </span>
      ))}
    </span>
  )
}
