/** All instances of a mapped task in a run. */
import { useState } from 'react'
import { Link } from 'react-router'
import { path } from '@/api/http'
import { useMapped } from '@/api/queries'
import type { TaskInstanceState } from '@/api/types'
import { Button } from '@/components/Button'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { Pager } from '@/components/Page'
import { StateBadge, StateIcon } from '@/components/StateIcon'
import { stateLabel, taskStates } from '@/components/states'
import { Duration, Time } from '@/components/Time'
import { ClearTask } from '@/features/actions/ClearDialogs'
import type { TaskRef } from '@/features/actions/targets'
import { Recent } from './Recent'

const PAGE = 50

export function MappedList({ task }: { task: TaskRef }) {
  const [state, setState] = useState<TaskInstanceState | null>(null)
  const [offset, setOffset] = useState(0)
  const [clearing, setClearing] = useState(false)
  const list = useMapped(task.dagId, task.runId, task.taskId, { limit: PAGE, offset, state: state === null ? undefined : [state] })
  const rows = list.data?.task_instances ?? []
  const choose = (next: TaskInstanceState | null) => {
    setState(next)
    setOffset(0)
  }
  return (
    <>
      <div className="task-head">
        <div className="task-title">
          <h2 className="truncate">{task.taskId}</h2>
          <Recent task={task} />
        </div>
        <div className="task-facts">
          <Menu
            label="State"
            align="left"
            className={`button ${state ? 'button-on' : ''}`}
            trigger={
              <>
                {state ? <StateIcon state={state} size={14} /> : <Icon name="filter" size={14} />}
                {state ? stateLabel(state) : 'State'}
                <Icon name="down" size={12} />
              </>
            }
            items={[{ label: 'Any state', checked: state === null, onSelect: () => choose(null) }, ...taskStates.map((item) => ({ label: stateLabel(item), checked: item === state, onSelect: () => choose(item) }))]}
          />
          <span className="dim tabular">{list.data?.total_entries ?? rows.length} mapped instances</span>
          <span className="grow" />
          <Button icon="clear" onClick={() => setClearing(true)}>
            Clear all
          </Button>
        </div>
      </div>
      <div className="page-body">
        {list.isError ? (
          <Problem error={list.error} retry={() => void list.refetch()} />
        ) : list.isPending ? (
          <Skeleton rows={10} height={38} />
        ) : rows.length === 0 ? (
          <Empty icon="grid" title={state ? 'None is in this state' : 'It has not been expanded yet'}>
            {state ? 'Choose another state.' : 'Its instances are made when what it is mapped over is known.'}
          </Empty>
        ) : (
          <>
            <table className="table">
              <thead>
                <tr>
                  <th>Index</th>
                  <th>State</th>
                  <th>Try</th>
                  <th>Started</th>
                  <th className="num">Duration</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((ti) => (
                  <tr key={ti.map_index}>
                    <td>
                      <Link className="cell-link" to={`/dags${path(task.dagId)}/runs${path(task.runId)}/tasks${path(task.taskId, ti.map_index)}`}>
                        {ti.rendered_map_index ?? ti.map_index}
                      </Link>
                    </td>
                    <td>
                      <StateBadge state={ti.state} />
                    </td>
                    <td className="dim">{ti.try_number}</td>
                    <td className="dim">
                      <Time at={ti.start_date} />
                    </td>
                    <td className="num">{ti.start_date === null ? <span className="dimmer">–</span> : <Duration start={ti.start_date} end={ti.state === 'running' ? null : (ti.end_date ?? ti.start_date)} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Pager offset={offset} limit={PAGE} total={list.data.total_entries ?? rows.length} onOffset={setOffset} />
          </>
        )}
      </div>
      {clearing && <ClearTask task={task} onClose={() => setClearing(false)} />}
    </>
  )
}
