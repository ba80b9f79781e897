// Development only: the pages that dev/shots.mjs takes pictures of.
const goto = (path) => (page) => page.goto(path)

/** The path of a run of a DAG, the newest (0) or an older one. */
const run = async (page, dag, index = 0) => {
  const answer = await page.request.get(`/ui/grid/${dag}?limit=25`)
  return `/dags/${dag}/runs/${encodeURIComponent((await answer.json()).runs[index].run_id)}`
}
const inRun = (dag, index, rest = '') => async (page) => page.goto((await run(page, dag, index)) + rest)

export const scenes = [
  { name: 'login', anonymous: true, open: goto('/login') },
  { name: 'login-wrong', anonymous: true, themes: ['light'], open: async (page) => {
    await page.goto('/login')
    await page.getByLabel('User name').fill('admin')
    await page.getByLabel('Password').fill('nope')
    await page.getByRole('button', { name: 'Log in' }).click()
  } },
  { name: 'dags', open: goto('/dags') },
  { name: 'dags-empty', world: 'empty', open: goto('/dags') },
  { name: 'dags-nomatch', themes: ['light'], open: goto('/dags?q=zzz') },
  { name: 'dags-narrow', size: { width: 820, height: 700 }, themes: ['light'], open: goto('/dags') },
  { name: 'palette', open: async (page) => {
    await page.goto('/dags')
    await page.waitForSelector('.dag-row')
    await page.keyboard.press('Control+k')
    await page.keyboard.type('or')
  } },
  { name: 'shortcuts', open: async (page) => {
    await page.goto('/dags')
    await page.waitForSelector('.dag-row')
    await page.keyboard.press('?')
  } },
  { name: 'usermenu', themes: ['dark'], open: async (page) => {
    await page.goto('/dags')
    await page.getByRole('button', { name: /theme, shortcuts/ }).click()
  } },
  { name: 'grid', open: goto('/dags/orders_hourly') },
  { name: 'grid-closed', themes: ['light'], open: async (page) => {
    await page.goto('/dags/orders_hourly')
    await page.getByRole('button', { name: 'Close all groups' }).click()
    await page.locator('.grid-cell a').nth(100).hover()
  } },
  { name: 'grid-empty', themes: ['light'], open: goto('/dags/e2e_hello') },
  { name: 'graph', open: goto('/dags/orders_hourly/graph') },
  { name: 'graph-small', open: goto('/dags/feature_build/graph') },
  { name: 'graph-norun', themes: ['light'], open: goto('/dags/e2e_hello/graph') },
  { name: 'dag-runs', open: goto('/dags/orders_hourly/runs') },
  { name: 'code', open: goto('/dags/orders_hourly/code') },
  { name: 'details', open: goto('/dags/report_daily/details') },
  { name: 'runs', open: goto('/runs') },
  { name: 'runs-empty', world: 'empty', themes: ['light'], open: goto('/runs') },
  { name: 'notfound', themes: ['light'], open: goto('/dags/nope') },
  { name: 'trigger', open: goto('/dags/report_daily/trigger') },
  { name: 'trigger-plain', themes: ['light'], open: goto('/dags/crm_sync/trigger') },
  { name: 'trigger-errors', themes: ['dark'], open: async (page) => {
    await page.goto('/dags/report_daily/trigger')
    await page.getByLabel('Days').fill('120')
    await page.getByText('At…').click()
    await page.getByRole('button', { name: 'Trigger' }).click()
  } },
  { name: 'run', open: inRun('orders_hourly', 0) },
  { name: 'run-done', themes: ['light'], open: inRun('orders_hourly', 3) },
  { name: 'run-graph', open: inRun('feature_build', 0, '/graph') },
  { name: 'run-details', themes: ['light'], open: inRun('report_daily', 0, '/details') },
  { name: 'run-clear', open: async (page) => {
    await inRun('feature_build', 2)(page)
    await page.getByRole('button', { name: 'Clear' }).click()
  } },
  { name: 'task-log', open: inRun('orders_hourly', 2, '/tasks/quality.nulls') },
  { name: 'task-live', settle: 1500, open: inRun('heartbeat_stream', 0, '/tasks/listen') },
  { name: 'task-failed', open: async (page) => {
    const answer = await page.request.get('/ui/grid/legacy_import?limit=25')
    const grid = await answer.json()
    const failed = grid.runs.findIndex((item) => grid.task_instances[item.run_id].fetch.try > 1)
    await inRun('legacy_import', failed, '/tasks/fetch?try=1')(page)
  } },
  { name: 'task-big', themes: ['dark'], open: async (page) => {
    await inRun('log_flood', 0, '/tasks/flood')(page)
    await page.getByLabel('Search the log').fill('page 3')
    await page.keyboard.press('Enter')
  } },
  { name: 'task-waiting', open: inRun('warehouse_vacuum', 0, '/tasks/vacuum') },
  { name: 'task-upstream', themes: ['light'], open: inRun('warehouse_vacuum', 0, '/tasks/analyze') },
  { name: 'task-xcom', open: inRun('orders_hourly', 2, '/tasks/extract.customers?tab=xcom') },
  { name: 'task-rendered', themes: ['light'], open: inRun('orders_hourly', 2, '/tasks/transform.orders.stage?tab=rendered') },
  { name: 'task-details', open: inRun('orders_hourly', 2, '/tasks/extract.customers?tab=details') },
  { name: 'task-mapped', open: inRun('feature_build', 1, '/tasks/score_partition') },
  { name: 'task-clear', themes: ['light'], open: async (page) => {
    await inRun('orders_hourly', 2, '/tasks/extract.customers')(page)
    await page.getByRole('button', { name: 'Clear' }).click()
  } },
  { name: 'task-mark', themes: ['dark'], open: async (page) => {
    await inRun('orders_hourly', 2, '/tasks/extract.customers')(page)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Mark as failed' }).click()
  } },
  { name: 'import-errors', open: goto('/import-errors') },
  { name: 'import-errors-none', world: 'empty', themes: ['light'], open: goto('/import-errors') },
  { name: 'variables', open: goto('/variables') },
  { name: 'variables-empty', world: 'empty', themes: ['dark'], open: goto('/variables') },
  { name: 'variables-new', themes: ['light'], open: async (page) => {
    await page.goto('/variables')
    await page.getByRole('button', { name: 'New variable' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
  } },
  { name: 'connections', themes: ['light'], open: goto('/connections') },
  { name: 'connections-edit', open: async (page) => {
    await page.goto('/connections')
    await page.getByRole('button', { name: 'Edit lake' }).click()
  } },
  { name: 'pools', open: goto('/pools') },
  { name: 'cluster', open: goto('/cluster'), size: { width: 1360, height: 1240 } },
  { name: 'cluster-narrow', size: { width: 760, height: 1100 }, themes: ['light'], open: goto('/cluster') },
  { name: 'cluster-local', world: 'empty', open: goto('/cluster') },
  { name: 'cluster-worker', themes: ['light', 'dark'], open: async (page) => {
    await page.goto('/cluster?at=worker-7d9f-a')
    await page.getByRole('button', { name: 'Actions for celery@worker-7d9f-a' }).click()
  } },
  { name: 'cluster-shutdown', themes: ['dark'], open: async (page) => {
    await page.goto('/cluster')
    await page.getByRole('button', { name: 'Actions for celery@worker-7d9f-b' }).click()
    await page.getByRole('menuitem', { name: 'Shut down…' }).click()
  } },
  { name: 'events', open: goto('/events') },
  { name: 'events-empty', world: 'empty', themes: ['light'], open: goto('/events') },
  { name: 'health', themes: ['light', 'dark'], open: async (page) => {
    await page.goto('/dags')
    await page.getByTitle('Health of the system').click()
  } },
]
