/** The row of controls above a log. */
import { IconButton } from '@/components/Button'
import { Icon } from '@/components/Icon'
import { Input } from '@/components/Field'
import { Menu, type MenuItem } from '@/components/Menu'
import type { Level, LogFilter, LogLine, Source } from './lines'
import type { LogSettings, Times } from './settings'
import type { LogStatus } from './use-log'

interface Props {
  filter: LogFilter
  onFilter: (filter: LogFilter) => void
  lines: readonly LogLine[]
  text: string
  onText: (text: string) => void
  found: number
  match: number
  onStep: (by: number) => void
  follow: boolean
  onFollow: (follow: boolean) => void
  status: LogStatus
  settings: LogSettings
  onSettings: (change: Partial<LogSettings>) => void
  onDownload: () => void
}

const levels: readonly { value: Level; label: string }[] = [
  { value: 'debug', label: 'All levels' },
  { value: 'info', label: 'Info and above' },
  { value: 'warning', label: 'Warnings and errors' },
  { value: 'error', label: 'Errors' },
]

const sources: readonly { value: Source; label: string }[] = [
  { value: 'log', label: 'Loggers' },
  { value: 'stdout', label: 'Standard output' },
  { value: 'stderr', label: 'Standard error' },
  { value: 'system', label: 'Tradewind' },
]

const times: readonly { value: Times; label: string }[] = [
  { value: 'clock', label: 'Time of day' },
  { value: 'relative', label: 'Time since the start' },
  { value: 'off', label: 'No times' },
]

const statusText: Record<LogStatus, string> = { loading: 'Loading', streaming: 'Live', reconnecting: 'Reconnecting…', ended: '', failed: 'Cut off' }

export function LogToolbar(props: Props) {
  const { filter, onFilter, settings, onSettings, status } = props
  const level = levels.find((item) => item.value === filter.level)
  const filtered = filter.level !== 'debug' || filter.hidden.size > 0
  const toggleSource = (source: Source) => {
    const hidden = new Set(filter.hidden)
    if (!hidden.delete(source)) hidden.add(source)
    onFilter({ ...filter, hidden })
  }
  const view: (MenuItem | 'line')[] = [
    ...times.map((item) => ({ label: item.label, checked: settings.times === item.value, keepOpen: true, onSelect: () => onSettings({ times: item.value }) })),
    'line',
    { label: 'Show where lines come from', checked: settings.source, keepOpen: true, onSelect: () => onSettings({ source: !settings.source }) },
  ]
  return (
    <div className="log-bar">
      <span className="search log-search">
        <Icon name="search" size={14} />
        <Input
          type="search"
          aria-label="Search the log"
          placeholder="Search the log"
          data-shortcut="/"
          value={props.text}
          onChange={(event) => props.onText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') props.onStep(event.shiftKey ? -1 : 1)
            if (event.key === 'Escape') {
              if (props.text === '') event.currentTarget.blur()
              else props.onText('')
            }
          }}
        />
        {props.text === '' ? <kbd aria-hidden="true">/</kbd> : null}
      </span>
      {props.text !== '' && (
        <span className="row log-matches">
          <span className="dim tabular" role="status">
            {props.found === 0 ? 'None' : `${props.match} of ${props.found}`}
          </span>
          <IconButton icon="up" label="Previous match (N)" disabled={props.found === 0} onClick={() => props.onStep(-1)} />
          <IconButton icon="down" label="Next match (n)" disabled={props.found === 0} onClick={() => props.onStep(1)} />
        </span>
      )}
      <Menu
        label="Levels and sources"
        align="left"
        className={`button ${filtered ? 'button-on' : 'button-ghost'}`}
        trigger={
          <>
            <Icon name="filter" size={14} />
            {level?.value === 'debug' ? 'Filter' : level?.label}
          </>
        }
        items={[
          ...levels.map((item) => ({ label: item.label, checked: item.value === filter.level, keepOpen: true, onSelect: () => onFilter({ ...filter, level: item.value }) })),
          'line' as const,
          ...sources.map((item) => ({ label: item.label, checked: !filter.hidden.has(item.value), keepOpen: true, onSelect: () => toggleSource(item.value) })),
        ]}
      />
      <span className="grow" />
      <span className={`log-status log-${status}`} role="status">
        {statusText[status]}
      </span>
      <span className="dimmer tabular log-count">{props.lines.length.toLocaleString('en')} lines</span>
      <IconButton icon="bottom" label="Follow the end (f)" pressed={props.follow} onClick={() => props.onFollow(!props.follow)} />
      <IconButton icon="wrap" label="Wrap lines (w)" pressed={settings.wrap} onClick={() => onSettings({ wrap: !settings.wrap })} />
      <Menu label="What is shown" trigger={<Icon name="eye" />} items={view} />
      <IconButton icon="download" label="Download as text" onClick={props.onDownload} />
    </div>
  )
}
