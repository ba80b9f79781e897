/** The DAG page's graph, with the states of a chosen run. */
import { useSearchParams } from 'react-router'
import { useGrid, useStructure } from '@/api/queries'
import { Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { StateIcon } from '@/components/StateIcon'
import { Time } from '@/components/Time'
import { DagGraph } from '@/features/graph/DagGraph'
import { useClosedGroups } from './closed-groups'
import { useDagId } from './dag-id'

export function GraphTab() {
  const dagId = useDagId()
  const [params, setParams] = useSearchParams()
  const grid = useGrid(dagId, 25)
  const structure = useStructure(dagId)
  const [closed, toggle] = useClosedGroups(dagId)
  if (structure.isError) return <Problem error={structure.error} retry={() => void structure.refetch()} />
  if (!structure.data || grid.isPending) return <Skeleton rows={8} height={44} />

  const wanted = params.get('run')
  const runs = grid.data?.runs ?? []
  const run = wanted === '' ? undefined : (runs.find((item) => item.run_id === wanted) ?? runs[0])
  const show = (runId: string) => setParams({ run: runId }, { replace: true })
  return (
    <DagGraph structure={structure.data} cells={run ? (grid.data?.task_instances[run.run_id] ?? {}) : null} runId={run?.run_id ?? null} closed={closed} onToggle={toggle}>
      {runs.length > 0 && (
        <Menu
          label="Run whose states are shown"
          align="left"
          className="button button-ghost"
          trigger={
            <>
              {run ? <StateIcon state={run.state} /> : <Icon name="dags" size={14} />}
              {run ? <Time at={run.run_after} /> : 'No run'}
              <Icon name="down" size={12} />
            </>
          }
          items={[
            { label: 'No run', checked: !run, onSelect: () => show('') },
            'line',
            ...runs.map((item) => ({
              label: (
                <span className="row">
                  <StateIcon state={item.state} label /> <Time at={item.run_after} />
                </span>
              ),
              checked: item === run,
              onSelect: () => show(item.run_id),
            })),
          ]}
        />
      )}
    </DagGraph>
  )
}
