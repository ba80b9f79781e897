/** Everything the DAG declares. */
import { useDag } from '@/api/queries'
import { JsonBlock } from '@/components/Code'
import { Problem, Skeleton } from '@/components/Feedback'
import { Markdown } from '@/components/Markdown'
import { Card, Facts } from '@/components/Page'
import { Time } from '@/components/Time'
import { formatDuration, parseIsoDuration } from '@/components/time'
import { useDagId } from './dag-id'
import { NextRunsCard } from './next-runs/NextRunsCard'

const yesNo = (value: boolean | null | undefined) => (value === null || value === undefined ? null : value ? 'Yes' : 'No')

export function DetailsTab() {
  const dag = useDag(useDagId())
  if (dag.isError) return <Problem error={dag.error} retry={() => void dag.refetch()} />
  if (dag.isPending) return <Skeleton rows={10} height={34} />
  const d = dag.data
  const timeout = d.dag_run_timeout === null ? null : parseIsoDuration(d.dag_run_timeout)
  return (
    <div className="page-body">
      <div className="page-narrow cards cards-2">
        <div className="cards">
          {d.doc_md !== null && d.doc_md !== '' && (
            <Card title="Notes">
              <div className="prose" style={{ paddingTop: 12 }}>
                <Markdown text={d.doc_md} />
              </div>
            </Card>
          )}
          <Card title="Schedule">
            <Facts
              rows={[
                ['Timetable', d.timetable_summary === null ? 'Not scheduled' : <code key="t">{d.timetable_summary}</code>],
                ['In words', d.timetable_description],
                ['Time zone', d.timezone],
                ['Next run', <Time key="n" at={d.next_dagrun_run_after} />],
                ['Next logical date', <Time key="l" at={d.next_dagrun_logical_date} />],
                ['Next interval', d.next_dagrun_data_interval_start !== null && <span key="i"><Time at={d.next_dagrun_data_interval_start} /> – <Time at={d.next_dagrun_data_interval_end} /></span>],
                ['Start date', <Time key="s" at={d.start_date} />],
                ['End date', <Time key="e" at={d.end_date} />],
                ['Catch up', yesNo(d.catchup)],
              ]}
            />
          </Card>
          <Card title="Limits">
            <Facts
              rows={[
                ['Active runs', d.max_active_runs],
                ['Active tasks', d.max_active_tasks],
                ['Run timeout', d.dag_run_timeout === null ? 'None' : timeout === null ? d.dag_run_timeout : formatDuration(timeout)],
                ['Failed runs before it pauses', d.max_consecutive_failed_dag_runs === 0 ? 'Never' : d.max_consecutive_failed_dag_runs],
              ]}
            />
          </Card>
        </div>
        <div className="cards">
          <NextRunsCard dagId={d.dag_id} paused={d.is_paused} />
          <Card title="Definition">
            <Facts
              rows={[
                ['DAG id', <code key="id">{d.dag_id}</code>],
                ['Description', d.description],
                ['Owners', d.owners.join(', ')],
                ['File', <code key="f">{d.fileloc}</code>],
                ['Bundle', d.bundle_name],
                ['Version', d.latest_dag_version && <span key="v">{d.latest_dag_version.version_number}, <Time at={d.latest_dag_version.created_at} relative /></span>],
                ['Last parsed', <Time key="p" at={d.last_parsed_time} relative />],
                ['Parsing took', d.last_parse_duration === null ? null : formatDuration(d.last_parse_duration * 1000)],
              ]}
            />
          </Card>
          {d.params !== null && Object.keys(d.params).length > 0 && (
            <Card title="Parameters">
              <JsonBlock value={d.params} />
            </Card>
          )}
          {d.default_args !== null && Object.keys(d.default_args).length > 0 && (
            <Card title="Default arguments">
              <JsonBlock value={d.default_args} />
            </Card>
          )}
        </div>
      </div>
    </div>
  )
}
