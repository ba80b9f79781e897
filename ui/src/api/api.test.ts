import { QueryClient } from '@tanstack/react-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, call, errorFromBody, onSessionEnded, path, queryString } from './http'
import { affectedBy, keys } from './keys'
import { backoff, Live, type LiveSource } from './live'

describe('addresses', () => {
  it('encode every segment', () => {
    expect(path('a b', 'manual__2025-01-01T00:00:00+00:00', 3)).toBe('/a%20b/manual__2025-01-01T00%3A00%3A00%2B00%3A00/3')
    expect(path('a/b')).toBe('/a%2Fb')
  })
  it('leave empty parameters out and repeat lists', () => {
    expect(queryString({ q: '', a: null, b: undefined, tags: ['x', 'y'], limit: 0, paused: false })).toBe('?tags=x&tags=y&limit=0&paused=false')
    expect(queryString({})).toBe('')
  })
})

describe('errors', () => {
  it('are told in the words of the server', () => {
    expect(errorFromBody(404, { detail: 'no such DAG' }).message).toBe('no such DAG')
    expect(errorFromBody(409, { detail: { reason: 'Unique constraint violation', statement: 'x', orig_error: 'there is one already' } }).message).toBe('there is one already')
    expect(errorFromBody(500, 'oops').message).toBe('The server failed to answer (500).')
  })
  it('say which field is wrong', () => {
    const error = errorFromBody(422, { detail: [{ loc: ['body', 'key'], msg: 'Field required', type: 'missing' }] })
    expect(error.fields).toEqual({ key: 'Field required' })
    expect(error.message).toBe('key: Field required')
  })
})

describe('calls', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('carry the header that proves our page when they change something', async () => {
    const seen: [string, RequestInit][] = []
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      seen.push([url, init])
      return Promise.resolve(new Response('{"ok":1}'))
    })
    await call('/api/v2/dags')
    await call('/api/v2/dags/x', { method: 'PATCH', body: { is_paused: true } })
    expect(new Headers(seen[0]?.[1].headers).has('x-tradewind-request')).toBe(false)
    expect(new Headers(seen[1]?.[1].headers).get('x-tradewind-request')).toBe('1')
    expect(seen[1]?.[1].body).toBe('{"is_paused":true}')
  })

  it('end the session on 401 and give no body for 204', async () => {
    const ended = vi.fn()
    onSessionEnded(ended)
    const answers = [new Response('{"detail":"x"}', { status: 401 }), new Response(null, { status: 204 })]
    vi.stubGlobal('fetch', () => Promise.resolve(answers.shift()))
    await expect(call('/api/v2/dags')).rejects.toThrow(ApiError)
    expect(ended).toHaveBeenCalledOnce()
    await expect(call('/api/v2/dags', { method: 'DELETE' })).resolves.toBe(undefined)
  })

  it('tell that nobody answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed to fetch')))
    await expect(call('/x')).rejects.toMatchObject({ status: 0, message: 'The server cannot be reached.' })
  })
})

describe('affectedBy', () => {
  const run = (dag_id: string, run_id: string) => ({ dag_id, run_id, state: 'running' as const, run_after: '' })
  it('names the run, its grid and the lists that show it, and nothing else', () => {
    expect(affectedBy({ runs: [run('a', '1'), run('a', '2')], dags: [], import_errors: false })).toEqual({
      now: [keys.run('a', '1'), keys.run('a', '2'), keys.grid('a')],
      soon: [keys.runs('a'), keys.runs('~'), keys.list('pools'), keys.dags(), keys.cluster],
    })
  })
  it('names changed DAGs and import errors', () => {
    expect(affectedBy({ runs: [], dags: ['a'], import_errors: true })).toEqual({ now: [keys.dag('a'), keys.importErrors()], soon: [keys.dags(), keys.tags] })
    expect(affectedBy({ runs: [], dags: [], import_errors: false })).toEqual({ now: [], soon: [] })
  })
})

class FakeSource implements LiveSource {
  readonly listeners = new Map<string, (event: { data?: unknown }) => void>()
  closed = false
  addEventListener(type: string, listener: (event: { data?: unknown }) => void) {
    this.listeners.set(type, listener)
  }
  close() {
    this.closed = true
  }
  emit(type: string, data?: object) {
    this.listeners.get(type)?.({ data: JSON.stringify(data) })
  }
}

describe('Live', () => {
  afterEach(() => vi.useRealTimers())

  const setUp = () => {
    vi.useFakeTimers()
    const sources: FakeSource[] = []
    const client = new QueryClient()
    const invalidated: string[] = []
    vi.spyOn(client, 'invalidateQueries').mockImplementation((filters) => {
      invalidated.push(JSON.stringify(filters?.queryKey ?? 'all'))
      return Promise.resolve()
    })
    const live = new Live(client, {
      open: () => {
        const source = new FakeSource()
        sources.push(source)
        return source
      },
      random: () => 0,
    })
    live.start()
    return { live, sources, invalidated }
  }
  const change = (runId: string) => ({ runs: [{ dag_id: 'a', run_id: runId, state: 'running', run_after: '' }], dags: [], import_errors: false })

  it('becomes live on hello and refetches what changed', () => {
    const { live, sources, invalidated } = setUp()
    expect(live.status).toBe('connecting')
    sources[0]?.emit('hello', { server: '1' })
    expect(live.status).toBe('live')
    expect(invalidated).toEqual([])
    sources[0]?.emit('change', change('1'))
    expect(invalidated).toContain(JSON.stringify(keys.run('a', '1')))
    expect(invalidated).toContain(JSON.stringify(keys.dags()))
  })

  it('refetches long lists at most once a second', async () => {
    const { sources, invalidated } = setUp()
    sources[0]?.emit('hello', { server: '1' })
    const list = JSON.stringify(keys.dags())
    const count = () => invalidated.filter((key) => key === list).length
    for (let i = 0; i < 10; i++) {
      sources[0]?.emit('change', change(String(i)))
      await vi.advanceTimersByTimeAsync(20)
    }
    expect(count()).toBe(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(count()).toBe(2)
    await vi.advanceTimersByTimeAsync(5000)
    expect(count()).toBe(2)
  })

  it('reconnects with growing pauses and reads everything again', async () => {
    const { live, sources, invalidated } = setUp()
    sources[0]?.emit('hello', { server: '1' })
    sources[0]?.emit('error')
    expect(live.status).toBe('reconnecting')
    expect(sources[0]?.closed).toBe(true)
    await vi.advanceTimersByTimeAsync(500)
    expect(sources).toHaveLength(2)
    sources[1]?.emit('error')
    await vi.advanceTimersByTimeAsync(999)
    expect(sources).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    sources[2]?.emit('hello', { server: '1' })
    expect(live.status).toBe('live')
    expect(invalidated).toEqual(['"all"'])
  })

  it('stays quiet after it was stopped', async () => {
    const { live, sources } = setUp()
    sources[0]?.emit('error')
    live.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sources).toHaveLength(1)
  })

  it('never waits longer than the cap', () => {
    expect([0, 1, 2, 10].map((attempt) => backoff(attempt, () => 0))).toEqual([500, 1000, 2000, 15_000])
    expect(backoff(0, () => 1)).toBe(375)
  })
})
