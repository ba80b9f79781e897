/** The tasks of a run as a tree with their states: the way through a run. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, type ReactNode } from 'react'
import { NavLink } from 'react-router'
import { path } from '@/api/http'
import type { GridCell } from '@/api/types'
import { Icon } from '@/components/Icon'
import { StateIcon } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { Duration } from '@/components/Time'
import { foldCell, type Row } from '@/features/dag/grid/rows'

export interface TreeProps {
  dagId: string
  runId: string
  rows: readonly Row[]
  cells: Readonly<Record<string, GridCell>>
  onToggle: (groupId: string) => void
  /** The task that is shown, kept in view. */
  current?: string | undefined
  /** What stands beside each row (the timeline's bars). */
  beside?: (row: Row, cell: GridCell | null) => ReactNode
  head?: ReactNode
  className?: string
}

export const TREE_ROW = 30

export function TaskTree({ dagId, runId, rows, cells, onToggle, current, beside, head, className = '' }: TreeProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => TREE_ROW, overscan: 20 })
  const at = current === undefined ? -1 : rows.findIndex((row) => row.id === current)
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' })
    // Only when another task is chosen; new rows must not move what the reader looks at.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [current])

  return (
    <div ref={scroller} className={`tree ${className}`} role="tree" aria-label="Tasks of this run">
      {head}
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]
          if (!row) return null
          const cell = foldCell(cells, row)
          const indent = { paddingLeft: 14 + row.depth * 14 }
          const time = cell && cell.start !== null && <Duration start={cell.start} end={cell.state === 'running' ? null : (cell.end ?? cell.start)} />
          return (
            <div key={row.id} role="treeitem" aria-level={row.depth + 1} aria-expanded={row.kind === 'group' ? row.open : undefined} className="tree-row" style={{ transform: `translateY(${item.start}px)` }}>
              {row.kind === 'group' ? (
                <button type="button" className="tree-name tree-group" style={indent} onClick={() => onToggle(row.id)}>
                  <Icon name={row.open ? 'down' : 'right'} size={12} />
                  {!row.open && <StateIcon state={cell?.state ?? null} />}
                  <span className="truncate grow">{row.label}</span>
                  {!row.open && <span className="tree-time">{time}</span>}
                </button>
              ) : (
                <NavLink className="tree-name" style={{ paddingLeft: indent.paddingLeft + 2 }} to={`/dags${path(dagId)}/runs${path(runId)}/tasks${path(row.id)}`} title={`${row.id}: ${stateLabel(cell?.state ?? null)}`}>
                  <StateIcon state={cell?.state ?? null} label />
                  <span className="truncate grow">{row.label}</span>
                  {cell?.counts && <span className="count">{Object.values(cell.counts).reduce((sum, count) => sum + count, 0)}</span>}
                  <span className="tree-time">{time}</span>
                </NavLink>
              )}
              {beside?.(row, cell)}
            </div>
          )
        })}
      </div>
    </div>
  )
}
