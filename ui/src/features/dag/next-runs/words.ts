/** What a schedule's preview says in words; pure, so that every case has a test. */
import type { NextRuns } from '@/api/types'

export interface Note {
  tone: 'info' | 'warn' | 'danger'
  text: string
}

/** What stands above the list: why runs do not come now, or never. */
export function headOf(preview: NextRuns): Note | null {
  if (preview.error !== null) return { tone: 'danger', text: preview.error }
  if (preview.is_paused && (preview.next_runs.length > 0 || preview.then === 'assets')) {
    return { tone: 'warn', text: 'The DAG is paused: unpause it to let these runs start.' }
  }
  if (preview.waiting?.code === 'max_active_runs') return { tone: 'info', text: preview.waiting.message }
  return null
}

/** What stands below the list: what comes after it. */
export function tailOf(preview: NextRuns): string | null {
  const any = preview.next_runs.length > 0
  switch (preview.then) {
    case 'more':
      return null
    case 'ended':
      if (!any && preview.end_date !== null) return 'The end date of the DAG is reached; no more runs come.'
      return any ? 'That is the last one: the schedule ends there.' : 'The schedule has no more runs.'
    case 'no_schedule':
      return 'No schedule. Runs are started by hand, by the API or by other DAGs.'
    case 'after_each_run':
      return 'Continuous: the next run begins when this one has ended.'
    case 'assets':
      return any ? 'More runs come whenever the assets of the schedule are updated.' : 'Waits for assets: a run comes when they are updated.'
    case 'not_asked':
      return any ? 'The DAG’s own timetable has not been asked any further.' : 'The DAG’s own timetable has not answered yet.'
    default:
      return null
  }
}

/** Whether a run covers a span of data, and not just an instant. */
export const coversTime = (run: NextRuns['next_runs'][number]): boolean => run.data_interval_start !== run.data_interval_end
