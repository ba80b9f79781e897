/** Between instants and what a date-and-time field holds, in the zone that the page shows. */
import { formatInstant, type Zone } from './time'

/** `2025-03-09T14:05:31` for a field. */
export const toField = (iso: string, zone: Zone): string => formatInstant(iso, zone).replace(' ', 'T')

/** The instant that a field means; null when it is empty or incomplete. */
export function fromField(text: string, zone: Zone): string | null {
  if (text === '') return null
  const at = new Date(zone === 'utc' ? `${text}Z` : text)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}
