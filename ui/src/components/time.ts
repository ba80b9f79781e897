/** Pure formatting of instants and durations; the page's zone is an argument. */

export type Zone = 'local' | 'utc'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options)
  let found = formats.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', { ...options, ...(zone === 'utc' ? { timeZone: 'UTC' } : {}) })
    formats.set(key, found)
  }
  return found
}

function parts(at: Date, zone: Zone): Record<string, string> {
  const list = format(zone, {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).formatToParts(at)
  return Object.fromEntries(list.map((part) => [part.type, part.value]))
}

/** `2025-03-09 14:05:31` */
export function formatInstant(iso: string, zone: Zone): string {
  const p = parts(new Date(iso), zone)
  return `${p['year']}-${p['month']}-${p['day']} ${p['hour']}:${p['minute']}:${p['second']}`
}

/** `14:05:31.042`, for log lines. */
export function formatClock(iso: string, zone: Zone): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  const p = parts(at, zone)
  return `${p['hour']}:${p['minute']}:${p['second']}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

/** `9 Mar, 14:05`; with the year when it is not this one. */
export function formatShort(iso: string, zone: Zone, now: number): string {
  const at = new Date(iso)
  const sameYear = parts(at, zone)['year'] === parts(new Date(now), zone)['year']
  return format(zone, {
    day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }), hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).format(at)
}

/** The name of the zone in use at an instant, such as `UTC`, `CET` or `GMT+2`. */
export function zoneName(zone: Zone, at: number): string {
  if (zone === 'utc') return 'UTC'
  return format('local', { timeZoneName: 'short' }).formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? 'local'
}

const units: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
]

/** `340ms`, `4.2s`, `3m 20s`, `2h 05m`, `3d 4h`: two units at most. */
export function formatDuration(ms: number): string {
  if (ms < 0) return '0s'
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`
  const whole = Math.floor(ms / 1000) * 1000
  const first = units.findIndex(([size]) => whole >= size)
  const [size, name] = units[first] ?? [1000, 's']
  const next = units[first + 1]
  const head = `${Math.floor(whole / size)}${name}`
  if (!next) return head
  const rest = Math.floor((whole % size) / next[0])
  return rest === 0 ? head : `${head} ${next[1] === 'm' || next[1] === 's' ? String(rest).padStart(2, '0') : rest}${next[1]}`
}

/** `in 5m`, `3h ago`, `now`: one unit, floored. */
export function formatRelative(iso: string, now: number): string {
  const delta = new Date(iso).getTime() - now
  const size = Math.abs(delta)
  if (size < 1000) return 'now'
  const [unit, name] = units.find(([ms]) => size >= ms) ?? [1000, 's']
  const text = `${Math.floor(size / unit)}${name}`
  return delta > 0 ? `in ${text}` : `${text} ago`
}

/** Milliseconds between two instants; until `now` when the second is open; null when it has not begun. */
export function elapsed(start: string | null, end: string | null, now: number): number | null {
  if (start === null) return null
  return (end === null ? now : new Date(end).getTime()) - new Date(start).getTime()
}

/** Milliseconds of an ISO 8601 duration such as `PT2H30M` or `P1DT12H`; null when it is not one. */
export function parseIsoDuration(text: string): number | null {
  const match = /^(-)?P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text)
  if (!match || text === 'P') return null
  const [, minus, weeks, days, hours, minutes, seconds] = match
  const total = Number(weeks ?? 0) * 604_800 + Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)
  return total * (minus === undefined ? 1 : -1) * 1000
}
