/** One line of a log. */
import { memo, type ReactNode } from 'react'
import { useZone } from '@/components/Time'
import { formatClock, formatDuration, formatInstant } from '@/components/time'
import { parseAnsi } from './ansi'
import type { LogLine } from './lines'
import type { Times } from './settings'

interface Props {
  line: LogLine
  times: Times
  /** The time of the first line, for times relative to it. */
  base: string | null
  query: string
  current: boolean
}

const short = { debug: 'DBG', info: '', warning: 'WARN', error: 'ERR', critical: 'CRIT' } as const

export const LogRow = memo(function LogRow({ line, times, base, query, current }: Props) {
  const { zone } = useZone()
  const source = line.source === 'log' ? line.logger : line.source === 'system' ? 'tradewind' : line.source
  return (
    <div className="log-line" data-level={line.level} data-source={line.source} data-current={current || undefined}>
      <span className="log-number" aria-hidden="true">
        {line.number}
      </span>
      {times !== 'off' && (
        <span className="log-time" title={line.timestamp === null ? undefined : formatInstant(line.timestamp, zone)}>
          {line.timestamp !== null && (times === 'clock' ? formatClock(line.timestamp, zone) : `+${formatDuration(Math.max(0, Date.parse(line.timestamp) - Date.parse(base ?? line.timestamp)))}`)}
        </span>
      )}
      <span className="log-source" title={line.logger ?? source ?? undefined}>
        {!line.continued && source}
      </span>
      <span className="log-level">{!line.continued && short[line.level]}</span>
      <span className="log-text">
        {parseAnsi(line.text).map((part, index) => (
          <span key={index} className={part.color !== null || part.bold ? `${part.color === null ? '' : `ansi-${part.color}`} ${part.bold ? 'ansi-bold' : ''}` : undefined}>
            {marked(part.text, query)}
          </span>
        ))}
        {line.extra.map(([name, value]) => (
          <span key={name} className="log-extra">
            <i>{name}=</i>
            {marked(value, query)}
          </span>
        ))}
      </span>
    </div>
  )
})

/** The text with what was searched for marked. */
function marked(text: string, query: string): ReactNode {
  if (query === '') return text
  const parts: ReactNode[] = []
  const lower = text.toLowerCase()
  const wanted = query.toLowerCase()
  let last = 0
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, last)) {
    parts.push(text.slice(last, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>)
    last = at + wanted.length
  }
  return parts.length === 0 ? text : [...parts, text.slice(last)]
}
