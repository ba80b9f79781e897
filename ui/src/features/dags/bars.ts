/** Heights of duration bars. */
import type { RunBrief } from '@/api/types'

const LOWEST = 28

/**
 * Heights in percent, by duration relative to the longest run; a square root keeps short runs visible
 * beside one very long one. Runs that have not ended get a middling height.
 */
export function barHeights(runs: readonly Pick<RunBrief, 'start_date' | 'end_date'>[]): number[] {
  const durations = runs.map((run) => (run.start_date !== null && run.end_date !== null ? Math.max(0, Date.parse(run.end_date) - Date.parse(run.start_date)) : null))
  const longest = Math.max(1, ...durations.map((ms) => ms ?? 0))
  return durations.map((ms) => (ms === null ? 60 : Math.round(LOWEST + (100 - LOWEST) * Math.sqrt(ms / longest))))
}
