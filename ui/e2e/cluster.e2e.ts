/** The cluster page: workers, queues and processes, and the way there from a task and back. */
import { expect, it } from 'vitest'
import { loggedIn, runBecomes, trigger } from './browser'

it('shows the processes that are there and what runs the tasks', async () => {
  const page = await loggedIn('/dags')
  await page.keyboard.press('g')
  await page.keyboard.press('k')
  await page.waitForURL(/\/cluster$/)
  await page.getByRole('heading', { name: 'Queues' }).waitFor()
  for (const name of ['Scheduler', 'DAG processor', 'API server']) {
    const row = page.getByRole('row', { name: new RegExp(`^${name} `) }).first()
    await row.getByText('Online').waitFor()
  }
  expect(await page.locator('[data-worker]').count()).toBeGreaterThan(0)
})

it('leads from a task to its worker', async () => {
  const page = await loggedIn()
  const run = await trigger(page, 'e2e_hello')
  await runBecomes(page, 'Success')
  await page.goto(`${run}/tasks/hello?tab=details`)
  await page.locator('a[href^="/cluster?at="]').first().click()
  await page.waitForURL(/\/cluster\?at=/)
  await page.getByRole('heading', { name: 'Processes' }).waitFor()
})
