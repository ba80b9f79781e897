// Development only: the pages that dev/shots.mjs takes pictures of.
const goto = (path) => (page) => page.goto(path)

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
]
