/** The grid of runs (columns, newest at the right) by tasks (rows): a treegrid walked with the arrow keys. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useLayoutEffect, useMemo, useRef, type FocusEvent, type KeyboardEvent, type MouseEvent } from 'react'
import { useNavigate } from 'react-router'
import { path } from '@/api/http'
import type { Grid, GridCell, GridRun } from '@/api/types'
import { Icon } from '@/components/Icon'
import { StateIcon, stateVars } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { useZone } from '@/components/Time'
import { formatInstant, formatShort } from '@/components/time'
import { barHeights } from '@/features/dags/bars'
import { dayMarks, foldCell, type Row } from './rows'

/** What the reader points at: a run, or a row of it. */
export interface Target {
  runId: string
  rowId: string | null
}

interface Props {
  dagId: string
  grid: Grid
  rows: readonly Row[]
  onTarget: (target: Target | null) => void
  onToggle: (groupId: string) => void
}

const COLUMN = 24
const ROW = 26

export const GridTable = memo(function GridTable({ dagId, grid, rows, onTarget, onToggle }: Props) {
  const navigate = useNavigate()
  const { zone } = useZone()
  const scroller = useRef<HTMLDivElement>(null)
  const runs = useMemo(() => grid.runs.toReversed(), [grid.runs])
  const heights = barHeights(runs)
  const marks = dayMarks(runs.map((run) => formatShort(run.run_after, zone, 0).replace(/ \d{4}|,.*/g, '')), COLUMN, 46)
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 24, paddingStart: 0 })

  const nameWidth = Math.min(320, Math.max(170, ...rows.map((row) => row.label.length * 7.2 + row.depth * 14 + (row.mapped ? 116 : 66))))

  // The newest runs are at the right: start there, and stay there when one is added.
  const newest = grid.runs[0]?.run_id
  useLayoutEffect(() => {
    const element = scroller.current
    if (element) element.scrollLeft = element.scrollWidth
  }, [newest])

  const targetOf = (event: MouseEvent | FocusEvent): Target | null => {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-run]') : null
    return cell ? { runId: cell.dataset['run'] ?? '', rowId: cell.dataset['row'] ?? null } : null
  }
  const open = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    void navigate(link.getAttribute('href') ?? '')
  }
  const walk = (event: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }
    const step = steps[event.key]
    const at = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-at]')?.dataset['at'] : undefined
    if (!step || at === undefined) return
    event.preventDefault()
    const [row = 0, column = 0] = at.split(',').map(Number)
    scroller.current?.querySelector<HTMLElement>(`[data-at="${row + step[0]},${column + step[1]}"]`)?.focus()
  }

  return (
    <div
      ref={scroller}
      className="grid"
      role="treegrid"
      aria-label="Runs and tasks"
      aria-rowcount={rows.length + 1}
      style={{ '--columns': runs.length, '--column': `${COLUMN}px`, '--grid-row': `${ROW}px`, '--name': `${nameWidth}px` } as React.CSSProperties}
      onMouseOver={(event) => onTarget(targetOf(event))}
      onMouseLeave={() => onTarget(null)}
      onFocus={(event) => onTarget(targetOf(event))}
      onClick={open}
      onKeyDown={walk}
    >
      <div className="grid-head" role="row">
        <div className="grid-name grid-corner" role="columnheader">
          Duration
        </div>
        {runs.map((run, index) => (
          <div key={run.run_id} role="columnheader" className="grid-column" data-mark={marks.has(index) || undefined}>
            {marks.has(index) && <span className="grid-mark">{marks.get(index)}</span>}
            <a href={`/dags${path(dagId)}/runs${path(run.run_id)}`} className="grid-bar" tabIndex={index === runs.length - 1 ? 0 : -1} data-run={run.run_id} data-at={`-1,${index}`} aria-label={`Run of ${formatInstant(run.run_after, zone)}: ${stateLabel(run.state)}`}>
              <span style={{ ...stateVars(run.state), height: `${heights[index]}%` }} data-state={run.state} />
            </a>
            <RunMark run={run} />
          </div>
        ))}
      </div>
      <div className="grid-rows" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]
          if (!row) return null
          return (
            <div key={row.id} role="row" className="grid-row" aria-level={row.depth + 1} aria-expanded={row.kind === 'group' ? row.open : undefined} aria-rowindex={item.index + 2} style={{ transform: `translateY(${item.start}px)` }}>
              <RowName row={row} onToggle={onToggle} />
              {runs.map((run, index) => (
                <Cell key={run.run_id} dagId={dagId} runId={run.run_id} row={row} cell={foldCell(grid.task_instances[run.run_id], row)} at={`${item.index},${index}`} />
              ))}
            </div>
          )
        })}
      </div>
    </div>
  )
})

/** The state of a run in a tile; a mark for those that no schedule started. */
function RunMark({ run }: { run: GridRun }) {
  return (
    <span className="grid-run">
      <StateIcon state={run.state} size={18} />
      {run.run_type !== 'scheduled' && <Icon name={run.run_type === 'manual' ? 'hand' : run.run_type === 'backfill' ? 'left' : 'plug'} size={11} className="grid-type" />}
    </span>
  )
}

function RowName({ row, onToggle }: { row: Row; onToggle: (groupId: string) => void }) {
  const indent = { paddingLeft: 16 + row.depth * 14 }
  if (row.kind === 'group') {
    return (
      <div role="rowheader" className="grid-name grid-group">
        <button type="button" style={indent} aria-expanded={row.open} onClick={() => onToggle(row.id)}>
          <Icon name={row.open ? 'down' : 'right'} size={12} />
          <span className="truncate">{row.label}</span>
          <span className="dimmer tabular">{row.tasks.length}</span>
        </button>
      </div>
    )
  }
  return (
    <div role="rowheader" className="grid-name" style={{ ...indent, paddingLeft: indent.paddingLeft + 17 }} title={`${row.id} · ${row.operator ?? ''}`}>
      <span className="truncate">{row.label}</span>
      {row.mapped && <span className="tag">mapped</span>}
    </div>
  )
}

interface CellProps {
  dagId: string
  runId: string
  row: Row
  cell: GridCell | null
  at: string
}

const Cell = memo(
  function Cell({ dagId, runId, row, cell, at }: CellProps) {
    if (!cell) return <div role="gridcell" className="grid-cell" />
    const run = `/dags${path(dagId)}/runs${path(runId)}`
    const many = cell.counts && row.kind === 'task' ? Object.values(cell.counts).reduce((sum, count) => sum + count, 0) : 0
    return (
      <div role="gridcell" className="grid-cell">
        <a
          href={row.kind === 'task' ? `${run}/tasks${path(row.id)}` : run}
          tabIndex={-1}
          data-run={runId}
          data-row={row.id}
          data-at={at}
          data-fold={row.kind === 'group' ? (row.open ? 'open' : 'closed') : undefined}
          aria-label={`${row.label}: ${stateLabel(cell.state)}${many > 0 ? `, ${many} mapped` : ''}`}
        >
          <StateIcon state={cell.state} size={row.open ? 10 : 18} />
          {row.kind === 'task' && cell.try > 1 && <span className="grid-tries">{cell.try}</span>}
        </a>
      </div>
    )
  },
  (a, b) => a.row.id === b.row.id && a.runId === b.runId && a.at === b.at && a.row.label === b.row.label && a.cell?.state === b.cell?.state && a.cell?.try === b.cell?.try && a.row.open === b.row.open,
)
