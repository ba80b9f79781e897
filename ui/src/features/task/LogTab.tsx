/** The log tab: which try, and its log. */
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

export function LogTab({ task, ti, tries, chosen, onTry }: Props) {
  const newest = Math.max(ti.start_date === null && ti.state !== 'running' ? 0 : ti.try_number, ...tries.map((item) => item.try_number))
  const shown = chosen !== null && Number(chosen) >= 1 && Number(chosen) <= newest ? Number(chosen) : newest
  const stateOf = (number: number) => (number === ti.try_number ? ti.state : (tries.find((item) => item.try_number === number)?.state ?? null))
  const go = (number: number) => {
    if (number >= 1 && number <= newest) onTry(number === newest ? null : String(number))
  }
  useShortcuts({ '[': () => go(shown - 1), ']': () => go(shown + 1) })

  if (newest < 1) {
    return (
      <Empty icon="clock" title="It has not started yet">
        Its log appears here line by line as soon as it does.
      </Empty>
    )
  }
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
