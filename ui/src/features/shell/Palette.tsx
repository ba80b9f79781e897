/** Ctrl-K: type a few letters of a DAG or page, press Enter. */
import { useDeferredValue, useId, useState, type KeyboardEvent } from 'react'
import { useNavigate } from 'react-router'
import { useDags } from '@/api/queries'
import { path } from '@/api/http'
import { Dialog } from '@/components/Dialog'
import { Icon, type IconName } from '@/components/Icon'
import { StateIcon } from '@/components/StateIcon'
import { useZone } from '@/components/Time'
import { setTheme } from '@/components/theme'
import { rank } from './rank'

interface Command {
  id: string
  label: string
  detail?: string
  icon: IconName
  dag?: Parameters<typeof StateIcon>[0]['state']
  run: () => void
}

export function Palette({ onClose, places }: { onClose: () => void; places: readonly { to: string; icon: IconName; label: string }[] }) {
  const navigate = useNavigate()
  const { zone, setZone } = useZone()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const query = text.trim()
  const dags = useDags({ q: useDeferredValue(query), limit: 12, offset: 0 })

  const go = (to: string) => () => void navigate(to)
  // The server matches descriptions too, and may not have heard the last letters yet: names that fit come first, so that
  // Enter means what was typed.
  const all = dags.data?.dags ?? []
  const byName = query === '' ? all : rank(all, query, (dag) => dag.dag_display_name)
  const found: Command[] = [...byName, ...all.filter((dag) => !byName.includes(dag))].map((dag) => ({
    id: `dag ${dag.dag_id}`,
    label: dag.dag_display_name,
    detail: dag.timetable_summary ?? '',
    icon: 'dags',
    ...(dag.recent_runs[0] ? { dag: dag.recent_runs[0].state } : {}),
    run: go('/dags' + path(dag.dag_id)),
  }))
  const triggers: Command[] =
    query === '' ? [] : found.slice(0, 3).map((dag) => ({ id: `trigger ${dag.id}`, label: `Trigger ${dag.label}`, icon: 'play', run: go('/dags' + path(dag.id.slice(4)) + '/trigger') }))
  const commands: Command[] = [
    ...places.map((place): Command => ({ id: place.to, label: place.label, detail: 'Page', icon: place.icon, run: go(place.to) })),
    { id: 'zone', label: zone === 'utc' ? 'Show local time' : 'Show UTC', icon: 'globe', run: () => setZone(zone === 'utc' ? 'local' : 'utc') },
    { id: 'light', label: 'Light theme', icon: 'sun', run: () => setTheme('light') },
    { id: 'dark', label: 'Dark theme', icon: 'moon', run: () => setTheme('dark') },
    { id: 'system', label: 'System theme', icon: 'monitor', run: () => setTheme('system') },
  ]
  const results = [...found, ...triggers, ...rank(commands, query, (command) => command.label)]
  const selected = Math.min(at, results.length - 1)

  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const next = (selected + (event.key === 'ArrowDown' ? 1 : -1) + results.length) % Math.max(1, results.length)
      setAt(next)
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Enter') {
      event.preventDefault()
      onClose()
      results[selected]?.run()
    }
  }

  return (
    <Dialog title={<span className="visually-hidden">Go to</span>} onClose={onClose}>
      <div className="palette" onKeyDown={onKey}>
        <div className="palette-input">
          <Icon name="search" />
          <input
            autoFocus
            placeholder="Find a DAG, page or command"
            aria-label="Find a DAG, page or command"
            role="combobox"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={`${id}-${selected}`}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => {
              setText(event.target.value)
              setAt(0)
            }}
          />
          <kbd>Esc</kbd>
        </div>
        <div role="listbox" aria-label="Results" id={`${id}-list`} className="palette-list">
          {results.map((command, index) => (
            <div
              key={command.id}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === selected}
              className="palette-item"
              onMouseMove={() => setAt(index)}
              onClick={() => {
                onClose()
                command.run()
              }}
            >
              {command.dag !== undefined ? <StateIcon state={command.dag} /> : <Icon name={command.icon} />}
              <span className="grow truncate">{command.label}</span>
              <span className="dimmer">{command.detail}</span>
            </div>
          ))}
          {results.length === 0 && <p className="palette-none">Nothing is called “{query}”.</p>}
        </div>
      </div>
    </Dialog>
  )
}
