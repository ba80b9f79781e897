/** One DAG in the list. */
import { memo } from 'react'
import { Link } from 'react-router'
import { path } from '@/api/http'
import type { DagRow as Dag } from '@/api/types'
import { Switch } from '@/components/Button'
import { Icon } from '@/components/Icon'
import { StateIcon } from '@/components/StateIcon'
import { Duration, Time } from '@/components/Time'
import { RunStrip } from './RunStrip'

interface Props {
  dag: Dag
  index: number
  selected: boolean
  onTag: (tag: string) => void
  onPause: (paused: boolean) => void
}

export const DagRow = memo(function DagRow({ dag, index, selected, onTag, onPause }: Props) {
  const href = '/dags' + path(dag.dag_id)
  const last = dag.recent_runs[0]
  const active = dag.active_runs.running + dag.active_runs.queued
  return (
    <div className="dag-row" role="row" data-row={index} data-dag={dag.dag_id} data-selected={selected || undefined} data-paused={dag.is_paused || undefined}>
      <span role="cell">
        <Switch checked={!dag.is_paused} label={dag.is_paused ? `Unpause ${dag.dag_id}` : `Pause ${dag.dag_id}`} onChange={(on) => onPause(!on)} />
      </span>
      <span role="cell" className="dag-name">
        <span className="row">
          <Link to={href} className="cell-link truncate">
            {dag.dag_display_name}
          </Link>
          {dag.has_import_errors && (
            <Link to="/import-errors" className="dag-broken" title="Its file could not be imported the last time; this is the version before">
              <Icon name="alert" size={14} />
              <span className="visually-hidden">Import error</span>
            </Link>
          )}
          {dag.is_stale && <span className="tag">file gone</span>}
          {dag.tags.map((tag) => (
            <button key={tag} type="button" className="tag" title={`Only DAGs with the tag ${tag}`} onClick={() => onTag(tag)}>
              {tag}
            </button>
          ))}
        </span>
        <small className="truncate">{dag.description ?? dag.relative_fileloc ?? dag.fileloc}</small>
      </span>
      <span role="cell" className="truncate dim" title={dag.timetable_description ?? undefined}>
        {dag.timetable_summary !== null && dag.timetable_summary !== 'None' ? <code>{dag.timetable_summary}</code> : <span className="dimmer">Not scheduled</span>}
      </span>
      <span role="cell" className="dim">
        {dag.is_paused ? <span className="dimmer">Paused</span> : <Time at={dag.next_dagrun_run_after} relative />}
      </span>
      <span role="cell">
        {last ? (
          <Link to={`${href}/runs${path(last.run_id)}`} className="dag-last">
            <StateIcon state={last.state} label />
            <span className="dim">{last.state === 'running' ? <Duration start={last.start_date} end={null} /> : <Time at={last.end_date ?? last.start_date ?? last.run_after} relative />}</span>
            {active > 1 && <span className="count" title={`${dag.active_runs.running} running, ${dag.active_runs.queued} queued`}>{active}</span>}
          </Link>
        ) : (
          <span className="dimmer">Never</span>
        )}
      </span>
      <span role="cell">
        <RunStrip dagId={dag.dag_id} runs={dag.recent_runs} />
      </span>
      <span role="cell">
        <Link to={`${href}/trigger`} className="icon-button" aria-label={`Trigger ${dag.dag_id}`} title="Trigger (t)">
          <Icon name="play" size={14} />
        </Link>
      </span>
    </div>
  )
})
