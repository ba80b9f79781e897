// The mock's routes: the parts of REST v2 and the `/ui` group that the pages use.
import { cluster, tell } from './cluster.mjs'
import { blockers, iso } from './world.mjs'
import { logLines } from './logs.mjs'
import { dagRow, details, gridCell, gridRun, runBody, taskBody, tiBody, tryBody } from './bodies.mjs'

class Refused extends Error {
  constructor(status, detail) {
    super(String(detail))
    this.status = status
    this.detail = detail
  }
}

const routes = []
const on = (method, pattern, handler) => routes.push({ method, pattern: new RegExp(`^${pattern.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`), handler })
const page = (items, q, key) => ({ [key]: items.slice(Number(q.get('offset') ?? 0), Number(q.get('offset') ?? 0) + Math.min(100, Number(q.get('limit') ?? 50))), total_entries: items.length })
const need = (found, what) => {
  if (!found) throw new Refused(404, `${what} was not found`)
  return found
}
const dagOf = (w, p) => need(w.dags.get(p.dag), `The Dag with ID: \`${p.dag}\``)
const runOf = (w, p) => need(w.runs.get(p.dag)?.find((run) => run.id === p.run), `The DagRun with dag_id: \`${p.dag}\` and run_id: \`${p.run}\``)
const tiOf = (w, p, map = -1) => need(runOf(w, p).tis.get(`${p.task}#${map}`), `The Task Instance \`${p.task}\``)

on('GET', '/ui/me', (w, p, q, body, context) => ({ username: context.allAdmins ? 'anonymous' : 'admin', role: 'admin', instance_name: 'Harbour', version: '0.1.0', all_admins: context.allAdmins }))
on('GET', '/ui/dags', (w, p, q) => {
  let rows = [...w.dags.values()].map((dag) => dagRow(w, dag))
  const search = (q.get('q') ?? '').toLowerCase()
  if (search) rows = rows.filter((row) => row.dag_id.includes(search) || row.description?.toLowerCase().includes(search))
  const tags = q.getAll('tags')
  if (tags.length) rows = rows.filter((row) => tags.every((tag) => row.tags.includes(tag)))
  if (q.has('paused')) rows = rows.filter((row) => String(row.is_paused) === q.get('paused'))
  if (q.has('state')) rows = rows.filter((row) => row.recent_runs[0]?.state === q.get('state'))
  const order = q.get('order_by') ?? 'dag_id'
  if (order === '-last_run_start_date') rows.sort((a, b) => (b.recent_runs[0]?.run_after ?? '').localeCompare(a.recent_runs[0]?.run_after ?? ''))
  else if (order === 'next_dagrun_run_after') rows.sort((a, b) => (a.next_dagrun_run_after ?? '~').localeCompare(b.next_dagrun_run_after ?? '~'))
  else rows.sort((a, b) => a.dag_id.localeCompare(b.dag_id))
  return page(rows, q, 'dags')
})
on('GET', '/ui/grid/{dag}', (w, p, q) => {
  dagOf(w, p)
  let runs = w.runs.get(p.dag)
  if (q.has('run_id')) runs = runs.filter((run) => run.id === q.get('run_id'))
  if (q.has('before')) runs = runs.filter((run) => iso(run.runAfter) < q.get('before'))
  runs = runs.slice(0, Number(q.get('limit') ?? 25))
  return { runs: runs.map(gridRun), task_instances: Object.fromEntries(runs.map((run) => [run.id, Object.fromEntries(run.dag.tasks.map((task) => [task.id, gridCell(run, task)]))])) }
})
on('GET', '/ui/structure/{dag}', (w, p) => {
  const dag = dagOf(w, p)
  return {
    dag_id: dag.id, version_number: 3, groups: dag.groups, edge_labels: dag.edge_labels,
    tasks: dag.tasks.map((t) => ({ task_id: t.id, label: t.id.split('.').pop(), operator: t.op, trigger_rule: t.trigger_rule, group: t.group, is_mapped: t.mapped > 0, ui_color: null, ui_fgcolor: null, downstream: dag.tasks.filter((o) => o.after.includes(t.id)).map((o) => o.id), doc_md: null })),
  }
})
on('GET', '/ui/why/{dag}/{run}/{task}/{map}', (w, p) => {
  const run = runOf(w, p)
  const ti = tiOf(w, p, p.map)
  const reasons = ti.state === null ? blockers(run, ti) : ti.state === 'scheduled' ? [{ code: 'pool_full', message: `The pool ${ti.task.pool} has no open slot: 3 of 3 are taken.`, details: { pool: ti.task.pool, slots: 3, occupied: 3, position: 2 } }] : ti.state === 'up_for_retry' ? [{ code: 'retry_delay', message: 'Its next try starts when the retry delay is over.', details: { next_try_at: iso(ti.retryAt), try_number: ti.try + 1 } }] : []
  return { state: ti.state, reasons }
})
on('GET', '/api/v2/cluster', (w) => cluster(w, w.dags.size === 0))
const told = (w, p, order, obey) => need(tell(w, p.worker, order, obey), 'The worker')
on('PUT', '/api/v2/cluster/workers/{worker}/maintenance', (w, p) => told(w, p, { maintenance: true }, (worker) => { worker.mode = 'maintenance' }))
on('DELETE', '/api/v2/cluster/workers/{worker}/maintenance', (w, p) => told(w, p, { maintenance: false }, (worker) => { worker.mode = 'online' }))
on('POST', '/api/v2/cluster/workers/{worker}/shutdown', (w, p) => told(w, p, { shutdown: true }, (worker) => { worker.mode = 'draining' }))
on('PUT', '/api/v2/cluster/workers/{worker}/queues/{queue}', (w, p) => told(w, p, { add_queues: [p.queue] }, (worker) => worker.queues.push(p.queue)))
on('DELETE', '/api/v2/cluster/workers/{worker}/queues/{queue}', (w, p) => told(w, p, { remove_queues: [p.queue] }, (worker) => { worker.queues = worker.queues.filter((queue) => queue !== p.queue) }))
on('GET', '/api/v2/dagTags', (w, p, q) => page([...new Set([...w.dags.values()].flatMap((dag) => dag.tags))].sort(), q, 'tags'))
on('GET', '/api/v2/dags/{dag}/details', (w, p) => details(w, dagOf(w, p)))
on('PATCH', '/api/v2/dags/{dag}', (w, p, q, body) => {
  const dag = dagOf(w, p)
  dag.paused = body.is_paused
  w.changed.dags.add(dag.id)
  w.log(body.is_paused ? 'dag.pause' : 'dag.unpause', dag.id, null)
  return details(w, dag)
})
on('DELETE', '/api/v2/dags/{dag}', (w, p) => {
  dagOf(w, p)
  w.dags.delete(p.dag)
  w.runs.delete(p.dag)
  w.changed.dags.add(p.dag)
})
on('GET', '/api/v2/dagSources/{dag}', (w, p) => ({ content: w.source(dagOf(w, p)), dag_id: p.dag, version_number: 3, dag_display_name: p.dag }))
on('GET', '/api/v2/dags/{dag}/dagVersions', (w, p, q) => page([3, 2, 1].map((n) => ({ id: `0195-${n}`, version_number: n, dag_id: p.dag, bundle_name: 'dags-folder', bundle_version: null, created_at: iso(w.now - (4 - n) * 86_400_000 * (n === 3 ? 1 : 5)), dag_display_name: p.dag, bundle_url: null })), q, 'dag_versions'))
on('GET', '/api/v2/dags/{dag}/tasks', (w, p) => {
  const tasks = dagOf(w, p).tasks.map((t) => taskBody(w.dags.get(p.dag), t))
  return { tasks, total_entries: tasks.length }
})
on('GET', '/api/v2/dags/{dag}/dagRuns', (w, p, q) => {
  let runs = p.dag === '~' ? [...w.runs.values()].flat() : (dagOf(w, p), w.runs.get(p.dag))
  if (q.has('state')) runs = runs.filter((run) => q.getAll('state').includes(run.state))
  if (q.has('run_type')) runs = runs.filter((run) => q.getAll('run_type').includes(run.type))
  const pattern = q.get('run_id_pattern')?.replaceAll('%', '')
  if (pattern) runs = runs.filter((run) => run.id.includes(pattern))
  const dagPattern = q.get('dag_id_pattern')?.replaceAll('%', '')
  if (dagPattern) runs = runs.filter((run) => run.dag.id.includes(dagPattern))
  return page([...runs].sort((a, b) => b.runAfter - a.runAfter).map(runBody), q, 'dag_runs')
})
on('POST', '/api/v2/dags/{dag}/dagRuns', (w, p, q, body) => {
  const dag = dagOf(w, p)
  if (body.dag_run_id && w.runs.get(p.dag).some((run) => run.id === body.dag_run_id)) throw new Refused(409, `DAGRun with DAG ID: '${p.dag}' and DAGRun ID: '${body.dag_run_id}' already exists`)
  if (!('logical_date' in body)) throw new Refused(422, [{ loc: ['body', 'logical_date'], msg: 'Field required', type: 'missing' }])
  w.log('dag_run.trigger', p.dag, null)
  const run = w.startRun(dag, { runId: body.dag_run_id ?? undefined, conf: body.conf ?? {}, note: body.note ?? null, logicalDate: body.logical_date ? Date.parse(body.logical_date) : null })
  return runBody(run)
})
on('GET', '/api/v2/dags/{dag}/dagRuns/{run}', (w, p) => runBody(runOf(w, p)))
on('PATCH', '/api/v2/dags/{dag}/dagRuns/{run}', (w, p, q, body) => {
  const run = runOf(w, p)
  if ('note' in body) run.note = body.note
  if (body.state) {
    run.state = body.state
    run.end = body.state === 'queued' ? null : Date.now()
    for (const ti of run.tis.values()) if (body.state !== 'queued' && !['success', 'failed', 'skipped'].includes(ti.state)) ti.state = body.state === 'success' ? 'success' : ti.start ? 'failed' : 'skipped'
  }
  w.touch(run)
  return runBody(run)
})
on('DELETE', '/api/v2/dags/{dag}/dagRuns/{run}', (w, p) => {
  const run = runOf(w, p)
  w.runs.set(p.dag, w.runs.get(p.dag).filter((other) => other !== run))
  w.touch(run)
})
on('POST', '/api/v2/dags/{dag}/dagRuns/{run}/clear', (w, p, q, body) => {
  const run = runOf(w, p)
  const tis = [...run.tis.entries()].filter(([, ti]) => ti.state !== null && (!body.only_failed || ['failed', 'upstream_failed'].includes(ti.state)))
  if (body.dry_run) return { task_instances: tis.map(([, ti]) => tiBody(run, ti)), total_entries: tis.length }
  w.clear(run, tis.map(([key]) => key))
  return runBody(run)
})
on('GET', '/api/v2/dags/{dag}/dagRuns/{run}/taskInstances', (w, p, q) => page([...runOf(w, p).tis.values()].map((ti) => tiBody(runOf(w, p), ti)), q, 'task_instances'))
const TI = '/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}'
on('GET', `${TI}/listMapped`, (w, p, q) => {
  const tis = [...runOf(w, p).tis.values()].filter((ti) => ti.task.id === p.task && ti.mapIndex >= 0 && (!q.has('state') || q.getAll('state').includes(ti.state ?? 'none')))
  return page(tis.map((ti) => tiBody(runOf(w, p), ti)), q, 'task_instances')
})
const tries = (run, ti) => {
  const all = [...ti.history.map((attempt) => tryBody(run, ti, attempt)), ...(ti.state === 'running' ? [tryBody(run, ti, { try: ti.try, state: 'running', start: ti.start, end: null })] : [])]
  return { task_instances: all, total_entries: all.length }
}
on('GET', `${TI}/tries`, (w, p, q) => tries(runOf(w, p), tiOf(w, p, q.get('map_index') ?? -1)))
on('GET', `${TI}/{map}/tries`, (w, p) => tries(runOf(w, p), tiOf(w, p, p.map)))
on('GET', `${TI}/xcomEntries`, (w, p, q) => {
  const ti = tiOf(w, p, q.get('map_index') ?? -1)
  const entries = ti.state === 'success' && ti.task.op !== 'EmptyOperator' ? ['return_value', 'row_count', 'manifest'].slice(0, 1 + (ti.task.id.length % 3)) : []
  return page(entries.map((key) => xcom(runOf(w, p), ti, key)), q, 'xcom_entries')
})
on('GET', `${TI}/xcomEntries/{key}`, (w, p, q) => ({ ...xcom(runOf(w, p), tiOf(w, p, q.get('map_index') ?? -1), p.key), value: p.key === 'row_count' ? 48_211 : p.key === 'manifest' ? { files: ['part-0.parquet', 'part-1.parquet'], bytes: 8_214_113, schema: { id: 'int64', value: 'double' } } : 's3://lake/orders/2025-03-09/' }))
const xcom = (run, ti, key) => ({ key, timestamp: iso(ti.end), logical_date: iso(run.logicalDate), map_index: ti.mapIndex, task_id: ti.task.id, dag_id: run.dag.id, run_id: run.id, dag_display_name: run.dag.id, task_display_name: ti.task.id, run_after: iso(run.runAfter) })
on('GET', TI, (w, p) => tiBody(runOf(w, p), tiOf(w, p)))
on('GET', `${TI}/{map}`, (w, p) => tiBody(runOf(w, p), tiOf(w, p, p.map)))
const mark = (w, p, q, body) => {
  const run = runOf(w, p)
  const ti = tiOf(w, p, p.map ?? -1)
  if ('note' in body) ti.note = body.note
  if (body.new_state) {
    ti.state = body.new_state
    ti.end = Date.now()
    ti.start ??= ti.end
    w.log(`task_instance.mark_${body.new_state}`, p.dag, p.task, p.run)
  }
  w.touch(run)
  return { task_instances: [tiBody(run, ti)], total_entries: 1 }
}
on('PATCH', TI, mark)
on('PATCH', `${TI}/{map}`, mark)
on('POST', '/api/v2/dags/{dag}/clearTaskInstances', (w, p, q, body) => {
  const run = runOf(w, { ...p, run: body.dag_run_id })
  const wanted = new Set((body.task_ids ?? []).map((id) => (Array.isArray(id) ? `${id[0]}#${id[1]}` : id)))
  const grow = (next) => {
    for (let size = -1; size !== wanted.size; ) {
      size = wanted.size
      for (const task of run.dag.tasks) for (const other of next(task)) if (wanted.has(task.id)) wanted.add(other)
    }
  }
  if (body.include_downstream) grow((task) => run.dag.tasks.filter((o) => o.after.includes(task.id)).map((o) => o.id))
  if (body.include_upstream) grow((task) => task.after)
  const tis = [...run.tis.entries()].filter(([key, ti]) => (wanted.has(key) || wanted.has(ti.task.id)) && (!(body.only_failed ?? true) || ['failed', 'upstream_failed'].includes(ti.state)))
  if (body.dry_run ?? true) return { task_instances: tis.map(([, ti]) => tiBody(run, ti)), total_entries: tis.length }
  w.clear(run, tis.map(([key]) => key))
  w.log('task_instance.clear', p.dag, tis[0]?.[1].task.id ?? null, run.id)
  return { task_instances: tis.map(([, ti]) => tiBody(run, ti)), total_entries: tis.length }
})
on('GET', '/api/v2/importErrors', (w, p, q) => page(w.importErrors, q, 'import_errors'))
on('GET', '/api/v2/eventLogs', (w, p, q) => {
  let events = w.events
  for (const name of ['dag_id', 'event', 'owner', 'task_id', 'run_id']) {
    const pattern = q.get(`${name}_pattern`)?.replaceAll('%', '')
    if (pattern) events = events.filter((e) => e[name]?.includes(pattern))
    if (q.has(name)) events = events.filter((e) => e[name] === q.get(name))
  }
  return page(events, q, 'event_logs')
})
on('GET', '/api/v2/monitor/health', () => ({ metadatabase: { status: 'healthy' }, scheduler: { status: 'healthy', latest_scheduler_heartbeat: iso(Date.now() - 1200) }, triggerer: { status: null, latest_triggerer_heartbeat: null }, dag_processor: { status: 'healthy', latest_dag_processor_heartbeat: iso(Date.now() - 3100) } }))
for (const [name, key, plural] of [['variables', 'key', 'variables'], ['connections', 'connection_id', 'connections'], ['pools', 'name', 'pools']]) {
  const shown = (w, item) => {
    if (name !== 'pools') return item
    const running = [...w.runs.values()].flat().filter((r) => r.state === 'running').flatMap((r) => [...r.tis.values()]).filter((ti) => ti.task.pool === item.name)
    const count = (state) => running.filter((ti) => ti.state === state).length
    const occupied = item.name === 'warehouse' ? item.slots : count('running') + count('queued')
    return { ...item, occupied_slots: occupied, running_slots: item.name === 'warehouse' ? occupied : count('running'), queued_slots: item.name === 'warehouse' ? 0 : count('queued'), scheduled_slots: count('scheduled'), deferred_slots: 0, open_slots: Math.max(0, item.slots - occupied) }
  }
  on('GET', `/api/v2/${name}`, (w, p, q) => {
    const pattern = (q.get('variable_key_pattern') ?? q.get('connection_id_pattern') ?? q.get('pool_name_pattern') ?? '').replaceAll('%', '')
    return page([...w[name].values()].filter((item) => item[key].includes(pattern)).map((item) => shown(w, item)), q, plural)
  })
  on('POST', `/api/v2/${name}`, (w, p, q, body) => {
    if (!body[key]) throw new Refused(422, [{ loc: ['body', key], msg: 'Field required', type: 'missing' }])
    if (w[name].has(body[key])) throw new Refused(409, `${body[key]} already exists`)
    w[name].set(body[key], { description: null, team_name: null, is_encrypted: true, ...body })
    return shown(w, w[name].get(body[key]))
  })
  on('GET', `/api/v2/${name}/{id}`, (w, p) => shown(w, need(w[name].get(p.id), p.id)))
  on('PATCH', `/api/v2/${name}/{id}`, (w, p, q, body) => {
    Object.assign(need(w[name].get(p.id), p.id), body)
    return shown(w, w[name].get(p.id))
  })
  on('DELETE', `/api/v2/${name}/{id}`, (w, p) => void need(w[name].delete(p.id), p.id))
}

/** Answers one request. */
export async function handle(world, request, response, options) {
  const url = new URL(request.url, 'http://mock')
  const json = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  }
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : undefined
  if (url.pathname === '/ui/login' && request.method === 'POST') {
    if (body?.username !== 'admin' || body?.password !== 'admin') return json(401, { detail: 'Invalid credentials' })
    response.setHeader('set-cookie', '_token=mock; Path=/; HttpOnly; SameSite=Strict')
    return json(200, { username: 'admin', role: 'admin' })
  }
  if (!options.allAdmins && !/(^|; )_token=mock/.test(request.headers.cookie ?? '')) return json(401, { detail: 'Not authenticated' })
  if (request.method !== 'GET' && request.headers['x-tradewind-request'] !== '1') return json(403, { detail: 'X-Tradewind-Request is missing' })
  if (url.pathname === '/ui/logout') {
    response.setHeader('set-cookie', '_token=; Path=/; Max-Age=0')
    return json(204)
  }
  if (url.pathname === '/ui/events') return streamEvents(world, response)
  try {
    const log = /^\/api\/v2\/dags\/([^/]+)\/dagRuns\/([^/]+)\/taskInstances\/([^/]+)\/logs\/(\d+)$/.exec(url.pathname)
    if (log) return streamLog(world, url, log, request, response, json)
    for (const route of routes) {
      const match = route.method === request.method ? route.pattern.exec(url.pathname) : null
      if (!match) continue
      const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]))
      const result = route.handler(world, params, url.searchParams, body, options)
      return json(result === undefined ? 204 : request.method === 'POST' && route.pattern.source.endsWith('s$') ? 201 : 200, result)
    }
    json(404, { detail: 'Not Found' })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    json(error.status, { detail: error.detail })
  }
}

function streamEvents(world, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write('event: hello\ndata: {"server":"0.1.0"}\n\n')
  const listener = (change) => response.write(`event: change\ndata: ${JSON.stringify(change)}\n\n`)
  const beat = setInterval(() => response.write(': still here\n\n'), 15_000)
  world.listeners.add(listener)
  response.on('close', () => {
    world.listeners.delete(listener)
    clearInterval(beat)
  })
}

function streamLog(world, url, [, dag, run, task, number], request, response, json) {
  const p = { dag: decodeURIComponent(dag), run: decodeURIComponent(run), task: decodeURIComponent(task) }
  const ti = tiOf(world, p, url.searchParams.get('map_index') ?? -1)
  const attempt = () => (ti.state === 'running' && ti.try === Number(number) ? { try: ti.try, state: 'running', start: ti.start, end: null } : ti.history.find((a) => a.try === Number(number)))
  need(attempt(), 'The log of this try')
  if (!request.headers.accept?.includes('ndjson')) return json(200, { content: logLines(ti, attempt(), Date.now()), continuation_token: null })
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  let sent = 0
  const push = () => {
    const now = attempt()
    const lines = now ? logLines(ti, now, Date.now()) : []
    for (const line of lines.slice(sent)) response.write(`${JSON.stringify(line)}\n`)
    sent = Math.max(sent, lines.length)
    if (!now || now.end !== null || url.searchParams.get('follow') !== 'true') {
      clearInterval(timer)
      response.end()
    }
  }
  const timer = setInterval(push, 200)
  response.on('close', () => clearInterval(timer))
  push()
}
