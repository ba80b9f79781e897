/** The DAG page's first tab: its last runs by task. */
import { useCallback, useMemo, useState } from 'react'
import { useNavigate } from 'react-router'
import { path } from '@/api/http'
import { useDag, useGrid, useStructure } from '@/api/queries'
import { Button, Segmented } from '@/components/Button'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { useDagId } from '../dag-id'
import { useClosedGroups } from '../closed-groups'
import { GridTable, type Target } from './GridTable'
import { Peek } from './Peek'
import { buildRows } from './rows'
import './grid.css'

const sizes = ['10', '25', '50', '100'] as const

export function GridTab() {
  const dagId = useDagId()
  const navigate = useNavigate()
  const [size, setSize] = useState<(typeof sizes)[number]>('25')
  const [target, setTarget] = useState<Target | null>(null)
  const dag = useDag(dagId)
  const grid = useGrid(dagId, Number(size))
  const structure = useStructure(dagId)
  const [closed, toggle, setClosed] = useClosedGroups(dagId)
  const rows = useMemo(() => (structure.data ? buildRows(structure.data, closed) : []), [structure.data, closed])
  const point = useCallback((next: Target | null) => setTarget((now) => (now?.runId === next?.runId && now?.rowId === next?.rowId ? now : next)), [])

  const failed = grid.isError ? grid : structure.isError ? structure : null
  if (failed) return <Problem error={failed.error} retry={() => void failed.refetch()} />
  if (!grid.data || !structure.data) return <Skeleton rows={14} height={26} />
  const groups = structure.data.groups
  return (
    <div className="grid-tab">
      <div className="grid-main">
        <div className="toolbar">
          <Segmented label="Number of runs" value={size} choices={sizes.map((value) => ({ value, label: value, title: `Last ${value} runs` }))} onChange={setSize} />
          {groups.length > 0 && (
            <Button kind="ghost" onClick={() => setClosed(closed.size > 0 ? [] : groups.map((group) => group.group_id))}>
              {closed.size > 0 ? 'Open all groups' : 'Close all groups'}
            </Button>
          )}
        </div>
        {grid.data.runs.length === 0 ? (
          <Empty icon="play" title="It has not run yet" action={<Button kind="primary" icon="play" onClick={() => void navigate(`/dags${path(dagId)}/trigger`)}>Trigger a run</Button>}>
            {dag.data?.is_paused === true ? 'The DAG is paused; unpause it to have its schedule followed.' : 'Runs appear here as soon as they are planned.'}
          </Empty>
        ) : (
          <GridTable dagId={dagId} grid={grid.data} rows={rows} onTarget={point} onToggle={toggle} />
        )}
      </div>
      <Peek dag={dag.data} grid={grid.data} rows={rows} target={target} />
    </div>
  )
}
