/** Ids from the address. */
import { useParams } from 'react-router'

export const useDagId = (): string => useParams()['dagId'] ?? ''
export const useRunId = (): string => useParams()['runId'] ?? ''
