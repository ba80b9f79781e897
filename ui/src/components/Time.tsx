/** Instants and durations on screen: the zone switch, a shared clock, and the components that use both. */
import { createContext, useContext, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react'
import { elapsed, formatDuration, formatInstant, formatRelative, formatShort, zoneName, type Zone } from './time'

interface ZoneSetting {
  zone: Zone
  setZone: (zone: Zone) => void
}

const ZoneContext = createContext<ZoneSetting>({ zone: 'local', setZone: () => undefined })
const STORED = 'tradewind.zone'

export function ZoneProvider({ children }: { children: ReactNode }) {
  const [zone, set] = useState<Zone>(() => (localStorage.getItem(STORED) === 'utc' ? 'utc' : 'local'))
  const value = useMemo(
    () => ({
      zone,
      setZone: (next: Zone) => {
        localStorage.setItem(STORED, next)
        set(next)
      },
    }),
    [zone],
  )
  return <ZoneContext value={value}>{children}</ZoneContext>
}

export const useZone = (): ZoneSetting => useContext(ZoneContext)

const wholeSecond = () => Math.floor(Date.now() / 1000) * 1000

/** One timer for every ticking text on the page; it stops when nothing listens. */
class Clock {
  // Whole seconds, so that reading twice while rendering gives the same answer.
  private now = wholeSecond()
  private timer: ReturnType<typeof setInterval> | null = null
  private readonly listeners = new Set<() => void>()

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    this.timer ??= setInterval(() => {
      this.now = wholeSecond()
      this.listeners.forEach((notify) => notify())
    }, 1000)
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0 && this.timer) {
        clearInterval(this.timer)
        this.timer = null
      }
    }
  }

  read = (): number => {
    if (!this.timer) this.now = wholeSecond()
    return this.now
  }
}

const clock = new Clock()
const idle = () => () => undefined
const frozen = () => 0

/** The current time in milliseconds, updated every second while `ticking`. */
export function useNow(ticking = true): number {
  const now = useSyncExternalStore(ticking ? clock.subscribe : idle, ticking ? clock.read : frozen)
  return ticking ? now : 0
}

/** An instant: absolute by default, `relative` or `short` when asked; the title has it in both zones. */
export function Time({ at, relative = false, short = false }: { at: string | null | undefined; relative?: boolean; short?: boolean }) {
  const { zone } = useZone()
  const now = useNow(relative || short)
  if (at === null || at === undefined) return <span className="dimmer">–</span>
  const title = `${formatInstant(at, 'local')} ${zoneName('local', new Date(at).getTime())}\n${formatInstant(at, 'utc')} UTC`
  const text = relative ? formatRelative(at, now) : short ? formatShort(at, zone, now) : formatInstant(at, zone)
  return (
    <time dateTime={at} title={title}>
      {text}
    </time>
  )
}

/** How long something took, counting on while it has not ended. */
export function Duration({ start, end }: { start: string | null; end: string | null }) {
  const now = useNow(start !== null && end === null)
  const ms = elapsed(start, end, now)
  return <span className="tabular">{ms === null ? <span className="dimmer">–</span> : formatDuration(ms)}</span>
}
