import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { MemoryRouter } from 'react-router'
import { describe, expect, it, vi } from 'vitest'
import type { DagRow as Dag } from '@/api/types'
import { DagRow } from '@/features/dags/DagRow'
import { ParamsForm } from '@/features/trigger/ParamsForm'
import { confOf, fieldsOf, initialDrafts } from '@/features/trigger/params'
import { linesOf } from '@/features/task/logs/lines'
import { LogRow } from '@/features/task/logs/LogRow'
import { Segmented, Switch } from './Button'
import { Confirm } from './Dialog'
import { JsonEditor } from './JsonEditor'
import { Markdown } from './Markdown'
import { Menu } from './Menu'
import { Pager } from './Page'
import { useShortcuts } from './shortcuts'
import { StateIcon } from './StateIcon'
import { Time, ZoneProvider, useZone } from './Time'

const user = userEvent.setup()

describe('Menu', () => {
  it('opens, is walked with the arrows, chooses with Enter and gives the focus back', async () => {
    const chosen = vi.fn<(which: number) => void>()
    render(<Menu label="More" trigger="…" items={[{ label: 'One', onSelect: () => chosen(1) }, { label: 'Off', disabled: true, onSelect: () => chosen(0) }, 'line', { label: 'Two', onSelect: () => chosen(2) }]} />)
    const button = screen.getByRole('button', { name: 'More' })
    await user.click(button)
    expect(document.activeElement?.textContent).toBe('One')
    await user.keyboard('{ArrowDown}')
    expect(document.activeElement?.textContent).toBe('Two')
    await user.keyboard('{Enter}')
    expect(chosen.mock.calls).toEqual([[2]])
    expect(screen.queryByRole('menu')).toBe(null)
    expect(document.activeElement).toBe(button)
  })
  it('closes on Escape and on a click elsewhere', async () => {
    render(<><Menu label="More" trigger="…" items={[{ label: 'One', onSelect: () => undefined }]} /><p>elsewhere</p></>)
    await user.click(screen.getByRole('button', { name: 'More' }))
    await user.keyboard('{Escape}')
    expect(screen.queryByRole('menu')).toBe(null)
    await user.click(screen.getByRole('button', { name: 'More' }))
    await user.click(screen.getByText('elsewhere'))
    expect(screen.queryByRole('menu')).toBe(null)
  })
})

describe('controls', () => {
  it('say what they are and report changes', async () => {
    const changed = vi.fn()
    render(<><Switch checked={false} label="Unpause x" onChange={changed} /><Segmented label="Size" value="a" choices={[{ value: 'a', label: 'A' }, { value: 'b', label: 'B' }]} onChange={changed} /></>)
    await user.click(screen.getByRole('switch', { name: 'Unpause x' }))
    await user.click(screen.getByRole('radio', { name: 'B' }))
    expect(changed.mock.calls).toEqual([[true], ['b']])
    expect(screen.getByRole('radio', { name: 'A' }).getAttribute('aria-checked')).toBe('true')
  })
  it('give states a name beside their colour', () => {
    render(<StateIcon state="upstream_failed" label />)
    expect(screen.getByRole('img', { name: 'Upstream failed' })).toBeTruthy()
  })
  it('turn pages within bounds', async () => {
    const turned = vi.fn()
    const { container, rerender } = render(<Pager offset={50} limit={50} total={101} onOffset={turned} />)
    expect(container.textContent).toContain('51–100 of 101')
    await user.click(screen.getByRole('button', { name: 'Next page' }))
    await user.click(screen.getByRole('button', { name: 'Previous page' }))
    expect(turned.mock.calls).toEqual([[100], [0]])
    rerender(<Pager offset={0} limit={50} total={50} onOffset={turned} />)
    expect(container.textContent).toBe('')
  })
})

it('asks before it acts', async () => {
  const confirmed = vi.fn()
  const closed = vi.fn()
  render(<Confirm title="Delete x?" confirm="Delete" danger error="refused" onConfirm={confirmed} onClose={closed}>Really?</Confirm>)
  expect(screen.getByRole('alert').textContent).toBe('refused')
  await user.click(screen.getByRole('button', { name: 'Delete' }))
  expect(confirmed).toHaveBeenCalledOnce()
  await user.click(screen.getByRole('button', { name: 'Cancel' }))
  expect(closed).toHaveBeenCalledOnce()
})

describe('shortcuts', () => {
  function Page({ bindings }: { bindings: Record<string, () => void> }) {
    useShortcuts(bindings)
    return <input aria-label="field" />
  }
  it('know sequences, and are silent in fields', async () => {
    const outer = vi.fn()
    const inner = vi.fn()
    render(<><Page bindings={{ 'g p': outer }} /><Page bindings={{ p: inner }} /></>)
    await user.keyboard('gp')
    expect([outer.mock.calls.length, inner.mock.calls.length]).toEqual([1, 0])
    await user.keyboard('p')
    expect(inner).toHaveBeenCalledOnce()
    await user.type(screen.getAllByRole('textbox', { name: 'field' })[0] ?? document.body, 'p')
    expect(inner).toHaveBeenCalledOnce()
  })
})

it('switches every time between local and UTC', async () => {
  function Toggle() {
    const { zone, setZone } = useZone()
    return <button onClick={() => setZone(zone === 'utc' ? 'local' : 'utc')}>zone</button>
  }
  render(<ZoneProvider><Time at="2025-07-01T12:00:00Z" /><Toggle /></ZoneProvider>)
  expect(screen.getByText('2025-07-01 14:00:00')).toBeTruthy()
  await user.click(screen.getByRole('button', { name: 'zone' }))
  expect(screen.getByText('2025-07-01 12:00:00')).toBeTruthy()
  expect(localStorage.getItem('tradewind.zone')).toBe('utc')
})

describe('DagRow', () => {
  const run = (run_id: string, state: 'success' | 'failed') => ({ run_id, state, run_after: '2025-07-01T12:00:00Z', start_date: '2025-07-01T12:00:00Z', end_date: '2025-07-01T12:01:00Z', run_type: 'scheduled' as const })
  const dag: Dag = { dag_id: 'a/b', dag_display_name: 'Orders', description: null, is_paused: true, is_stale: false, tags: ['etl'], owners: [], timetable_summary: '@daily', timetable_description: 'At 00:00', next_dagrun_run_after: null, has_import_errors: true, fileloc: '/dags/x.py', relative_fileloc: 'x.py', recent_runs: [run('r2', 'failed'), run('r1', 'success')], active_runs: { queued: 0, running: 0 } }
  it('shows a DAG and leads to it', async () => {
    const paused = vi.fn()
    const tagged = vi.fn()
    render(<MemoryRouter><DagRow dag={dag} index={0} selected={false} onTag={tagged} onPause={paused} /></MemoryRouter>)
    expect(screen.getByRole('link', { name: 'Orders' }).getAttribute('href')).toBe('/dags/a%2Fb')
    expect(screen.getByText('x.py')).toBeTruthy()
    expect(screen.getByRole('list', { name: /Recent runs/ }).querySelectorAll('a')[0]?.getAttribute('data-state')).toBe('success')
    expect(screen.getByRole('link', { name: 'Import error' })).toBeTruthy()
    await user.click(screen.getByRole('switch', { name: 'Unpause a/b' }))
    await user.click(screen.getByRole('button', { name: 'etl' }))
    expect(paused.mock.calls).toEqual([[false]])
    expect(tagged.mock.calls).toEqual([['etl']])
  })
})

it('builds a form from params and tells what is wrong', async () => {
  const fields = fieldsOf({ days: { value: 7, schema: { type: 'integer', maximum: 9, title: 'Days' } }, loud: { value: false, schema: { type: 'boolean', title: 'Loud' } } })
  function Form() {
    const [drafts, setDrafts] = useState(initialDrafts(fields))
    const { conf, errors } = confOf(fields, drafts)
    return <><ParamsForm fields={fields} drafts={drafts} errors={errors} showAll={false} onChange={(name, draft) => setDrafts((now) => ({ ...now, [name]: draft }))} /><output>{JSON.stringify(conf)}</output></>
  }
  render(<Form />)
  expect(screen.getByRole('status').textContent).toBe('{"days":7,"loud":false}')
  await user.click(screen.getByRole('checkbox', { name: /Loud/ }))
  await user.type(screen.getByRole('spinbutton', { name: /Days/ }), '0')
  expect(screen.getByRole('alert').textContent).toBe('At most 9.')
  expect(screen.getByRole('spinbutton', { name: /Days/ }).getAttribute('aria-invalid')).toBe('true')
  expect(screen.getByRole('status').textContent).toBe('{"loud":true}')
})

it('formats JSON on demand', async () => {
  const changed = vi.fn()
  render(<JsonEditor label="Configuration" value='{"a":1}' onChange={changed} error="odd" />)
  expect(screen.getByRole('textbox', { name: 'Configuration' }).getAttribute('aria-invalid')).toBe('true')
  await user.click(screen.getByRole('button', { name: 'Format' }))
  expect(changed.mock.calls).toEqual([['{\n  "a": 1\n}']])
})

it('marks what was searched for in a log line, across its parts', () => {
  const [line] = linesOf('{"event":"\\u001b[31mFailed\\u001b[0m to load","level":"error","logger":"task.stdout","rows":5}', 3)
  if (!line) throw new Error('no line')
  const { container } = render(<LogRow line={line} times="off" base={null} query="fail" current={false} />)
  expect(container.querySelector('mark')?.textContent).toBe('Fail')
  expect(container.querySelector('.ansi-1')?.textContent).toBe('Failed')
  expect(container.querySelector('.log-line')?.getAttribute('data-source')).toBe('stdout')
  expect(container.textContent).toContain('rows=5')
})

it('never makes HTML or scripts of notes', () => {
  const { container } = render(<Markdown text={'<img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](https://example.org)'} />)
  expect(container.querySelector('img')).toBe(null)
  expect([...container.querySelectorAll('a')].map((a) => a.getAttribute('href'))).toEqual(['https://example.org'])
})
