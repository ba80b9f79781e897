/** The log tab: which try, and its log. */
import { useWhy } from '@/api/queries'
import type { TaskInstance, Try } from '@/api/types'
import { Empty } from '@/components/Feedback'
import { useShortcuts } from '@/components/shortcuts'
import { StateIcon } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import type { TaskRef } from '@/features/actions/targets'
import { LogView } from './logs/LogView'

interface Props {
  task: TaskRef
  ti: TaskInstance
  tries: readonly Try[]
  /** The try in the address; the newest when there is none. */
  chosen: string | null
  onTry: (number: string | null) => void
}

/** States of what ended and never ran. */
const neverRan = new Set(['upstream_failed', 'skipped', 'removed', 'failed', 'success'])

/** There is no try to show a log of: not yet, or because it ended without one. */
function NoLog({ task, ti }: { task: TaskRef; ti: TaskInstance }) {
  const over = neverRan.has(ti.state ?? '')
  const why = useWhy(task.dagId, task.runId, task.taskId, task.mapIndex, over)
  if (!over) {
    return (
      <Empty icon="clock" title="It has not started yet">
        Its log appears here line by line as soon as it does.
      </Empty>
    )
  }
  return (
    <Empty icon="info" title={`It never ran: ${stateLabel(ti.state)}`}>
      {why.data?.reasons.map((reason) => reason.message).join(' ') || 'There is no log of it.'}
    </Empty>
  )
}

export function LogTab({ task, ti, tries, chosen, onTry }: Props) {
  const newest = Math.max(ti.start_date === null && ti.state !== 'running' ? 0 : ti.try_number, ...tries.map((item) => item.try_number))
  const shown = chosen !== null && Number(chosen) >= 1 && Number(chosen) <= newest ? Number(chosen) : newest
  const stateOf = (number: number) => (number === ti.try_number ? ti.state : (tries.find((item) => item.try_number === number)?.state ?? null))
  const go = (number: number) => {
    if (number >= 1 && number <= newest) onTry(number === newest ? null : String(number))
  }
  useShortcuts({ '[': () => go(shown - 1), ']': () => go(shown + 1) })

  if (newest < 1) return <NoLog task={task} ti={ti} />
  const state = stateOf(shown)
  return (
    <>
      {newest > 1 && (
        <div className="tries" role="radiogroup" aria-label="Try">
          {Array.from({ length: newest }, (_, index) => index + 1).map((number) => (
            <button key={number} type="button" role="radio" aria-checked={number === shown} onClick={() => go(number)} title={stateLabel(stateOf(number))}>
              <StateIcon state={stateOf(number)} size={14} /> Try {number}
            </button>
          ))}
        </div>
      )}
      <LogView key={shown} task={task} tryNumber={shown} live={shown === ti.try_number && ti.state === 'running'} atEnd={state === 'failed' || state === 'up_for_retry'} />
    </>
  )
}
