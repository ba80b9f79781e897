/** Log records (one JSON object each) as the lines that a reader sees. */
import { stripAnsi } from './ansi'

export type Level = 'debug' | 'info' | 'warning' | 'error' | 'critical'
export type Source = 'stdout' | 'stderr' | 'log' | 'system'

export interface LogLine {
  /** From 1, over the whole log. */
  number: number
  timestamp: string | null
  level: Level
  source: Source
  /** The logger's name for records of `logging`. */
  logger: string | null
  /** As written, with colour sequences. */
  text: string
  /** Without them, for searching and copying. */
  plain: string
  /** A further line of the record above. */
  continued: boolean
  /** Other fields of the record. */
  extra: [string, string][]
}

const ranks: Record<Level, number> = { debug: 0, info: 1, warning: 2, error: 3, critical: 4 }

const levelNames: Record<string, Level> = { debug: 'debug', trace: 'debug', notset: 'debug', info: 'info', warning: 'warning', warn: 'warning', error: 'error', exception: 'error', critical: 'critical', fatal: 'critical' }

/** Fields that have a place of their own. */
const own = new Set(['timestamp', 'level', 'logger', 'event', 'source', 'stream', 'error_detail', 'exception', 'exc_info', 'stack_info', 'stack', 'filename', 'lineno', 'func_name', 'type', 'chan'])

interface Frame {
  filename?: unknown
  lineno?: unknown
  name?: unknown
  /** The line of source, when the worker could read it. */
  line?: unknown
}

interface ErrorDetail {
  exc_type?: unknown
  exc_value?: unknown
  exc_notes?: unknown
  is_cause?: unknown
  frames?: Frame[]
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function sourceOf(record: Record<string, unknown>, logger: string | null): Source {
  const named = record['source'] ?? record['stream']
  if (named === 'stdout' || named === 'stderr') return named
  if (logger === null) return 'log'
  if (/(^|\.)stdout$/.test(logger)) return 'stdout'
  if (/(^|\.)stderr$/.test(logger)) return 'stderr'
  return named === 'system' || logger.startsWith('tradewind') ? 'system' : 'log'
}

/** An exception as Python would print it. */
function traceback(details: readonly ErrorDetail[]): string[] {
  return details.toReversed().flatMap((detail, index) => [
    ...(index > 0 ? ['', 'During handling of the above exception, another exception occurred:', ''] : []),
    'Traceback (most recent call last):',
    ...(detail.frames ?? []).flatMap((frame) => [
      `  File "${asText(frame.filename ?? '?')}", line ${asText(frame.lineno ?? '?')}, in ${asText(frame.name ?? '?')}`,
      ...(typeof frame.line === 'string' && frame.line !== '' ? [`    ${frame.line.trim()}`] : []),
    ]),
    ...`${asText(detail.exc_type ?? 'Exception')}: ${asText(detail.exc_value ?? '')}`.split('\n'),
    ...(Array.isArray(detail.exc_notes) ? detail.exc_notes.map(asText) : []),
  ])
}

/** The lines of one record; `first` is the number of the first of them. */
export function linesOf(raw: string, first: number): LogLine[] {
  let record: Record<string, unknown>
  try {
    const parsed: unknown = JSON.parse(raw)
    record = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : { event: raw }
  } catch {
    // Not a record: something wrote to the file by itself. Show it as it is.
    record = { event: raw }
  }
  const logger = typeof record['logger'] === 'string' && record['logger'] !== '' ? record['logger'] : null
  const source = sourceOf(record, logger)
  const level = levelNames[asText(record['level'] ?? 'info').toLowerCase()] ?? 'info'
  const timestamp = typeof record['timestamp'] === 'string' ? record['timestamp'] : null
  const details = record['error_detail']
  const texts = asText(record['event'] ?? '').replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n')
  if (Array.isArray(details)) texts.push(...traceback(details as ErrorDetail[]))
  for (const name of ['exception', 'exc_info', 'stack_info', 'stack']) {
    const value = record[name]
    if (typeof value === 'string' && value !== '') texts.push(...value.replace(/\n$/, '').split('\n'))
  }
  const extra = Object.entries(record)
    .filter(([name, value]) => !own.has(name) && value !== null && value !== undefined && value !== '')
    .map(([name, value]): [string, string] => [name, asText(value)])
  return texts.map((text, index) => ({
    number: first + index,
    timestamp: index === 0 ? timestamp : null,
    level,
    source,
    logger,
    text,
    plain: stripAnsi(text),
    continued: index > 0,
    extra: index === 0 ? extra : [],
  }))
}

export interface LogFilter {
  /** Lines below this level are left out. */
  level: Level
  /** Sources that are left out. */
  hidden: ReadonlySet<Source>
}

export const everything: LogFilter = { level: 'debug', hidden: new Set() }

export function filterLines(lines: readonly LogLine[], filter: LogFilter): readonly LogLine[] {
  if (filter.level === 'debug' && filter.hidden.size === 0) return lines
  const least = ranks[filter.level]
  return lines.filter((line) => ranks[line.level] >= least && !filter.hidden.has(line.source))
}

/** Indexes of the lines that hold the text, whatever the case. */
export function findLines(lines: readonly LogLine[], text: string): number[] {
  if (text === '') return []
  const wanted = text.toLowerCase()
  const found: number[] = []
  lines.forEach((line, index) => {
    if (line.plain.toLowerCase().includes(wanted) || line.extra.some(([name, value]) => `${name}=${value}`.toLowerCase().includes(wanted))) found.push(index)
  })
  return found
}

/** The log as plain text, for a file. */
export function toText(lines: readonly LogLine[]): string {
  return lines
    .map((line) => {
      if (line.continued) return line.plain
      const extra = line.extra.map(([name, value]) => ` ${name}=${value}`).join('')
      return `${line.timestamp ?? ''} ${line.level.toUpperCase().padEnd(8)} [${line.source === 'log' ? (line.logger ?? 'log') : line.source}] ${line.plain}${extra}`
    })
    .join('\n')
}
