// The mock world: runs that start, move and end as time passes, and who listens to that.
import { dags, importErrors, source } from './dags.mjs'

export const iso = (ms) => (ms === null ? null : new Date(ms).toISOString())

/** A small seeded generator: the same world on every start. */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const hash = (text) => [...text].reduce((sum, c) => (Math.imul(sum, 31) + c.charCodeAt(0)) | 0, 7)
const FINISHED = new Set(['success', 'failed', 'skipped', 'upstream_failed', 'removed'])

export function createWorld({ empty }) {
  const now = Date.now()
  const world = {
    dags: new Map(empty ? [] : dags.map((dag) => [dag.id, { ...dag, stale: false }])),
    runs: new Map(),
    importErrors: empty ? [] : importErrors.map((error, i) => ({ message: null, line: null, bundle_name: 'dags-folder', timestamp: iso(now - (i + 1) * 1_900_000), ...error })),
    variables: new Map(empty ? [] : [['warehouse_url', 'postgres://warehouse:5432/shop', 'Where everything ends up'], ['feature_flags', '{"new_pricing": true, "beta": ["a", "b"]}', null], ['slack_channel', '#data-ops', 'Who is told'], ['api_secret', '***', 'Masked']].map(([key, value, description]) => [key, { key, value, description, is_encrypted: true, team_name: null }])),
    connections: new Map(empty ? [] : [['warehouse', 'postgres', 'db.example.org', 5432, 'shop'], ['lake', 'aws', null, null, null], ['slack_default', 'http', 'hooks.example.org', 443, null]].map(([connection_id, conn_type, host, port, schema]) => [connection_id, { connection_id, conn_type, host, port, schema, login: conn_type === 'postgres' ? 'loader' : null, password: conn_type === 'postgres' ? '***' : null, description: conn_type === 'aws' ? 'Raw data lake' : null, extra: conn_type === 'aws' ? '{"region_name": "eu-west-1"}' : null, team_name: null }])),
    pools: new Map([['default_pool', { name: 'default_pool', slots: 128, description: 'Default pool', include_deferred: false, team_name: null }], ...(empty ? [] : [['warehouse', { name: 'warehouse', slots: 3, description: 'Connections to the warehouse', include_deferred: true, team_name: null }]])]),
    events: [],
    listeners: new Set(),
    changed: { runs: new Map(), dags: new Set(), importErrors: false },
    rng: random(42),
    now,
  }
  world.source = source
  for (const dag of world.dags.values()) {
    world.runs.set(dag.id, [])
    seedHistory(world, dag, now)
  }
  for (let i = 0; i < (empty ? 0 : 240); i++) {
    const dag = [...world.dags.values()][i % world.dags.size]
    world.events.push(event(i + 1, now - i * 420_000, ['dag_run.trigger', 'dag.pause', 'task_instance.clear', 'variable.patch', 'task_instance.mark'][i % 5], dag.id, i % 3 === 0 ? dag.tasks[0].id : null, i % 4 ? 'admin' : 'scheduler'))
  }
  world.tick = (at) => tick(world, at)
  world.startRun = (dag, options) => startRun(world, dag, options)
  world.touch = (run) => touch(world, run)
  world.clear = (run, keys) => clear(world, run, keys)
  world.log = (name, dagId, taskId, runId) => world.events.unshift(event(world.events.length + 1000, Date.now(), name, dagId, taskId, 'admin', runId))
  return world
}

function event(id, at, name, dagId, taskId, owner, runId = null) {
  return { event_log_id: id, when: iso(at), dag_id: dagId, task_id: taskId, run_id: runId, map_index: null, try_number: null, event: name, logical_date: null, owner, extra: JSON.stringify({ method: 'POST', dag_id: dagId }), dag_display_name: dagId, task_display_name: taskId }
}

function newTi(task, mapIndex) {
  return { task, mapIndex, state: null, start: null, end: null, queued: null, scheduled: null, try: 0, plannedEnd: null, note: null, history: [], max_tries: task.retries }
}

function startRun(world, dag, { runId, type = 'manual', at = Date.now(), conf = {}, note = null, logicalDate = at }) {
  const run = {
    dag, id: runId ?? `${type}__${iso(at).replace('Z', '000+00:00')}`, type, state: 'queued', runAfter: at, logicalDate, queuedAt: at, start: null, end: null, conf, note, version: 3, tis: new Map(), rng: random(hash(dag.id + at)), user: type === 'manual' ? 'admin' : null,
  }
  for (const task of dag.tasks) {
    for (let i = task.mapped ? 0 : -1; i < task.mapped; i++) run.tis.set(`${task.id}#${i}`, newTi(task, i))
  }
  world.runs.get(dag.id).unshift(run)
  world.runs.get(dag.id).sort((a, b) => b.runAfter - a.runAfter)
  touch(world, run)
  return run
}

function seedHistory(world, dag, now) {
  const step = (dag.every ?? 40_000) * 1000
  const newest = dag.every ? Math.floor(now / step) * step : now - 3_600_000
  for (let n = dag.history; n >= 0; n--) {
    if (dag.history === 0 || (n === 0 && !dag.live)) break
    const at = newest - n * step
    const run = startRun(world, dag, { type: n % 11 === 7 ? 'manual' : 'scheduled', at })
    // Play the run in fast motion; the newest one of a live DAG only up to now.
    const began = n === 0 ? now - 9000 : at
    run.queuedAt = began
    for (let t = began; run.state === 'queued' || run.state === 'running'; t += 500) {
      if (n === 0 && t > now) break
      stepRun(world, run, t, n === 0)
      if (t - began > 600_000) for (const ti of run.tis.values()) ti.plannedEnd = Math.min(ti.plannedEnd ?? t, t)
    }
  }
  world.changed.runs.clear()
}

function touch(world, run) {
  world.changed.runs.set(`${run.dag.id}/${run.id}`, run)
}

const instances = (run, taskId) => [...run.tis.values()].filter((ti) => ti.task.id === taskId)

/** What stops a task instance now, or null when it may go. */
export function blockers(run, ti) {
  const reasons = []
  for (const id of ti.task.after) {
    const open = instances(run, id).filter((up) => !FINISHED.has(up.state))
    if (open.length > 0) reasons.push({ code: 'upstream_not_done', message: `Waits for ${id}, which is ${open[0].state ?? 'not started'}.`, details: { task_id: id, state: open[0].state } })
  }
  return reasons
}

function decide(run, ti) {
  const ups = ti.task.after.flatMap((id) => instances(run, id))
  if (ti.task.id === 'train.fit' && hash(run.id) % 3 === 0) return 'skipped'
  if (ti.task.trigger_rule !== 'all_success') return null
  if (ups.some((up) => up.state === 'failed' || up.state === 'upstream_failed')) return 'upstream_failed'
  if (ups.some((up) => up.state === 'skipped')) return 'skipped'
  return null
}

function finish(ti, state, at) {
  ti.state = state
  ti.end = at
  ti.start ??= at
  ti.history.push({ try: ti.try, state, start: ti.start, end: at, rss: 60_000 + (hash(ti.task.id) >>> 18) * 4, cpu: 120 + (hash(ti.task.id + ti.try) >>> 22), reason: state === 'failed' ? 'The task raised ValueError: no such partition' : null })
}

function stepRun(world, run, at, live) {
  if (run.state === 'queued') {
    run.state = 'running'
    run.start = at
    touch(world, run)
  }
  for (const ti of run.tis.values()) {
    if (FINISHED.has(ti.state)) continue
    const before = ti.state
    if (ti.state === null && blockers(run, ti).length === 0) {
      const fate = decide(run, ti)
      if (fate) finish(ti, fate, at)
      else {
        ti.state = 'scheduled'
        ti.scheduled = at
      }
    } else if (ti.state === 'scheduled' && !(live && ti.task.stuck)) {
      ti.state = 'queued'
      ti.queued = at
    } else if (ti.state === 'queued' || (ti.state === 'up_for_retry' && at > ti.retryAt)) {
      ti.try += 1
      ti.state = 'running'
      ti.start = at
      ti.end = null
      ti.plannedEnd = at + ti.task.ms * (0.7 + run.rng() * 0.6)
    } else if (ti.state === 'running' && at >= ti.plannedEnd) {
      const failed = run.rng() < ti.task.fail
      if (failed && ti.try <= ti.task.retries) {
        finish(ti, 'failed', at)
        ti.state = 'up_for_retry'
        ti.retryAt = at + (live ? 8000 : 2000)
      } else finish(ti, failed ? 'failed' : 'success', at)
    }
    if (ti.state !== before) touch(world, run)
  }
  const all = [...run.tis.values()]
  if (all.every((ti) => FINISHED.has(ti.state))) {
    const leaves = all.filter((ti) => !run.dag.tasks.some((t) => t.after.includes(ti.task.id)))
    run.state = leaves.some((ti) => ti.state === 'failed' || ti.state === 'upstream_failed') ? 'failed' : 'success'
    run.end = at
    touch(world, run)
  }
}

function clear(world, run, keys) {
  for (const key of keys) {
    const old = run.tis.get(key)
    if (!old) continue
    run.tis.set(key, { ...newTi(old.task, old.mapIndex), try: old.try, history: old.history, note: old.note, max_tries: old.try + old.task.retries })
  }
  run.state = 'queued'
  run.queuedAt = Date.now()
  run.end = null
  touch(world, run)
}

function tick(world, at) {
  for (const [dagId, runs] of world.runs) {
    const dag = world.dags.get(dagId)
    for (const run of runs) if ((run.state === 'queued' && at - run.queuedAt > 300) || run.state === 'running') stepRun(world, run, at, true)
    // A live DAG always has something going.
    const busy = runs.some((run) => run.state === 'running' || run.state === 'queued')
    const last = runs[0]
    if (dag.live && !dag.paused && !busy && at - (last?.end ?? 0) > 4000) startRun(world, dag, { type: 'scheduled', at })
  }
  const { runs, dags: dagIds, importErrors: errors } = world.changed
  if (runs.size === 0 && dagIds.size === 0 && !errors) return
  const change = { runs: [...runs.values()].map((run) => ({ dag_id: run.dag.id, run_id: run.id, state: run.state, run_after: iso(run.runAfter) })), dags: [...dagIds], import_errors: errors }
  world.changed = { runs: new Map(), dags: new Set(), importErrors: false }
  for (const listener of world.listeners) listener(change)
}
