/**
 * The live connection: one server-sent event stream that says what changed, and a small store of its status.
 *
 * A hidden page gives its connection up (a browser allows few for one host) and catches up when it is shown again.
 */
import type { QueryClient } from '@tanstack/react-query'
import { affectedBy, type Key } from './keys'
import type { ChangeEvent } from './types'

export type LiveStatus = 'connecting' | 'live' | 'reconnecting'

export interface LiveSource {
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void
  close(): void
}

export interface LiveOptions {
  open?: (url: string) => LiveSource
  /** Milliseconds between refetches of lists over many DAGs. */
  listInterval?: number
  random?: () => number
}

const FIRST_DELAY = 500
const LONGEST_DELAY = 15_000

/** Milliseconds to wait before attempt number `attempt` (from 0): doubling, capped, with up to a quarter of jitter. */
export function backoff(attempt: number, random: () => number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt) * (1 - random() / 4)
}

export class Live {
  status: LiveStatus = 'connecting'
  private readonly client: QueryClient
  private readonly options: Required<LiveOptions>
  private readonly listeners = new Set<() => void>()
  private source: LiveSource | null = null
  private attempt = 0
  private wasLive = false
  private server: string | null = null
  private retryTimer: ReturnType<typeof setTimeout> | null = null
  private listTimer: ReturnType<typeof setTimeout> | null = null
  private waiting = new Map<string, Key>()
  private readonly running = new Set<string>()
  private readonly again = new Set<string>()

  constructor(client: QueryClient, options: LiveOptions = {}) {
    this.client = client
    this.options = {
      open: options.open ?? ((url) => new EventSource(url)),
      listInterval: options.listInterval ?? 1000,
      random: options.random ?? Math.random,
    }
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  getStatus = (): LiveStatus => this.status

  start(): void {
    if (this.source || this.retryTimer) return
    const source = this.options.open('/ui/events')
    this.source = source
    source.addEventListener('hello', (event) => this.greet(event.data))
    source.addEventListener('change', (event) => this.apply(event.data))
    source.addEventListener('error', () => {
      if (this.source === source) this.retry()
    })
  }

  stop(): void {
    this.source?.close()
    this.source = null
    if (this.retryTimer) clearTimeout(this.retryTimer)
    if (this.listTimer) clearTimeout(this.listTimer)
    this.retryTimer = null
    this.listTimer = null
    this.waiting.clear()
  }

  private greet(data: unknown): void {
    this.attempt = 0
    this.setStatus('live')
    const { server } = JSON.parse(String(data)) as { server: string }
    // A newer server brings newer pages: the next navigation should load them.
    if (this.server !== null && this.server !== server) location.reload()
    this.server = server
    // What happened while nobody listened is unknown, so everything on screen is read again.
    if (this.wasLive) void this.client.invalidateQueries()
    this.wasLive = true
  }

  private apply(data: unknown): void {
    const { now, soon } = affectedBy(JSON.parse(String(data)) as ChangeEvent)
    now.forEach((key) => this.refresh(key))
    for (const key of soon) this.waiting.set(JSON.stringify(key), key)
    if (this.waiting.size > 0 && !this.listTimer) {
      this.flush()
      this.listTimer = setTimeout(() => {
        this.listTimer = null
        this.flush()
      }, this.options.listInterval)
    }
  }

  private flush(): void {
    const waiting = [...this.waiting.values()]
    this.waiting.clear()
    waiting.forEach((key) => this.refresh(key))
  }

  /**
   * Refetches what is on screen under `key`. An answer on its way is never thrown away for a newer event
   * (a steady stream of events would starve a slow page); the key is refetched once more afterwards.
   */
  private refresh(key: Key): void {
    const id = JSON.stringify(key)
    if (this.running.has(id)) {
      this.again.add(id)
      return
    }
    this.running.add(id)
    void this.client.invalidateQueries({ queryKey: key }, { cancelRefetch: false }).finally(() => {
      this.running.delete(id)
      if (this.again.delete(id) && this.source) this.refresh(key)
    })
  }

  private retry(): void {
    this.source?.close()
    this.source = null
    this.setStatus('reconnecting')
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null
      this.start()
    }, backoff(this.attempt++, this.options.random))
  }

  private setStatus(status: LiveStatus): void {
    if (this.status === status) return
    this.status = status
    this.listeners.forEach((listener) => listener())
  }
}
