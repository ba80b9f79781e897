/** States as colour and shape: a glyph in a tile, a badge with its name, and a bare dot. */
import type { CSSProperties, ReactNode } from 'react'
import { stateLabel, type AnyState } from './states'
import './state.css'

/** One drawing for each state on a 16-pixel square, told apart without colour. */
function glyph(state: AnyState): ReactNode {
  switch (state) {
    case 'success':
      return <path d="m4.3 8.4 2.5 2.5 4.9-5.4" />
    case 'failed':
      return <path d="m5 5 6 6M11 5l-6 6" />
    case 'running':
      return <path className="state-spin" d="M8 3.8a4.2 4.2 0 1 1-4.2 4.2" />
    case 'queued':
      return <path d="M4.5 5.2h7M4.5 8h7M4.5 10.8h7" />
    case 'scheduled':
      return <path d="M8 4.4V8l2.6 1.7" />
    case 'up_for_retry':
      return <path d="M11.7 7.6a3.7 3.7 0 1 0-.9 3M12 4.3v3.3H8.8" />
    case 'up_for_reschedule':
      return <path d="M4.3 8h5.8M7.8 5.4 10.4 8l-2.6 2.6M12 5v6" />
    case 'upstream_failed':
      return <path d="M8 11.5V5M5.2 7.5 8 4.7l2.8 2.8" />
    case 'skipped':
      return <path d="m4.6 5.2 2.9 2.8-2.9 2.8M8.6 5.2l2.9 2.8-2.9 2.8" />
    case 'deferred':
      return <path d="M6.2 5v6M9.8 5v6" />
    case 'restarting':
      return <path d="M4.3 7.6a3.7 3.7 0 0 1 6.8-1.7M11.7 8.4a3.7 3.7 0 0 1-6.8 1.7M11.3 3.6v2.5H8.9M4.7 12.4V9.9h2.4" />
    case 'awaiting_input':
      return <path d="M6.2 6.3a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.7-.8 1.3M8 11.4v.1" />
    case 'removed':
      return <path d="M4.8 8h6.4" />
    case null:
      return <circle cx="8" cy="8" r="1.2" fill="currentColor" stroke="none" />
  }
}

export const stateVars = (state: AnyState): CSSProperties => {
  const name = state ?? 'none'
  return { '--state': `var(--${name})`, '--state-bg': `var(--${name}-bg)`, '--state-fg': `var(--${name}-fg)` } as CSSProperties
}

/** The glyph in its tile. Decorative unless `label` is set: the text beside it or the parent's name says the state. */
export function StateIcon({ state, size = 16, label = false }: { state: AnyState; size?: number; label?: boolean }) {
  return (
    <span className="state-tile" data-state={state ?? 'none'} style={{ ...stateVars(state), width: size, height: size }} {...(label ? { role: 'img', 'aria-label': stateLabel(state), title: stateLabel(state) } : { 'aria-hidden': true })}>
      <svg viewBox="0 0 16 16" width={size} height={size} fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round">
        {glyph(state)}
      </svg>
    </span>
  )
}

/** The tile with the state's name. */
export function StateBadge({ state, size = 16 }: { state: AnyState; size?: number }) {
  return (
    <span className="state-badge">
      <StateIcon state={state} size={size} />
      {stateLabel(state)}
    </span>
  )
}
