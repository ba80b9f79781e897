/** The tabs of a run: timeline, graph, details. */
import { Link, useOutletContext } from 'react-router'
import { path } from '@/api/http'
import { JsonBlock } from '@/components/Code'
import { Card, Facts } from '@/components/Page'
import { StateBadge } from '@/components/StateIcon'
import { Duration, Time } from '@/components/Time'
import { DagGraph } from '@/features/graph/DagGraph'
import { runTypeLabel, triggerLabel } from './labels'
import type { RunContext } from './RunPage'
import { Timeline } from './Timeline'

export function RunTimeline() {
  const { run, rows, cells, toggle } = useOutletContext<RunContext>()
  return <Timeline dagId={run.dag_id} runId={run.dag_run_id} rows={rows} cells={cells} onToggle={toggle} start={run.start_date} end={run.end_date} />
}

export function RunGraph() {
  const { run, structure, cells, closed, toggle } = useOutletContext<RunContext>()
  return <DagGraph structure={structure} cells={cells} runId={run.dag_run_id} closed={closed} onToggle={toggle} />
}

export function RunDetails() {
  const { run } = useOutletContext<RunContext>()
  const version = run.dag_versions.at(-1)
  return (
    <div className="page-body">
      <div className="page-narrow cards cards-2">
        <Card title="Run">
          <Facts
            rows={[
              ['State', <StateBadge key="s" state={run.state} />],
              ['Run id', <code key="id">{run.dag_run_id}</code>],
              ['Type', runTypeLabel(run.run_type)],
              ['Triggered by', [run.triggering_user_name, triggerLabel(run.triggered_by)].filter(Boolean).join(', ')],
              ['Logical date', <Time key="l" at={run.logical_date} />],
              ['Data interval', run.data_interval_start !== null && <span key="d"><Time at={run.data_interval_start} /> – <Time at={run.data_interval_end} /></span>],
              ['Run after', <Time key="a" at={run.run_after} />],
              ['Queued', <Time key="q" at={run.queued_at} />],
              ['Started', <Time key="b" at={run.start_date} />],
              ['Ended', <Time key="e" at={run.end_date} />],
              ['Duration', <Duration key="t" start={run.start_date} end={run.end_date} />],
              ['Last decision', <Time key="x" at={run.last_scheduling_decision} />],
              ['DAG version', version && <Link key="v" className="link" to={`/dags${path(run.dag_id)}/code?version=${version.version_number}`}>{version.version_number}</Link>],
              ['Note', run.note],
            ]}
          />
        </Card>
        <Card title="Configuration">
          {run.conf !== null && Object.keys(run.conf).length > 0 ? <JsonBlock value={run.conf} /> : <p className="dimmer card-none">It was given none.</p>}
        </Card>
      </div>
    </div>
  )
}
