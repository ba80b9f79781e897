/** How the system is as a whole. */

export type Level = 'ok' | 'warn' | 'bad'

/** The worst of the components' statuses; parts that are not configured (null) do not count. */
export function overall(statuses: readonly (string | null | undefined)[]): Level {
  return statuses.some((status) => status !== null && status !== undefined && status !== 'healthy') ? 'bad' : 'ok'
}
