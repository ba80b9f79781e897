/** Figures over some runs. */
import type { RunBrief } from '@/api/types'

/** The share of ended runs that succeeded, their median duration (ms), and the failed ones; newest first as given. */
export function summary<R extends RunBrief>(runs: readonly R[]): { rate: number | null; median: number | null; failures: R[] } {
  const ended = runs.filter((run) => run.state === 'success' || run.state === 'failed')
  const durations = ended
    .map((run) => (run.start_date !== null && run.end_date !== null ? Date.parse(run.end_date) - Date.parse(run.start_date) : null))
    .filter((ms) => ms !== null)
    .sort((a, b) => a - b)
  const middle = durations.length >> 1
  const upper = durations[middle]
  const median = upper === undefined ? null : durations.length % 2 === 1 ? upper : (upper + (durations[middle - 1] ?? upper)) / 2
  return {
    rate: ended.length === 0 ? null : ended.filter((run) => run.state === 'success').length / ended.length,
    median,
    failures: runs.filter((run) => run.state === 'failed'),
  }
}
