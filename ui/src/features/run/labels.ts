/** Words for run types and triggers. */
import type { DagRunTriggeredByType, DagRunType } from '@/api/schema'

const types: Record<DagRunType, string> = {
  scheduled: 'Scheduled',
  manual: 'Manual',
  backfill: 'Backfill',
  operator_triggered: 'By another DAG',
  asset_triggered: 'By an asset',
  asset_materialization: 'Asset materialization',
}

export const runTypeLabel = (type: DagRunType): string => types[type]

const triggers: Record<DagRunTriggeredByType, string> = {
  cli: 'the command line',
  operator: 'a task',
  rest_api: 'the REST API',
  ui: 'the web interface',
  test: 'a test',
  timetable: 'its schedule',
  asset: 'an asset',
  backfill: 'a backfill',
}

export const triggerLabel = (trigger: DagRunTriggeredByType | null): string | null => (trigger === null ? null : triggers[trigger])
