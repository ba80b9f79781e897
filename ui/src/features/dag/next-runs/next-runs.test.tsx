import { render, screen, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import type { NextRuns } from '@/api/types'
import { ZoneProvider } from '@/components/Time'
import { NextRunsList } from './NextRunsCard'
import { headOf, tailOf } from './words'

const run = (day: number, due = false): NextRuns['next_runs'][number] => ({
  logical_date: `2031-03-0${day}T00:00:00Z`,
  data_interval_start: `2031-03-0${day}T00:00:00Z`,
  data_interval_end: `2031-03-0${day + 1}T00:00:00Z`,
  run_after: `2031-03-0${day + 1}T00:00:00Z`,
  is_due: due,
})
const preview = (more: Partial<NextRuns> = {}): NextRuns => ({
  dag_id: 'd',
  is_paused: false,
  timetable_type: 'CronDataIntervalTimetable',
  timetable_summary: '0 0 * * *',
  timetable_description: 'At 00:00',
  timezone: 'Europe/Berlin',
  catchup: false,
  start_date: null,
  end_date: null,
  next_runs: [run(1), run(2)],
  then: 'more',
  waiting: null,
  error: null,
  ...more,
})

describe('the list of next runs', () => {
  it('has a line a run with its time, in the zone of the page', () => {
    localStorage.setItem('tradewind.zone', 'utc')
    render(<ZoneProvider><NextRunsList preview={preview({ next_runs: [run(1, true), run(2)] })} /></ZoneProvider>)
    const lines = within(screen.getByRole('list', { name: 'Next runs' })).getAllByRole('listitem')
    expect(lines).toHaveLength(2)
    expect(lines[0]?.textContent).toContain('2031-03-02 00:00:00')
    expect(lines[0]?.textContent).toContain('due')
    expect(lines[0]?.textContent).toContain('1 Mar 2031, 00:00 – 2 Mar 2031, 00:00')
    expect(lines[1]?.textContent).toMatch(/in \d+d/)
  })
  it('leaves out the span of runs that are about an instant', () => {
    const instant = { ...run(1), data_interval_end: run(1).data_interval_start }
    render(<ZoneProvider><NextRunsList preview={preview({ next_runs: [instant] })} /></ZoneProvider>)
    expect(screen.getByRole('listitem').textContent).not.toContain('–')
  })
  it('shows what the DAG’s own timetable failed with as an alert', () => {
    render(<ZoneProvider><NextRunsList preview={preview({ error: 'ZeroDivisionError: division by zero', next_runs: [], then: 'not_asked' })} /></ZoneProvider>)
    expect(screen.getByRole('alert').textContent).toContain('ZeroDivisionError')
  })
})

describe('its words', () => {
  it.each([
    [preview({ is_paused: true }), 'paused'],
    [preview({ is_paused: true, next_runs: [], then: 'assets' }), 'paused'],
    [preview({ waiting: { code: 'max_active_runs', message: '1 runs of this DAG are running.' } }), 'are running'],
  ])('say why runs do not come now: %#', (shown, word) => expect(headOf(shown)?.text).toContain(word))
  it('say nothing when all is well', () => {
    expect(headOf(preview())).toBe(null)
    expect(headOf(preview({ is_paused: true, next_runs: [], then: 'no_schedule' }))).toBe(null)
    expect(tailOf(preview())).toBe(null)
  })
  it.each([
    ['ended', [run(1)], null, 'the last one'],
    ['ended', [], '2024-01-01T00:00:00Z', 'end date'],
    ['ended', [], null, 'no more runs'],
    ['no_schedule', [], null, 'No schedule'],
    ['after_each_run', [run(1)], null, 'Continuous'],
    ['assets', [], null, 'Waits for assets'],
    ['assets', [run(1)], null, 'whenever the assets'],
    ['not_asked', [], null, 'has not answered yet'],
    ['not_asked', [run(1)], null, 'any further'],
  ] as const)('say what comes after: %s', (then, next_runs, end_date, word) => {
    expect(tailOf(preview({ then, next_runs: [...next_runs], end_date }))).toContain(word)
  })
})
