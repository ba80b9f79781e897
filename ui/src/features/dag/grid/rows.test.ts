import { describe, expect, it } from 'vitest'
import type { GridCell, StructureGroup, StructureTask } from '@/api/types'
import { buildRows, dayMarks, foldCell } from './rows'

const task = (task_id: string, group: string | null = null): StructureTask => ({ task_id, label: task_id.split('.').pop() ?? '', operator: 'Op', trigger_rule: 'all_success', group, is_mapped: false, ui_color: null, ui_fgcolor: null, downstream: [], doc_md: null })
const group = (group_id: string, parent: string | null = null): StructureGroup => ({ group_id, label: group_id, parent, tooltip: null })
const cell = (state: GridCell['state'], start: string | null = null, end: string | null = null, tries = 1): GridCell => ({ state, start, end, try: tries })

const shape = { tasks: [task('a'), task('g.x', 'g'), task('b'), task('g.h.y', 'h'), task('g.z', 'g')], groups: [group('g'), group('h', 'g')] }

describe('buildRows', () => {
  it('nests tasks under their groups, each group where its first task is', () => {
    expect(buildRows(shape, new Set()).map((row) => `${'  '.repeat(row.depth)}${row.id}`)).toEqual(['a', 'g', '  g.x', '  h', '    g.h.y', '  g.z', 'b'])
  })
  it('leaves out what is in a closed group but remembers its tasks', () => {
    const rows = buildRows(shape, new Set(['g']))
    expect(rows.map((row) => row.id)).toEqual(['a', 'g', 'b'])
    expect(rows[1]?.tasks).toEqual(['g.x', 'g.h.y', 'g.z'])
    expect(rows[1]?.open).toBe(false)
  })
  it('shows a task whose group is unknown at the top', () => {
    expect(buildRows({ tasks: [task('x', 'ghost')], groups: [] }, new Set()).map((row) => row.depth)).toEqual([0])
  })
})

describe('foldCell', () => {
  const row = { kind: 'group' as const, id: 'g', tasks: ['x', 'y'] }
  it('shows the most telling state and the counts', () => {
    expect(foldCell({ x: cell('success'), y: cell('failed') }, row)).toMatchObject({ state: 'failed', counts: { success: 1, failed: 1 } })
    expect(foldCell({ x: cell('success'), y: cell(null) }, row)?.state).toBe(null)
    expect(foldCell({ x: cell('success'), y: cell('skipped') }, row)?.state).toBe('skipped')
  })
  it('spans from the first start to the last end, open while something is', () => {
    const x = cell('success', '2025-01-01T00:00:00Z', '2025-01-01T00:10:00Z')
    expect(foldCell({ x, y: cell('success', '2025-01-01T00:05:00Z', '2025-01-01T00:20:00Z') }, row)).toMatchObject({ start: '2025-01-01T00:00:00Z', end: '2025-01-01T00:20:00Z' })
    expect(foldCell({ x, y: cell('running', '2025-01-01T00:05:00Z') }, row)?.end).toBe(null)
  })
  it('is null when the run knows none of the tasks', () => {
    expect(foldCell({ other: cell('success') }, row)).toBe(null)
    expect(foldCell(undefined, row)).toBe(null)
  })
})

it('marks new days where there is room', () => {
  expect([...dayMarks(['1', '1', '2', '3', '3', '4'], 20, 50)]).toEqual([
    [0, '1'],
    [3, '3'],
  ])
})
