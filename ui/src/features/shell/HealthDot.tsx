/** A dot that says whether the page is live and the parts of the system are well. */
import { useHealth } from '@/api/queries'
import { useLiveStatus } from '@/api/live-context'
import { Time } from '@/components/Time'
import { useEffect, useRef, useState } from 'react'
import { overall, type Level } from './health'

export function HealthDot({ version }: { version: string }) {
  const live = useLiveStatus()
  const health = useHealth()
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const data = health.data
  const parts: [string, string | null | undefined, string | null | undefined][] = [
    ['Database', data?.metadatabase.status, null],
    ['Scheduler', data?.scheduler.status, data?.scheduler.latest_scheduler_heartbeat],
    ['DAG processor', data?.dag_processor?.status, data?.dag_processor?.latest_dag_processor_heartbeat],
    ['Triggerer', data?.triggerer.status, data?.triggerer.latest_triggerer_heartbeat],
  ]
  const level: Level = health.isError ? 'bad' : live === 'reconnecting' ? 'warn' : overall(parts.map(([, status]) => status))
  const text = live === 'reconnecting' ? 'Reconnecting…' : level === 'bad' ? 'Needs attention' : live === 'live' ? 'Live' : 'Connecting…'

  useEffect(() => {
    if (!open) return
    const away = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : !root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('mousedown', away)
    document.addEventListener('keydown', away)
    return () => {
      document.removeEventListener('mousedown', away)
      document.removeEventListener('keydown', away)
    }
  }, [open])

  return (
    <div className="menu" ref={root}>
      <button
        type="button"
        className="side-link"
        aria-expanded={open}
        title="Health of the system"
        onClick={() => {
          setOpen(!open)
          if (!open) void health.refetch()
        }}
      >
        <span className={`health-dot health-${level} ${live === 'live' ? 'health-live' : ''}`} aria-hidden="true" />
        <span className="side-label" role="status">
          {text}
        </span>
      </button>
      {open && (
        <div className="menu-list menu-left menu-up health-panel">
          {parts.map(([name, status, beat]) => (
            <div key={name}>
              <span className={`health-dot health-${status === 'healthy' ? 'ok' : status === null || status === undefined ? 'off' : 'bad'}`} aria-hidden="true" />
              <span className="grow">{name}</span>
              <span className="dimmer">{beat !== null && beat !== undefined ? <Time at={beat} relative /> : (status ?? 'not running')}</span>
            </div>
          ))}
          <div>
            <span className={`health-dot health-${live === 'live' ? 'ok' : 'warn'}`} aria-hidden="true" />
            <span className="grow">This page</span>
            <span className="dimmer">{live === 'live' ? 'live' : live}</span>
          </div>
          <div className="dimmer health-version">Tradewind {version}</div>
        </div>
      )}
    </div>
  )
}
