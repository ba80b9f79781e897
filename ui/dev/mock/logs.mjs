// Invented task logs.
import { iso } from './world.mjs'

const chatter = ['Connecting to %s', 'Fetched page %n', 'Wrote %n rows', 'Checkpoint %n reached', 'Cache hit for key user:%n', 'Committing batch %n', 'Retrying request %n after 429']

/** All lines of a try up to `now`, each with when it was written. */
export function logLines(ti, attempt, now) {
  const start = attempt.start
  const end = attempt.end ?? ti.plannedEnd ?? now + 60_000
  const count = ti.task.hello ? 5 : ti.task.lines
  const lines = []
  const add = (at, level, logger, text, extra = {}) => lines.push({ timestamp: iso(Math.round(at)), level, logger, event: text, ...extra })
  add(start, 'info', 'tradewind.worker', `Starting try ${attempt.try} of ${ti.task.id}`, { pid: 41_233, lane: ti.task.op === 'BashOperator' ? 'bash' : 'python' })
  if (ti.task.hello) {
    add(start + 50, 'info', 'task.stdout', 'hello from stdout')
    add(start + 80, 'error', 'task.stderr', 'hello from stderr')
    add(start + 120, 'info', 'e2e.hello', 'hello from logging')
    add(start + 150, 'warning', 'e2e.hello', 'careful: this is a warning')
  } else {
    for (let i = 0; i < count; i++) {
      const at = start + ((end - start) * (i + 1)) / (count + 2)
      const text = chatter[i % chatter.length].replace('%s', 'warehouse:5432').replace('%n', String(i * 37 + 11))
      const pick = i % 23
      if (pick === 7) add(at, 'debug', 'urllib3.connectionpool', `"GET /v1/items?page=${i} HTTP/1.1" 200 ${900 + i}`)
      else if (pick === 12) add(at, 'warning', 'shop.loader', `slow batch took ${(i % 9) + 2}.${i % 10}s`, { rows: i * 12 })
      else if (pick === 17) add(at, 'info', 'task.stderr', `\u001b[33mprogress\u001b[0m ${Math.round((100 * i) / count)}%`)
      else if (pick % 3 === 0) add(at, 'info', 'task.stdout', text)
      else add(at, 'info', 'shop.loader', text)
    }
  }
  if (attempt.state === 'failed' || attempt.state === 'up_for_retry') {
    add(end - 5, 'error', 'task', 'Task failed with exception', { error_detail: [{ exc_type: 'ValueError', exc_value: 'no such partition: 2025-03-09', exc_notes: [], syntax_error: null, is_cause: false, frames: [{ filename: '/dags/shop/loader.py', lineno: 88, name: 'load' }, { filename: '/dags/shop/partitions.py', lineno: 31, name: 'open_partition' }] }] })
  }
  if (attempt.end) add(end, attempt.state === 'failed' ? 'error' : 'info', 'tradewind.worker', `Try ended: ${attempt.state}`, { exit_code: attempt.state === 'failed' ? 1 : 0 })
  return lines.filter((line) => Date.parse(line.timestamp) <= now)
}
