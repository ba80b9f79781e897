/** A DAG as a picture, with the states of one run when there is one. */
import { memo, useMemo, useState, type ReactNode } from 'react'
import { Link } from 'react-router'
import { path } from '@/api/http'
import type { GridCell, Structure } from '@/api/types'
import { IconButton } from '@/components/Button'
import { Icon } from '@/components/Icon'
import { useShortcuts } from '@/components/shortcuts'
import { StateIcon, stateVars } from '@/components/StateIcon'
import { sortedCounts, stateLabel } from '@/components/states'
import { Duration } from '@/components/Time'
import { foldCell } from '@/features/dag/grid/rows'
import { layoutGraph, type Layout } from '@/graph/layout'
import { labelPoint, toPath } from '@/graph/path'
import { connected, groupTasks, toGraph } from './model'
import { operatorLabel } from './operator'
import { usePanZoom } from './pan-zoom'
import './graph.css'

interface Props {
  structure: Structure
  /** Cells of the run that is shown; null for the DAG alone. */
  cells: Readonly<Record<string, GridCell>> | null
  /** The run whose tasks the nodes lead to. */
  runId: string | null
  closed: ReadonlySet<string>
  onToggle: (groupId: string) => void
  children?: ReactNode
}

export function DagGraph({ structure, cells, runId, closed, onToggle, children }: Props) {
  const layout = useMemo(() => layoutGraph(...toGraph(structure), closed), [structure, closed])
  const [pointed, setPointed] = useState<string | null>(null)
  const near = useMemo(() => (pointed === null ? null : connected(layout.edges, pointed)), [layout, pointed])
  const { frame, view, fit, zoom, onPointerDown } = usePanZoom(layout)
  useShortcuts({ '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8), '0': fit })
  const inside = useMemo(() => groupTasks(structure), [structure])

  return (
    <div className="graph" ref={frame} onPointerDown={onPointerDown} data-pointing={near !== null || undefined}>
      <div className="graph-world" style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`, width: layout.width, height: layout.height }}>
        {layout.groups.map((box) => {
          const group = structure.groups.find((item) => item.group_id === box.id)
          return (
            <div key={box.id} className="graph-group" style={{ left: box.x, top: box.y, width: box.width, height: box.height }} title={group?.tooltip ?? undefined}>
              <button type="button" onClick={() => onToggle(box.id)} aria-expanded="true" aria-label={`Close the group ${group?.label ?? box.id}`}>
                <Icon name="down" size={12} />
                {group?.label ?? box.id}
              </button>
            </div>
          )
        })}
        <Edges layout={layout} near={near} />
        {layout.nodes.map((box) => {
          const tasks = inside.get(box.id)
          const group = tasks ? structure.groups.find((item) => item.group_id === box.id) : undefined
          const task = group ? undefined : structure.tasks.find((item) => item.task_id === box.id)
          const cell = cells ? foldCell(cells, { kind: group ? 'group' : 'task', id: box.id, tasks: tasks ?? [box.id] }) : null
          const label = group?.label ?? task?.label ?? box.id
          const common = {
            className: 'graph-node',
            style: { left: box.x, top: box.y, width: box.width, height: box.height, ...(cells ? stateVars(cell?.state ?? null) : {}) },
            'data-state': cells ? (cell?.state ?? 'none') : undefined,
            'data-near': near?.has(box.id) ?? undefined,
            'data-stack': group !== undefined || task?.is_mapped || undefined,
            onMouseEnter: () => setPointed(box.id),
            onMouseLeave: () => setPointed(null),
            onFocus: () => setPointed(box.id),
            onBlur: () => setPointed(null),
            title: `${box.id}${cell ? ` · ${stateLabel(cell.state)}` : ''}${task && task.trigger_rule !== 'all_success' ? ` · ${task.trigger_rule}` : ''}`,
          }
          const content = (
            <>
              {cells ? <StateIcon state={cell?.state ?? null} size={20} /> : <Icon name={group ? 'pool' : 'grid'} size={14} className="dimmer" />}
              <span className="graph-text">
                <span className="truncate">{label}</span>
                <small className="truncate">{group ? <GroupLine count={tasks?.length ?? 0} cell={cell} /> : <TaskLine operator={task?.operator ?? ''} cell={cell} mapped={task?.is_mapped ?? false} />}</small>
              </span>
            </>
          )
          if (group) {
            return (
              <button type="button" key={box.id} {...common} onClick={() => onToggle(box.id)} aria-expanded="false" aria-label={`Open the group ${label}`}>
                {content}
                <Icon name="right" size={12} className="dimmer" />
              </button>
            )
          }
          return runId !== null && (!cells || cell) ? (
            <Link key={box.id} to={`/dags${path(structure.dag_id)}/runs${path(runId)}/tasks${path(box.id)}`} {...common}>
              {content}
            </Link>
          ) : (
            <div key={box.id} {...common} tabIndex={0}>
              {content}
            </div>
          )
        })}
        <EdgeLabels layout={layout} structure={structure} />
      </div>
      {children && <div className="graph-top">{children}</div>}
      <div className="graph-tools">
        <IconButton icon="plus" label="Zoom in (+)" onClick={() => zoom(1.25)} />
        <IconButton icon="minus" label="Zoom out (−)" onClick={() => zoom(0.8)} />
        <IconButton icon="fit" label="Show everything (0)" onClick={fit} />
      </div>
    </div>
  )
}

const GroupLine = ({ count, cell }: { count: number; cell: GridCell | null }) => (
  <>
    {count} tasks
    {cell?.counts && sortedCounts(cell.counts).length > 1 && ` · ${sortedCounts(cell.counts).map(([state, n]) => `${n} ${stateLabel(state).toLowerCase()}`)[0]}`}
  </>
)

function TaskLine({ operator, cell, mapped }: { operator: string; cell: GridCell | null; mapped: boolean }) {
  const total = cell?.counts ? Object.values(cell.counts).reduce((sum, count) => sum + count, 0) : 0
  return (
    <>
      {mapped ? `${total > 0 ? total : ''} mapped` : operatorLabel(operator)}
      {cell !== null && cell.start !== null && (
        <>
          {' · '}
          <Duration start={cell.start} end={cell.state === 'running' ? null : (cell.end ?? cell.start)} />
        </>
      )}
    </>
  )
}

const Edges = memo(function Edges({ layout, near }: { layout: Layout; near: ReadonlySet<string> | null }) {
  return (
    <svg className="graph-edges" width={Math.max(1, layout.width)} height={Math.max(1, layout.height)} aria-hidden="true">
      {layout.edges.map((edge) => {
        const on = near !== null && edge.sources.some((id) => near.has(id)) && edge.targets.some((id) => near.has(id))
        const end = edge.points.at(-1)
        return (
          <g key={edge.id} data-on={on || undefined}>
            <path d={toPath(edge.points)} />
            {edge.arrow && end && <path className="graph-arrow" d={`M${end.x - 6} ${end.y - 4}L${end.x - 0.5} ${end.y}L${end.x - 6} ${end.y + 4}`} />}
          </g>
        )
      })}
    </svg>
  )
})

/** Names of branches, on the longest stretch of their line. */
const EdgeLabels = memo(function EdgeLabels({ layout, structure }: { layout: Layout; structure: Structure }) {
  return structure.edge_labels.map(({ from, to, label }) => {
    const stretches = layout.edges.filter((edge) => edge.sources.includes(from) && edge.targets.includes(to)).map((edge) => labelPoint(edge.points))
    const at = stretches.reduce<(typeof stretches)[number] | null>((best, next) => (best === null || next.room > best.room ? next : best), null)
    if (!at || label === '') return null
    return (
      <span key={`${from} ${to}`} className="graph-label" style={{ left: at.x, top: at.y }}>
        {label}
      </span>
    )
  })
})
