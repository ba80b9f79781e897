/** Reading a log that arrives as lines of JSON while it is being written. */
import { ApiError, send } from '@/api/http'
import { backoff } from '@/api/live'

/** Cuts chunks of text into whole lines; what has no line end yet is kept. */
export class LineSplitter {
  private rest = ''

  push(chunk: string): string[] {
    const parts = (this.rest + chunk).split('\n')
    this.rest = parts.pop() ?? ''
    return parts.filter((line) => line.trim() !== '')
  }

  end(): string[] {
    const last = this.rest
    this.rest = ''
    return last.trim() === '' ? [] : [last]
  }
}

export interface LogEvents {
  /** Records in the order in which they were written; never one twice. */
  onRecords: (records: string[]) => void
  onStatus: (status: 'streaming' | 'reconnecting') => void
}

interface Source {
  url: string
  query: Record<string, string | number | boolean>
  signal: AbortSignal
  /** Records that are already known, from an earlier reading. */
  skip?: number
  wait?: (ms: number) => Promise<void>
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/**
 * Reads to the end of the try's log. A connection that breaks is opened again; the server begins from the start
 * each time, so what was received already is skipped. Throws `ApiError` when the server refuses (404: no log yet).
 */
export async function readLog({ url, query, signal, skip = 0, wait = pause }: Source, { onRecords, onStatus }: LogEvents): Promise<void> {
  let received = skip
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await send(url, { query, accept: 'application/x-ndjson', signal })
      onStatus('streaming')
      attempt = 0
      let seen = 0
      const take = (lines: string[]) => {
        const fresh = lines.slice(Math.max(0, received - seen))
        seen += lines.length
        received = Math.max(received, seen)
        if (fresh.length > 0) onRecords(fresh)
      }
      const splitter = new LineSplitter()
      const decoder = new TextDecoder()
      const reader = response.body?.getReader()
      for (;;) {
        const chunk = await reader?.read()
        if (chunk?.value === undefined) break
        take(splitter.push(decoder.decode(chunk.value, { stream: true })))
      }
      take(splitter.push(decoder.decode()))
      take(splitter.end())
      return
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiError && error.status !== 0 && error.status < 500) throw error
      if (attempt >= 8) throw error
      onStatus('reconnecting')
      await wait(backoff(attempt, Math.random))
      signal.throwIfAborted()
    }
  }
}
