import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseAnsi, stripAnsi } from './ansi'
import { filterLines, findLines, linesOf, toText, type LogLine } from './lines'
import { LineSplitter, readLog } from './stream'

const record = (fields: object) => JSON.stringify({ timestamp: '2025-03-09T14:05:31.042Z', level: 'info', logger: 'shop', event: 'hello', ...fields })
const all = (...records: string[]): LogLine[] => records.reduce<LogLine[]>((lines, raw) => [...lines, ...linesOf(raw, lines.length + 1)], [])

describe('linesOf', () => {
  it('tells the source by the logger or a field', () => {
    const sources = [{ logger: 'task.stdout' }, { logger: 'task.stderr' }, { logger: 'shop.loader' }, { logger: 'tradewind.worker' }, { logger: 'x', stream: 'stderr' }, { logger: null }].map((fields) => linesOf(record(fields), 1)[0]?.source)
    expect(sources).toEqual(['stdout', 'stderr', 'log', 'system', 'stderr', 'log'])
  })
  it('cuts a record of several lines and numbers them on', () => {
    const lines = all(record({ event: 'one\ntwo\n' }), record({}))
    expect(lines.map((line) => [line.number, line.plain, line.continued])).toEqual([
      [1, 'one', false],
      [2, 'two', true],
      [3, 'hello', false],
    ])
  })
  it('prints an exception, its cause first', () => {
    const detail = [
      { exc_type: 'ValueError', exc_value: 'b', frames: [{ filename: '/a.py', lineno: 2, name: 'g', line: 'raise b' }] },
      { exc_type: 'KeyError', exc_value: "'a'", frames: [] },
    ]
    expect(all(record({ level: 'error', event: 'failed', error_detail: detail })).map((line) => line.plain)).toEqual([
      'failed',
      'Traceback (most recent call last):',
      "KeyError: 'a'",
      '',
      'During handling of the above exception, another exception occurred:',
      '',
      'Traceback (most recent call last):',
      '  File "/a.py", line 2, in g',
      '    raise b',
      'ValueError: b',
    ])
  })
  it('shows what is not a record as it is', () => {
    expect(linesOf('Segmentation fault', 1)[0]).toMatchObject({ plain: 'Segmentation fault', level: 'info', timestamp: null })
    expect(linesOf('[1, 2]', 1)[0]?.plain).toBe('[1, 2]')
  })
  it('keeps other fields', () => {
    expect(linesOf(record({ rows: 12, empty: null, nested: { a: 1 } }), 1)[0]?.extra).toEqual([
      ['rows', '12'],
      ['nested', '{"a":1}'],
    ])
  })
  it('knows levels by their other names', () => {
    expect(['WARN', 'fatal', 'NOTSET', 'odd'].map((level) => linesOf(record({ level }), 1)[0]?.level)).toEqual(['warning', 'critical', 'debug', 'info'])
  })
})

describe('reading', () => {
  const lines = all(record({ level: 'debug', event: 'quiet' }), record({ level: 'error', event: 'Loud', logger: 'task.stderr' }), record({ event: 'plain', rows: 7 }))
  it('filters by level and source', () => {
    expect(filterLines(lines, { level: 'info', hidden: new Set() }).map((line) => line.plain)).toEqual(['Loud', 'plain'])
    expect(filterLines(lines, { level: 'debug', hidden: new Set(['stderr']) }).map((line) => line.plain)).toEqual(['quiet', 'plain'])
  })
  it('finds text, also in other fields', () => {
    expect(findLines(lines, 'lOUD')).toEqual([1])
    expect(findLines(lines, 'rows=7')).toEqual([2])
    expect(findLines(lines, '')).toEqual([])
  })
  it('writes a text', () => {
    expect(toText(lines).split('\n')[1]).toBe('2025-03-09T14:05:31.042Z ERROR    [stderr] Loud')
  })
})

describe('ansi', () => {
  it('reads colours and drops the rest', () => {
    expect(parseAnsi('a\u001b[31;1mb\u001b[0mc\u001b[2Kd')).toEqual([
      { text: 'a', color: null, bold: false },
      { text: 'b', color: 1, bold: true },
      { text: 'c', color: null, bold: false },
      { text: 'd', color: null, bold: false },
    ])
    expect(stripAnsi('\u001b[33mx\u001b[0m')).toBe('x')
  })
})

describe('streaming', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('joins lines that were cut between chunks', () => {
    const splitter = new LineSplitter()
    expect(splitter.push('{"a":')).toEqual([])
    expect(splitter.push('1}\n{"b"')).toEqual(['{"a":1}'])
    expect(splitter.push(':2}\n\n')).toEqual(['{"b":2}'])
    splitter.push('tail')
    expect(splitter.end()).toEqual(['tail'])
  })

  it('reconnects after a break and gives every record once', async () => {
    const encode = (text: string) => new TextEncoder().encode(text)
    const bodies = [
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(encode('one\ntw')),
        pull: (controller) => controller.error(new TypeError('network error')),
      }, { highWaterMark: 0 }),
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(encode('one\ntwo\nthree\n'))
          controller.close()
        },
      }),
    ]
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(bodies.shift())))
    const got: string[] = []
    const statuses: string[] = []
    await readLog({ url: '/x', query: {}, signal: new AbortController().signal, wait: () => Promise.resolve() }, { onRecords: (records) => got.push(...records), onStatus: (status) => statuses.push(status) })
    expect(got).toEqual(['one', 'two', 'three'])
    expect(statuses).toEqual(['streaming', 'reconnecting', 'streaming'])
  })

  it('gives up at once when there is no log', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"detail":"no log"}', { status: 404 })))
    await expect(readLog({ url: '/x', query: {}, signal: new AbortController().signal }, { onRecords: () => undefined, onStatus: () => undefined })).rejects.toMatchObject({ status: 404, message: 'no log' })
  })
})
