/** Geometry of the timeline: where bars lie on the run's span, and its ticks. */
import { formatDuration } from '@/components/time'

export interface Span {
  start: number
  end: number
}

/** The span that a run's timeline shows: from its start to its end, or to now; never shorter than a moment. */
export function runSpan(start: string | null, end: string | null, starts: readonly (string | null)[], now: number): Span {
  const began = Math.min(...[start, ...starts].filter((at) => at !== null).map((at) => Date.parse(at)), now)
  const until = end === null ? now : Date.parse(end)
  return { start: began, end: Math.max(until, began + 1000) }
}

/** Left edge and width in percent. */
export function place(span: Span, start: number, end: number): { left: number; width: number } {
  const length = span.end - span.start
  const left = Math.min(100, Math.max(0, ((start - span.start) / length) * 100))
  return { left, width: Math.max(0, Math.min(100, ((end - span.start) / length) * 100) - left) }
}

const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000]

/** Round points in time after the start, at most `most` of them, with their names. */
export function ticks(span: Span, most: number): { at: number; label: string }[] {
  const length = span.end - span.start
  const step = steps.find((size) => length / size <= most) ?? Math.ceil(length / most / 86_400_000) * 86_400_000
  const count = Math.floor(length / step)
  return Array.from({ length: count + 1 }, (_, index) => ({ at: ((index * step) / length) * 100, label: index === 0 ? '0' : formatDuration(index * step) }))
}
