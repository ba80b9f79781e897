/** The runs that a DAG's schedule will create next: a short timeline, from the planner that creates them. */
import { useNextRuns } from '@/api/queries'
import type { NextRuns } from '@/api/types'
import { Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Card } from '@/components/Page'
import { Time, useNow, useZone } from '@/components/Time'
import { zoneName } from '@/components/time'
import { coversTime, headOf, tailOf } from './words'
import './next-runs.css'

export function NextRunsCard({ dagId, paused }: { dagId: string; paused: boolean }) {
  const preview = useNextRuns(dagId, paused)
  return (
    <Card title="Next runs" className="next-runs" action={<ZoneNote schedule={preview.data?.timezone ?? null} />}>
      {preview.isError ? <Problem error={preview.error} retry={() => void preview.refetch()} /> : preview.isPending ? <Skeleton rows={5} height={30} /> : <NextRunsList preview={preview.data} />}
    </Card>
  )
}

/** Which clock the times are on, and which one the schedule follows. */
function ZoneNote({ schedule }: { schedule: string | null }) {
  const { zone } = useZone()
  const now = useNow()
  return (
    <span className="dimmer next-runs-zone">
      {zoneName(zone, now)}
      {schedule !== null && schedule !== 'UTC' && <span title="The schedule follows the clocks there"> · {schedule}</span>}
    </span>
  )
}

export function NextRunsList({ preview }: { preview: NextRuns }) {
  const head = headOf(preview)
  const tail = tailOf(preview)
  return (
    <>
      {head && (
        <p className={`next-runs-note next-runs-${head.tone}`} role={head.tone === 'danger' ? 'alert' : undefined}>
          <Icon name={head.tone === 'danger' ? 'alert' : 'info'} size={14} />
          {head.text}
        </p>
      )}
      {preview.next_runs.length > 0 && (
        <ol className={preview.is_paused ? 'next-runs-paused' : undefined} aria-label="Next runs">
          {preview.next_runs.map((run) => (
            <li key={run.run_after + run.data_interval_start}>
              <span className="next-runs-at tabular">
                <Time at={run.run_after} />
              </span>
              <span className="next-runs-in">{run.is_due ? <span className="next-runs-due">due</span> : <Time at={run.run_after} relative />}</span>
              {coversTime(run) && (
                <span className="next-runs-span tabular dimmer" title="The data that the run covers">
                  <Time at={run.data_interval_start} short /> – <Time at={run.data_interval_end} short />
                </span>
              )}
            </li>
          ))}
        </ol>
      )}
      {tail !== null && <p className="next-runs-tail dimmer">{tail}</p>}
    </>
  )
}
