import { describe, expect, it } from 'vitest'
import { highlight } from '@/components/highlight'
import { parseMarkdown } from '@/components/Markdown'
import { foldStates, isFinished, sortedCounts, stateLabel, statePriority, taskStates } from '@/components/states'
import { summary } from './dag/grid/summary'
import { barHeights } from './dags/bars'
import { isFiltered, readFilters, withParams } from './dags/filters'
import { connected, groupTasks } from './graph/model'
import { operatorLabel } from './graph/operator'
import { fitView, zoomAt } from './graph/pan-zoom'
import { safeNext } from './login/next'
import { cellsOf } from './run/cells'
import { place, runSpan, ticks } from './run/timeline'
import { overall } from './shell/health'
import { rank, score } from './shell/rank'
import { formatBytes } from './task/bytes'

describe('states', () => {
  it('all have a rank and a name', () => {
    expect(new Set(statePriority).size).toBe(taskStates.length + 1)
    for (const state of statePriority) expect(stateLabel(state)).not.toBe('')
  })
  it('fold to the most telling one', () => {
    expect(foldStates(['success', 'running', 'failed'])).toBe('failed')
    expect(foldStates(['success', 'skipped'])).toBe('skipped')
    expect(foldStates([])).toBe(null)
    expect(sortedCounts({ success: 3, none: 1, failed: 2, running: 0 })).toEqual([['failed', 2], [null, 1], ['success', 3]])
  })
  it('know which are final', () => {
    expect(['success', 'upstream_failed', 'running', null].map((state) => isFinished(state as 'success'))).toEqual([true, true, false, false])
  })
})

describe('DAG list', () => {
  it('reads its filters from the address', () => {
    expect(readFilters(new URLSearchParams('q=ord&tag=a&tag=b&status=paused&state=failed&order=-last_run_start_date&offset=50'))).toEqual({ q: 'ord', tags: ['a', 'b'], paused: true, state: 'failed', order_by: '-last_run_start_date', limit: 50, offset: 50 })
    expect(readFilters(new URLSearchParams('order=drop&offset=-3&status=all'))).toMatchObject({ order_by: 'dag_id', offset: 0, paused: undefined })
  })
  it('goes back to the first page when a filter changes', () => {
    const params = new URLSearchParams('q=a&offset=50&tag=x')
    expect(withParams(params, { tag: ['y', 'z'] }).toString()).toBe('q=a&tag=y&tag=z')
    expect(withParams(params, { q: null }).toString()).toBe('tag=x')
    expect(withParams(params, { offset: '100' }).get('offset')).toBe('100')
    expect(isFiltered(new URLSearchParams('offset=5'))).toBe(false)
  })
  it('draws bars by duration', () => {
    const bar = (seconds: number | null) => ({ start_date: '2025-01-01T00:00:00Z', end_date: seconds === null ? null : new Date(Date.parse('2025-01-01T00:00:00Z') + seconds * 1000).toISOString() })
    expect(barHeights([bar(100), bar(25), bar(0), bar(null)])).toEqual([100, 64, 28, 60])
    expect(barHeights([])).toEqual([])
  })
})

describe('runs', () => {
  const instance = (task_id: string, map_index: number, state: 'success' | 'running' | null, start: string | null, end: string | null) => ({ task_id, map_index, state, start_date: start, end_date: end, try_number: 1 })
  it('fold the instances of a mapped task into a cell', () => {
    const cells = cellsOf([instance('a', -1, 'success', 'T1', 'T2'), instance('m', 0, 'success', 'T2', 'T3'), instance('m', 1, 'running', 'T1', null)])
    expect(cells).toEqual({ a: { state: 'success', start: 'T1', end: 'T2', try: 1 }, m: { state: 'running', start: 'T1', end: null, try: 1, counts: { success: 1, running: 1 } } })
  })
  it('are summed up', () => {
    const run = (state: 'success' | 'failed' | 'running', seconds: number | null) => ({ run_id: state, state, run_after: '', run_type: 'manual' as const, start_date: '2025-01-01T00:00:00Z', end_date: seconds === null ? null : `2025-01-01T00:00:${String(seconds).padStart(2, '0')}Z` })
    expect(summary([run('running', null), run('success', 10), run('failed', 20), run('success', 40), run('success', 50)])).toMatchObject({ rate: 0.75, median: 30_000, failures: [{ state: 'failed' }] })
    expect(summary([])).toEqual({ rate: null, median: null, failures: [] })
  })
  it('lie on a timeline', () => {
    const span = runSpan('1970-01-01T00:00:10Z', null, [null, '1970-01-01T00:00:05Z'], 25_000)
    expect(span).toEqual({ start: 5000, end: 25_000 })
    expect(place(span, 10_000, 15_000)).toEqual({ left: 25, width: 25 })
    expect(place(span, 0, 99_000)).toEqual({ left: 0, width: 100 })
    expect(ticks(span, 8).map((tick) => tick.label)).toEqual(['0', '5.0s', '10s', '15s', '20s'])
    expect(ticks({ start: 0, end: 40 * 86_400_000 }, 8).length).toBeLessThanOrEqual(9)
    expect(runSpan(null, null, [], 1000)).toEqual({ start: 1000, end: 2000 })
  })
})

describe('graph', () => {
  it('zooms around a point and fits', () => {
    expect(zoomAt({ x: 10, y: 20, scale: 1 }, 2, 10, 20)).toEqual({ x: 10, y: 20, scale: 2 })
    expect(zoomAt({ x: 0, y: 0, scale: 1 }, 100, 0, 0).scale).toBe(2)
    expect(fitView({ width: 1000, height: 100 }, { width: 600, height: 400 }, 50)).toEqual({ scale: 0.5, x: 50, y: 175 })
    expect(fitView({ width: 100, height: 100 }, { width: 600, height: 400 }, 50).scale).toBe(1)
  })
  it('knows neighbours and members', () => {
    const edge = (sources: string[], targets: string[]) => ({ id: '', points: [], sources, targets, arrow: true })
    expect([...connected([edge(['a'], ['b']), edge(['b'], ['c']), edge(['c'], ['d'])], 'b')]).toEqual(['b', 'a', 'c'])
    const task = (task_id: string, group: string | null) => ({ task_id, group }) as Parameters<typeof groupTasks>[0]['tasks'][number]
    expect(groupTasks({ tasks: [task('x', 'in'), task('y', 'out'), task('z', null)], groups: [{ group_id: 'out', label: '', parent: null, tooltip: null }, { group_id: 'in', label: '', parent: 'out', tooltip: null }] })).toEqual(new Map([['out', ['x', 'y']], ['in', ['x']]]))
  })
  it.each([
    ['_PythonDecoratedOperator', '@task'],
    ['_BashDecoratedOperator', '@task.bash'],
    ['BashOperator', 'Bash'],
    ['ExternalTaskSensor', 'ExternalTaskSensor'],
    ['Operator', 'Operator'],
  ])('calls %s %s', (operator, label) => expect(operatorLabel(operator)).toBe(label))
})

describe('palette', () => {
  it('prefers starts of words and runs of letters', () => {
    expect(rank(['billing_export', 'orders_hourly', 'log_floor'], 'or', (text) => text)[0]).toBe('orders_hourly')
    expect(score('orders_hourly', 'oh')).toBeGreaterThan(score('orders_xhourly', 'oh') ?? 0)
    expect(score('abc', 'x')).toBe(null)
    expect(rank(['b', 'a'], ' ', (text) => text)).toEqual(['b', 'a'])
  })
})

it('goes only to own pages after logging in', () => {
  expect(safeNext('/dags/x?tab=log')).toBe('/dags/x?tab=log')
  for (const bad of [null, '//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/login']) expect(safeNext(bad)).toBe('/dags')
})

it('is as healthy as its worst part', () => {
  expect(overall(['healthy', null, undefined])).toBe('ok')
  expect(overall(['healthy', 'unhealthy'])).toBe('bad')
})

it.each([
  [0, '0 B'],
  [1536, '1.5 KiB'],
  [60_817_408, '58 MiB'],
  [3_221_225_472, '3.0 GiB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

describe('highlight', () => {
  const kinds = (text: string, language: 'python' | 'json') => highlight(text, language).map((line) => line.filter((token) => token.kind !== 'plain').map((token) => `${token.kind}:${token.text}`))
  it('knows Python', () => {
    expect(kinds('@task\ndef f(x=1_000):  # why\n    return f"a#b"', 'python')).toEqual([['name:@task'], ['keyword:def', 'name:f', 'number:1_000', 'comment:# why'], ['keyword:return', 'string:f"a#b"']])
  })
  it('cuts docstrings at line ends and loses no character', () => {
    const text = '"""One\ntwo"""\nx = \'it\\\'s\' + "open\ny'
    expect(highlight(text, 'python').map((line) => line.map((token) => token.text).join('')).join('\n')).toBe(text)
    expect(kinds('"""One\ntwo"""', 'python')).toEqual([['string:"""One'], ['string:two"""']])
  })
  it('knows JSON', () => {
    expect(kinds('{"a": [1.5, "x", null]}', 'json')).toEqual([['name:"a"', 'number:1.5', 'string:"x"', 'keyword:null']])
  })
})

it('reads the Markdown of notes', () => {
  expect(parseMarkdown('\n    # Title\n\n    One\n    line.\n\n    * a\n    * b\n\n    1. x\n    ```\n    code *here*\n    ```\n')).toEqual([
    { kind: 'heading', level: 1, text: 'Title' },
    { kind: 'text', text: 'One line.' },
    { kind: 'list', ordered: false, items: ['a', 'b'] },
    { kind: 'list', ordered: true, items: ['x'] },
    { kind: 'code', text: 'code *here*' },
  ])
})
