/** The DAG page's list of runs. */
import { RunsTable } from '@/features/runs/RunsTable'
import { useDagId } from './dag-id'

export const RunsTab = () => <RunsTable dagId={useDagId()} />
