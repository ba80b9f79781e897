// The invented DAGs of the mock world.

/** task(id, { after, group, op, ms, lines, fail, retries, mapped, pool, trigger_rule }) */
const task = (id, options = {}) => ({ id, after: [], group: null, op: '_PythonDecoratedOperator', ms: 4000, lines: 12, fail: 0, retries: 0, mapped: 0, pool: 'default_pool', trigger_rule: 'all_success', ...options })

function ordersHourly() {
  const tasks = [task('start', { op: 'EmptyOperator', ms: 20 })]
  const sources = ['orders', 'customers', 'payments', 'refunds', 'inventory', 'shipments']
  for (const s of sources) tasks.push(task(`extract.${s}`, { after: ['start'], group: 'extract', op: 'PostgresOperator', ms: 3000 + s.length * 700 }))
  for (const s of sources) {
    const group = `transform.${s}`
    tasks.push(task(`${group}.clean`, { after: [`extract.${s}`], group, ms: 2200 }))
    tasks.push(task(`${group}.enrich`, { after: [`${group}.clean`, ...(s === 'orders' ? ['extract.customers'] : [])], group, ms: 3600 }))
    tasks.push(task(`${group}.stage`, { after: [`${group}.enrich`], group, op: 'BashOperator', ms: 1500 }))
  }
  for (const check of ['freshness', 'row_counts', 'nulls', 'duplicates', 'referential']) {
    tasks.push(task(`quality.${check}`, { after: sources.map((s) => `transform.${s}.stage`), group: 'quality', op: 'SQLCheckOperator', ms: 1700, fail: check === 'nulls' ? 0.12 : 0, retries: 1 }))
  }
  const checks = tasks.filter((t) => t.group === 'quality').map((t) => t.id)
  for (const target of ['warehouse', 'lake', 'search', 'cache']) tasks.push(task(`load.${target}`, { after: checks, group: 'load', ms: 5200, pool: target === 'warehouse' ? 'warehouse' : 'default_pool' }))
  tasks.push(task('notify', { after: ['load.warehouse', 'load.lake', 'load.search', 'load.cache'], trigger_rule: 'all_done', op: 'SlackNotifier', ms: 600 }))
  tasks.push(task('metrics', { after: ['load.warehouse'], ms: 900 }))
  tasks.push(task('finish', { after: ['notify', 'metrics'], op: 'EmptyOperator', ms: 20 }))
  const groups = [
    ['extract', null], ['transform', null], ...sources.map((s) => [`transform.${s}`, 'transform']), ['quality', null], ['load', null],
  ].map(([group_id, parent]) => ({ group_id, label: group_id.split('.').pop(), parent, tooltip: '' }))
  return { tasks, groups }
}

const chain = (...ids) => ids.map((id, i) => task(id, { after: i ? [ids[i - 1]] : [], op: i % 2 ? 'BashOperator' : '_PythonDecoratedOperator' }))

const params = {
  region: { value: 'eu-west', schema: { type: 'string', title: 'Region', enum: ['eu-west', 'us-east', 'ap-south'] }, description: 'Which region to report on' },
  days: { value: 7, schema: { type: 'integer', title: 'Days', minimum: 1, maximum: 90 }, description: 'How many days back, 1 to 90' },
  recipients: { value: ['ops@example.org'], schema: { type: 'array', title: 'Recipients', items: { type: 'string' } }, description: 'One address a line' },
  dry_run: { value: false, schema: { type: 'boolean', title: 'Dry run' }, description: 'Compute everything, send nothing' },
  since: { value: null, schema: { type: ['null', 'string'], format: 'date', title: 'Since', section: 'Advanced' }, description: 'Overrides Days' },
  options: { value: { currency: 'EUR' }, schema: { type: 'object', title: 'Options', section: 'Advanced' }, description: null },
}

export const dags = [
  { id: 'orders_hourly', description: 'Pulls the shop’s tables, checks them and loads the warehouse', tags: ['sales', 'etl'], schedule: '0 * * * *', timetable: 'At the start of every hour', every: 3600, ...ordersHourly(), history: 30, live: 1 },
  {
    id: 'feature_build', description: 'Features for the ranking model, scored by partition', tags: ['ml'], schedule: '*/30 * * * *', timetable: 'Every 30 minutes', every: 1800, history: 28, live: 1,
    groups: [{ group_id: 'train', label: 'train', parent: null, tooltip: 'Only when there is enough new data' }],
    tasks: [
      task('list_partitions', { ms: 1200 }),
      task('score_partition', { after: ['list_partitions'], mapped: 24, ms: 9000, fail: 0.02, retries: 2 }),
      task('enough_data', { after: ['score_partition'], op: 'BranchPythonOperator', ms: 500 }),
      task('train.fit', { after: ['enough_data'], group: 'train', ms: 12000 }),
      task('train.evaluate', { after: ['train.fit'], group: 'train', ms: 3000 }),
      task('publish', { after: ['train.evaluate', 'enough_data'], trigger_rule: 'none_failed_min_one_success', ms: 2000 }),
    ],
    edge_labels: [{ from: 'enough_data', to: 'train.fit', label: 'enough' }, { from: 'enough_data', to: 'publish', label: 'too little' }],
  },
  { id: 'report_daily', description: 'The morning report, by region', tags: ['reporting'], schedule: '0 6 * * *', timetable: 'At 06:00', every: 86400, tasks: chain('collect', 'aggregate', 'render', 'send'), history: 30, params, doc_md: '# Morning report\n\nSends one PDF for each region.\n\n* owner: analytics\n* deadline: **07:00**' },
  { id: 'warehouse_vacuum', description: 'Keeps the warehouse tidy; waits for a slot in its pool', tags: ['ops'], schedule: '*/10 * * * *', timetable: 'Every 10 minutes', every: 600, history: 30, live: 1, tasks: [task('lock_tables', { ms: 800 }), task('vacuum', { after: ['lock_tables'], pool: 'warehouse', ms: 60000, stuck: true }), task('analyze', { after: ['vacuum'] })] },
  { id: 'log_flood', description: 'One task that writes 5,000 lines', tags: ['demo'], schedule: null, timetable: 'Never, triggered by hand', history: 3, tasks: [task('flood', { lines: 5000, ms: 20000 }), task('after', { after: ['flood'] })] },
  { id: 'heartbeat_stream', description: 'Always running, always talking', tags: ['demo', 'ops'], schedule: '@continuous', timetable: 'As often as possible', every: 90, history: 14, live: 1, tasks: [task('listen', { ms: 80000, lines: 400 }), task('rotate', { after: ['listen'], ms: 1500 })] },
  { id: 'legacy_import', description: 'Fails most of the time; nobody dares to remove it', tags: ['etl', 'legacy'], schedule: '@daily', timetable: 'At 00:00', every: 86400, history: 20, tasks: [task('fetch', { fail: 0.2, retries: 2, retry_wait: true }), task('parse', { after: ['fetch'], fail: 0.4 }), task('store', { after: ['parse'] })], import_error: true },
  { id: 'e2e_hello', description: 'Says hello from stdout, stderr and logging', tags: ['e2e'], schedule: null, timetable: 'Never, triggered by hand', history: 0, groups: [{ group_id: 'work', label: 'work', parent: null, tooltip: '' }], tasks: [task('hello', { ms: 400, hello: true }), task('work.left', { after: ['hello'], group: 'work', ms: 300 }), task('work.right', { after: ['hello'], group: 'work', ms: 500 }), task('finish', { after: ['work.left', 'work.right'], op: 'EmptyOperator', ms: 20 })] },
  { id: 'e2e_params', description: 'Has parameters', tags: ['e2e'], schedule: null, timetable: 'Never, triggered by hand', history: 0, tasks: [task('show', { ms: 300 })], params: { name: { value: 'world', schema: { type: 'string', title: 'Name', minLength: 2 }, description: 'Whom to greet' }, count: { value: 3, schema: { type: 'integer', title: 'Count', minimum: 1, maximum: 10 }, description: null }, loud: { value: false, schema: { type: 'boolean', title: 'Loud' }, description: null } } },
  { id: 'e2e_slow', description: 'Writes a line every 200 ms for a while', tags: ['e2e'], schedule: null, timetable: 'Never, triggered by hand', history: 0, tasks: [task('tick', { ms: 12000, lines: 60 })] },
  { id: 'e2e_fails', description: 'Raises an error', tags: ['e2e'], schedule: null, timetable: 'Never, triggered by hand', history: 0, tasks: [task('boom', { ms: 400, fail: 1 }), task('never', { after: ['boom'] })] },
  ...['billing_export', 'crm_sync', 'currency_rates', 'customer_segments', 'email_digest', 'fraud_scan', 'geo_refresh', 'invoice_archive', 'kafka_compaction', 'lake_partitions', 'marketing_attribution', 'payroll_check', 'price_watch', 'recommendation_cache', 'sessionize_clicks', 'sla_report', 'stock_levels', 'tax_tables', 'user_cleanup', 'web_crawl'].map((id, i) => ({
    id, description: i % 4 === 1 ? null : `Keeps ${id.replaceAll('_', ' ')} up to date`, tags: [['etl'], ['ops'], ['sales', 'reporting'], ['ml']][i % 4], schedule: ['@daily', '15 */4 * * *', '@hourly', '30 2 * * 1-5', '@weekly'][i % 5], timetable: ['At 00:00', 'At minute 15 past every 4th hour', 'At minute 0', 'At 02:30, Monday to Friday', 'At 00:00 on Sunday'][i % 5],
    every: [86400, 14400, 3600, 86400, 604800][i % 5], history: i % 7 === 6 ? 2 : 18, paused: i % 6 === 5, live: i % 9 === 3 ? 1 : 0, tasks: chain('extract', 'transform', 'load').map((t, n) => ({ ...t, fail: (i % 5 === 2 && n === 1) ? 0.25 : 0.015, ms: 8000 + i * 900 })),
  })),
].map((dag) => ({ groups: [], edge_labels: [], params: {}, paused: false, live: 0, doc_md: null, import_error: false, every: null, ...dag }))

export const source = (dag) => `"""${dag.description ?? dag.id}"""
from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task, task_group

# Everything below runs in the warehouse's own zone.
ZONE = pendulum.timezone("Europe/Berlin")
RETRIES = 2


@task(retries=RETRIES)
def extract(table: str, limit: int = 1_000) -> list[dict]:
    """Reads one table."""
    print(f"reading {table!r}")
    return [{"id": n, "value": n * 1.5} for n in range(limit)]


with DAG(
    dag_id="${dag.id}",
    schedule=${dag.schedule === null ? 'None' : `"${dag.schedule}"`},
    start_date=pendulum.datetime(2024, 1, 1, tz=ZONE),
    catchup=False,
    tags=${JSON.stringify(dag.tags)},
) as dag:
${dag.tasks.slice(0, 12).map((t) => `    ${t.id.replaceAll('.', '_')} = extract.override(task_id="${t.id.split('.').pop()}")("${t.id}")`).join('\n')}

    ${dag.tasks.slice(0, 5).map((t) => t.id.replaceAll('.', '_')).join(' >> ')}
`

export const importErrors = [
  { import_error_id: 1, filename: 'legacy/legacy_import.py', line: 14, message: "ModuleNotFoundError: No module named 'cx_Oracle'", stack_trace: 'Traceback (most recent call last):\n  File "/dags/legacy/legacy_import.py", line 14, in <module>\n    import cx_Oracle\nModuleNotFoundError: No module named \'cx_Oracle\'\n' },
  { import_error_id: 2, filename: 'finance/month_end.py', stack_trace: 'Traceback (most recent call last):\n  File "/dags/finance/month_end.py", line 41, in <module>\n    dag = build(year=2025)\n          ^^^^^^^^^^^^^^^^\n  File "/dags/finance/factory.py", line 112, in build\n    raise ValueError(f"no calendar for {year}")\nValueError: no calendar for 2025\n' },
  { import_error_id: 3, filename: 'e2e_broken.py', stack_trace: '  File "/dags/e2e_broken.py", line 3\n    def broken(:\n               ^\nSyntaxError: invalid syntax\n' },
]
