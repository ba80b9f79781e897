/** Names, order and aggregation of task instance and run states. */
import type { DagRunState, TaskInstanceState } from '@/api/types'

/** A state, or the absence of one (not planned yet). */
export type AnyState = TaskInstanceState | DagRunState | null

const labels: Record<TaskInstanceState, string> = {
  success: 'Success',
  failed: 'Failed',
  running: 'Running',
  queued: 'Queued',
  scheduled: 'Scheduled',
  up_for_retry: 'Up for retry',
  up_for_reschedule: 'Up for reschedule',
  upstream_failed: 'Upstream failed',
  skipped: 'Skipped',
  deferred: 'Deferred',
  restarting: 'Restarting',
  removed: 'Removed',
  awaiting_input: 'Awaiting input',
}

export function stateLabel(state: AnyState): string {
  return state === null ? 'No status' : labels[state]
}

/** Most telling first: the state that stands for a folded group or a mapped task is the first one present. */
export const statePriority: readonly (TaskInstanceState | null)[] = [
  'failed',
  'upstream_failed',
  'up_for_retry',
  'awaiting_input',
  'running',
  'restarting',
  'deferred',
  'up_for_reschedule',
  'queued',
  'scheduled',
  null,
  'skipped',
  'success',
  'removed',
]

export const taskStates: readonly TaskInstanceState[] = statePriority.filter((state) => state !== null)

/** States that nothing leaves without a person's doing. */
const finished = new Set<AnyState>(['success', 'failed', 'skipped', 'upstream_failed', 'removed'])

export const isFinished = (state: AnyState): boolean => finished.has(state)

/** The state that stands for many: the most telling one. */
export function foldStates(states: Iterable<TaskInstanceState | null>): TaskInstanceState | null {
  const present = new Set(states)
  return statePriority.find((state) => present.has(state)) ?? null
}

/** Turns a server's state counts ("none" for no state) into pairs in order of interest. */
export function sortedCounts(counts: Record<string, number>): [TaskInstanceState | null, number][] {
  return statePriority
    .map((state): [TaskInstanceState | null, number] => [state, counts[state ?? 'none'] ?? 0])
    .filter(([, count]) => count > 0)
}
