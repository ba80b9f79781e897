/** A filterable list of runs, of one DAG or of all. */
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { path } from '@/api/http'
import { useRuns } from '@/api/queries'
import type { DagRunState } from '@/api/types'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { SearchBox } from '@/components/Field'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { Pager } from '@/components/Page'
import { StateBadge, StateIcon } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { Duration, Time } from '@/components/Time'
import { useDebounced } from '@/components/debounced'
import { withParams } from '@/features/dags/filters'
import { runTypeLabel } from '@/features/run/labels'

const PAGE = 50
const states: readonly DagRunState[] = ['running', 'queued', 'success', 'failed']

export function RunsTable({ dagId }: { dagId: string }) {
  const all = dagId === '~'
  const [params, setParams] = useSearchParams()
  const [text, setText] = useState(params.get('q') ?? '')
  const state = states.find((item) => item === params.get('state'))
  const offset = Number(params.get('offset') ?? 0) || 0
  const change = (changes: Record<string, string | null>) => setParams((now) => withParams(now, changes), { replace: true })
  useDebounced(text, params.get('q') ?? '', (q) => change({ q }))
  const q = params.get('q') ?? ''
  const runs = useRuns(dagId, { limit: PAGE, offset, state: state && [state], ...(q === '' ? {} : all ? { dag_id_pattern: `%${q}%` } : { run_id_pattern: `%${q}%` }) })
  const rows = runs.data?.dag_runs ?? []
  const filtered = state !== undefined || q !== ''

  return (
    <>
      <div className="toolbar">
        <SearchBox label={all ? 'Search by DAG' : 'Search by run id'} value={text} onChange={setText} />
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
          items={[
            { label: 'Any state', checked: !state, onSelect: () => change({ state: null }) },
            ...states.map((item) => ({ label: stateLabel(item), checked: item === state, onSelect: () => change({ state: item }) })),
          ]}
        />
      </div>
      <div className="page-body">
        {runs.isError ? (
          <Problem error={runs.error} retry={() => void runs.refetch()} />
        ) : runs.isPending ? (
          <Skeleton rows={12} height={38} />
        ) : rows.length === 0 ? (
          <Empty icon="runs" title={filtered ? 'No run matches' : 'No runs yet'}>
            {filtered ? 'Change the search or the state.' : 'A run appears here as soon as it is planned or triggered.'}
          </Empty>
        ) : (
          <>
            <table className="table">
              <thead>
                <tr>
                  <th>State</th>
                  {all && <th>DAG</th>}
                  <th>Run</th>
                  <th>Type</th>
                  <th>Run after</th>
                  <th>Started</th>
                  <th className="num">Duration</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((run) => (
                  <tr key={`${run.dag_id}/${run.dag_run_id}`}>
                    <td>
                      <StateBadge state={run.state} />
                    </td>
                    {all && (
                      <td>
                        <Link className="cell-link" to={'/dags' + path(run.dag_id)}>
                          {run.dag_display_name}
                        </Link>
                      </td>
                    )}
                    <td>
                      <Link className="cell-link mono" to={`/dags${path(run.dag_id)}/runs${path(run.dag_run_id)}`}>
                        {run.dag_run_id}
                      </Link>
                      {run.note !== null && run.note !== '' && (
                        <span className="dimmer" title={run.note}>
                          {' '}
                          <Icon name="note" size={13} className="inline-icon" />
                          <span className="visually-hidden">Note: {run.note}</span>
                        </span>
                      )}
                    </td>
                    <td className="dim">{runTypeLabel(run.run_type)}</td>
                    <td className="dim">
                      <Time at={run.run_after} />
                    </td>
                    <td className="dim">
                      <Time at={run.start_date} relative />
                    </td>
                    <td className="num">
                      <Duration start={run.start_date} end={run.end_date} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Pager offset={offset} limit={PAGE} total={runs.data.total_entries ?? offset + rows.length} onOffset={(next) => change({ offset: String(next) })} />
          </>
        )}
      </div>
    </>
  )
}
