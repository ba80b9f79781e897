/** The same task in the last runs, this one marked; a way from run to run. */
import { Link } from 'react-router'
import { path } from '@/api/http'
import { useGrid } from '@/api/queries'
import { StateIcon } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { useZone } from '@/components/Time'
import { formatInstant } from '@/components/time'
import type { TaskRef } from '@/features/actions/targets'

const SHOWN = 12

export function Recent({ task }: { task: TaskRef }) {
  const { zone } = useZone()
  const grid = useGrid(task.dagId, 25)
  const runs = grid.data?.runs ?? []
  const at = runs.findIndex((run) => run.run_id === task.runId)
  if (at < 0) return null
  const from = Math.max(0, Math.min(at - SHOWN / 2, runs.length - SHOWN))
  return (
    <nav className="recent" aria-label="This task in other runs, oldest first">
      {runs
        .slice(from, from + SHOWN)
        .reverse()
        .map((run) => {
          const state = grid.data?.task_instances[run.run_id]?.[task.taskId]?.state ?? null
          const label = `${formatInstant(run.run_after, zone)}: ${stateLabel(state)}`
          return (
            <Link key={run.run_id} to={`/dags${path(task.dagId)}/runs${path(run.run_id)}/tasks${path(task.taskId)}`} title={label} aria-label={label} aria-current={run.run_id === task.runId ? 'page' : undefined}>
              <StateIcon state={state} size={14} />
            </Link>
          )
        })}
    </nav>
  )
}
