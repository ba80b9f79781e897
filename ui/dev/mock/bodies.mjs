// Answers in the shapes of the REST API, made from the mock world.
import { iso } from './world.mjs'

const PRIORITY = ['failed', 'upstream_failed', 'up_for_retry', 'running', 'queued', 'scheduled', null, 'skipped', 'success']

export const gridRun = (run) => ({ run_id: run.id, state: run.state, run_type: run.type, run_after: iso(run.runAfter), logical_date: iso(run.logicalDate), start_date: iso(run.start), end_date: iso(run.end), dag_version_number: run.version })

export function gridCell(run, task) {
  const tis = [...run.tis.values()].filter((ti) => ti.task === task)
  const counts = {}
  for (const ti of tis) counts[ti.state ?? 'none'] = (counts[ti.state ?? 'none'] ?? 0) + 1
  const state = PRIORITY.find((s) => counts[s ?? 'none']) ?? null
  const starts = tis.map((ti) => ti.start).filter((at) => at !== null)
  const open = tis.some((ti) => ti.end === null)
  return { state, start: starts.length ? iso(Math.min(...starts)) : null, end: open || !starts.length ? null : iso(Math.max(...tis.map((ti) => ti.end))), try: Math.max(...tis.map((ti) => ti.try)), ...(task.mapped ? { counts } : {}) }
}

const next = (dag) => (dag.every && !dag.paused ? iso((Math.floor(Date.now() / (dag.every * 1000)) + 1) * dag.every * 1000) : null)

export function dagRow(world, dag) {
  const runs = world.runs.get(dag.id)
  const counts = { queued: 0, running: 0, success: 0, failed: 0 }
  for (const run of runs) counts[run.state]++
  return {
    dag_id: dag.id, dag_display_name: dag.id, description: dag.description, is_paused: dag.paused, is_stale: dag.stale, tags: dag.tags, owners: ['data-team'], timetable_summary: dag.schedule, timetable_description: dag.timetable,
    next_dagrun_run_after: next(dag), has_import_errors: dag.import_error, fileloc: `/dags/${dag.id}.py`, relative_fileloc: `${dag.id}.py`, recent_runs: runs.slice(0, 14).map(gridRun), state_counts: counts,
  }
}

export function details(world, dag) {
  const row = dagRow(world, dag)
  return {
    ...row, timetable_partitioned: false, timetable_periodic: dag.every !== null, tags: dag.tags.map((name) => ({ name, dag_id: dag.id, dag_display_name: dag.id })), last_parsed_time: iso(world.now - 60_000), last_parse_duration: 0.021, last_expired: null, bundle_name: 'dags-folder', bundle_version: null,
    max_active_tasks: 16, max_active_runs: 16, max_consecutive_failed_dag_runs: 0, has_task_concurrency_limits: false, next_dagrun_logical_date: row.next_dagrun_run_after, next_dagrun_data_interval_start: row.next_dagrun_run_after, next_dagrun_data_interval_end: row.next_dagrun_run_after, allowed_run_types: null,
    catchup: false, dag_run_timeout: dag.every ? 'PT2H' : null, asset_expression: null, doc_md: dag.doc_md, start_date: '2024-01-01T00:00:00Z', end_date: null, is_paused_upon_creation: null, params: dag.params, render_template_as_native_obj: false, template_search_path: null, timezone: 'Europe/Berlin', last_parsed: iso(world.now - 60_000),
    default_args: { owner: 'data-team', retries: 2 }, is_backfillable: dag.every !== null, file_token: 'x', concurrency: 16, latest_dag_version: { id: '0195-3', version_number: 3, dag_id: dag.id, bundle_name: 'dags-folder', bundle_version: null, created_at: iso(world.now - 86_400_000), dag_display_name: dag.id, bundle_url: null }, active_runs_count: row.state_counts.running,
  }
}

export const runBody = (run) => ({
  dag_run_id: run.id, dag_id: run.dag.id, logical_date: iso(run.logicalDate), queued_at: iso(run.queuedAt), start_date: iso(run.start), end_date: iso(run.end), duration: run.end ? (run.end - run.start) / 1000 : null, data_interval_start: iso(run.logicalDate), data_interval_end: iso(run.logicalDate === null ? null : run.logicalDate + (run.dag.every ?? 0) * 1000), run_after: iso(run.runAfter), last_scheduling_decision: iso(run.end ?? run.start),
  run_type: run.type, state: run.state, triggered_by: run.type === 'manual' ? 'ui' : 'timetable', triggering_user_name: run.user, conf: run.conf, note: run.note, dag_versions: [{ id: '0195-3', version_number: run.version, dag_id: run.dag.id, bundle_name: 'dags-folder', bundle_version: null, created_at: iso(run.runAfter), dag_display_name: run.dag.id, bundle_url: null }], bundle_version: null, dag_display_name: run.dag.id, partition_key: null, partition_date: null,
})

export function tryBody(run, ti, attempt) {
  return {
    task_id: ti.task.id, dag_id: run.dag.id, dag_run_id: run.id, map_index: ti.mapIndex, start_date: iso(attempt.start), end_date: iso(attempt.end), duration: attempt.end ? (attempt.end - attempt.start) / 1000 : null, state: attempt.state, try_number: attempt.try, max_tries: ti.max_tries, task_display_name: ti.task.id, dag_display_name: run.dag.id, hostname: 'worker-2.local', unixname: 'tradewind', pool: ti.task.pool, pool_slots: 1, queue: 'default', priority_weight: 3, operator: ti.task.op, operator_name: ti.task.op.replace(/^_/, ''), queued_when: iso(ti.queued), scheduled_when: iso(ti.scheduled), pid: 41_233, executor: 'local', executor_config: '{}', dag_version: null,
    exit_reason: attempt.reason ?? null, max_rss_kb: attempt.rss ?? null, cpu_ms: attempt.cpu ?? null,
  }
}

export function tiBody(run, ti) {
  const last = ti.history.at(-1)
  return {
    ...tryBody(run, ti, { try: ti.try, state: ti.state, start: ti.start, end: ti.end, ...(ti.state === last?.state ? { rss: last.rss, cpu: last.cpu, reason: last.reason } : {}) }),
    id: '0195f0c2-0000-7000-8000-000000000000', logical_date: iso(run.logicalDate), run_after: iso(run.runAfter), note: ti.note, rendered_map_index: ti.mapIndex >= 0 ? `partition ${ti.mapIndex}` : null, rendered_fields: ti.task.op === 'BashOperator' ? { bash_command: `set -e\nbin/${ti.task.id.split('.').pop()} --date ${iso(run.runAfter).slice(0, 10)}`, env: null, cwd: null } : ti.task.op === 'EmptyOperator' ? {} : { op_args: [ti.task.id], op_kwargs: { ds: iso(run.runAfter).slice(0, 10), limit: 1000 }, templates_dict: null }, trigger: null, triggerer_job: null,
  }
}

export const taskBody = (dag, t) => ({
  task_id: t.id, task_display_name: t.id, owner: 'data-team', start_date: '2024-01-01T00:00:00Z', end_date: null, trigger_rule: t.trigger_rule, depends_on_past: false, wait_for_downstream: false, retries: t.retries, queue: 'default', pool: t.pool, pool_slots: 1, execution_timeout: null, retry_delay: { __type: 'TimeDelta', days: 0, seconds: 300, microseconds: 0 }, retry_exponential_backoff: 0, priority_weight: 1, weight_rule: 'downstream', ui_color: '#fff', ui_fgcolor: '#000', template_fields: ['op_args', 'op_kwargs'], downstream_task_ids: dag.tasks.filter((o) => o.after.includes(t.id)).map((o) => o.id), doc_md: null, operator_name: t.op, params: {}, class_ref: {}, is_mapped: t.mapped > 0, extra_links: [],
})
