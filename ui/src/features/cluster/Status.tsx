/** A dot and a word: how a worker, pod or process is. */
import { stateVars } from '@/components/StateIcon'
import type { Pod, Worker } from './types'
import { colourOf } from './words'

export function Status({ of }: { of: Worker['state'] | Pod['phase'] }) {
  return (
    <span className="cluster-status" style={stateVars(colourOf[of])} data-status={of}>
      <span aria-hidden="true" />
      {of.slice(0, 1).toUpperCase() + of.slice(1)}
    </span>
  )
}

/** How much of what there is room for is in use. */
export function Load({ used, room }: { used: number; room: number }) {
  const full = room > 0 ? Math.min(1, used / room) : 0
  return (
    <span className="cluster-load" title={`${used} of ${room} places in use`}>
      <span className="cluster-load-bar" aria-hidden="true">
        <span style={{ ...stateVars('running'), width: `${full * 100}%` }} />
      </span>
      <span className="tabular">
        {used}
        <span className="dimmer"> / {room}</span>
      </span>
    </span>
  )
}
