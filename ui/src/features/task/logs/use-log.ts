/** The lines of one try's log, growing while it runs. */
import { useEffect, useRef, useState } from 'react'
import { logPath } from '@/api/queries'
import type { TaskRef } from '@/features/actions/targets'
import { linesOf, type LogLine } from './lines'
import { readLog } from './stream'

export type LogStatus = 'loading' | 'streaming' | 'reconnecting' | 'ended' | 'failed'

export interface Log {
  lines: readonly LogLine[]
  status: LogStatus
  error: unknown
}

/** Lines are shown in batches: a task may write thousands in a second. */
const BATCH_MS = 80
/** A stream that ended this long (ms) before its try did was cut short, and is read once more. */
const CUT_SHORT = 2000

interface Held {
  lines: LogLine[]
  records: number
  endedAt: number
}

/** `live`: the try is running now. Give the component a key of the try: the hook does not change its subject. */
export function useLog(task: TaskRef, tryNumber: number, live: boolean): Log {
  const [log, setLog] = useState<Log>({ lines: [], status: 'loading', error: null })
  const held = useRef<Held>({ lines: [], records: 0, endedAt: 0 })
  const { dagId, runId, taskId, mapIndex } = task

  useEffect(() => {
    const memory = held.current
    if (memory.endedAt > 0 && !live && Date.now() - memory.endedAt < CUT_SHORT) return
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | null = null
    let status: LogStatus = 'streaming'
    const show = () => {
      timer = null
      setLog({ lines: memory.lines, status, error: null })
    }
    const schedule = () => {
      timer ??= setTimeout(show, BATCH_MS)
    }
    readLog(
      { url: logPath(dagId, runId, taskId, tryNumber), query: { map_index: mapIndex, follow: true }, signal: abort.signal, skip: memory.records },
      {
        onRecords: (records) => {
          memory.records += records.length
          const more = memory.lines.slice()
          for (const record of records) more.push(...linesOf(record, more.length + 1))
          memory.lines = more
          schedule()
        },
        onStatus: (next) => {
          status = next
          schedule()
        },
      },
    )
      .then(() => {
        if (abort.signal.aborted) return
        memory.endedAt = Date.now()
        status = 'ended'
        if (timer) clearTimeout(timer)
        show()
      })
      .catch((error: unknown) => {
        if (timer) clearTimeout(timer)
        if (!abort.signal.aborted) setLog({ lines: memory.lines, status: 'failed', error })
      })
    return () => {
      abort.abort()
      if (timer) clearTimeout(timer)
    }
  }, [dagId, runId, taskId, mapIndex, tryNumber, live])

  return log
}
