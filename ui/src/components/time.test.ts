import { describe, expect, it } from 'vitest'
import { fromField, toField } from './instant-input'
import { elapsed, formatClock, formatDuration, formatInstant, formatRelative, formatShort, parseIsoDuration, zoneName } from './time'

// Tests run in Europe/Berlin (see vite.config.ts).
const summer = '2025-07-01T12:00:00.042Z'
const now = Date.parse(summer)
const at = (ms: number) => new Date(now + ms).toISOString()

describe('instants', () => {
  it('follow the zone, with daylight saving', () => {
    expect(formatInstant(summer, 'utc')).toBe('2025-07-01 12:00:00')
    expect(formatInstant(summer, 'local')).toBe('2025-07-01 14:00:00')
    expect(formatInstant('2025-01-01T23:30:00Z', 'local')).toBe('2025-01-02 00:30:00')
    expect(zoneName('utc', now)).toBe('UTC')
    expect(zoneName('local', now)).toMatch(/CEST|GMT\+2/)
  })
  it('have a clock for logs', () => {
    expect(formatClock(summer, 'utc')).toBe('12:00:00.042')
    expect(formatClock('not a time', 'utc')).toBe('')
  })
  it('show the year only when it is another', () => {
    expect(formatShort(summer, 'utc', now)).toBe('1 Jul, 12:00')
    expect(formatShort('2023-03-04T05:06:00Z', 'utc', now)).toContain('2023')
  })
  it('go to a field and back', () => {
    for (const zone of ['utc', 'local'] as const) expect(fromField(toField('2025-03-09T14:05:31Z', zone), zone)).toBe('2025-03-09T14:05:31.000Z')
    expect(fromField('', 'utc')).toBe(null)
    expect(fromField('2025-13-40T99:00', 'utc')).toBe(null)
  })
})

describe('durations', () => {
  it.each([
    [0, '0ms'],
    [-5, '0s'],
    [340, '340ms'],
    [4250, '4.2s'],
    [9999, '9.9s'],
    [12_800, '12s'],
    [60_000, '1m'],
    [200_000, '3m 20s'],
    [3_900_000, '1h 05m'],
    [7_200_000, '2h'],
    [277_200_000, '3d 5h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

  it('run until now while they are open', () => {
    expect(elapsed(at(-5000), null, now)).toBe(5000)
    expect(elapsed(at(-5000), at(-1000), now)).toBe(4000)
    expect(elapsed(null, null, now)).toBe(null)
  })

  it.each([
    ['PT2H30M', 9_000_000],
    ['P1DT12H', 129_600_000],
    ['PT0.5S', 500],
    ['-PT5M', -300_000],
    ['P', null],
    ['2 hours', null],
  ])('%s', (text, ms) => expect(parseIsoDuration(text)).toBe(ms))
})

it.each([
  [300, 'now'],
  [-300, 'now'],
  [5000, 'in 5s'],
  [-61_000, '1m ago'],
  [7_200_000, 'in 2h'],
  [-200_000_000, '2d ago'],
])('%d ms from now is %s', (ms, text) => expect(formatRelative(at(ms), now)).toBe(text))
