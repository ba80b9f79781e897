/** The list of DAGs, a DAG's pages, import errors. */
import { expect, it } from 'vitest'
import { loggedIn, runBecomes, trigger } from './browser'

it('lists DAGs, searches and filters them, and remembers that in the address', async () => {
  const page = await loggedIn()
  await page.getByLabel('Search DAGs').fill('e2e_')
  await page.waitForURL(/q=e2e_/)
  await page.waitForFunction(() => [...document.querySelectorAll('[data-dag]')].every((row) => row.getAttribute('data-dag')?.startsWith('e2e_')))
  await page.locator('[data-dag="e2e_params"]').waitFor()
  const names = await page.locator('[data-dag]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-dag')))
  expect(names).toEqual(expect.arrayContaining(['e2e_fails', 'e2e_hello', 'e2e_params', 'e2e_slow']))
  await page.reload()
  expect(await page.getByLabel('Search DAGs').inputValue()).toBe('e2e_')
  await page.getByLabel('Search DAGs').fill('no such dag')
  await page.getByText('No DAG matches').waitFor()
})

it('pauses and unpauses at once, and for everybody', async () => {
  const page = await loggedIn('/dags?q=e2e_params')
  const other = await loggedIn('/dags?q=e2e_params')
  const toggle = page.locator('[data-dag="e2e_params"]').getByRole('switch')
  const was = await toggle.getAttribute('aria-checked')
  for (const now of [was === 'true' ? 'false' : 'true', was]) {
    await toggle.click()
    await page.locator(`[data-dag="e2e_params"] [role="switch"][aria-checked="${now}"]`).waitFor()
    // The other page hears of it without a reload.
    await other.locator(`[data-dag="e2e_params"] [role="switch"][aria-checked="${now}"]`).waitFor()
  }
})

it('shows import errors with file, line, message and traceback', async () => {
  const page = await loggedIn()
  await page.getByRole('alert').getByRole('link', { name: 'Show' }).click()
  await page.getByRole('button', { name: /e2e_broken\.py/ }).click()
  const article = page.getByRole('article')
  await article.getByText(/SyntaxError/).first().waitFor()
  const text = (await article.textContent()) ?? ''
  expect(text).toContain('e2e_broken.py')
  expect(text).toContain('Line 3')
  expect(text).toContain('Traceback')
})

it('shows runs arriving in the grid without a reload', async () => {
  const page = await loggedIn()
  await trigger(page, 'e2e_hello')
  await runBecomes(page, 'Success')
  await page.goto('/dags/e2e_hello')
  const bars = page.locator('.grid-bar')
  await bars.first().waitFor()
  const before = await bars.count()
  const other = await loggedIn()
  await trigger(other, 'e2e_hello')
  await page.waitForFunction((count) => document.querySelectorAll('.grid-bar').length > count, before)
  await page.locator('.grid-column').last().locator('[data-state="success"]').first().waitFor({ timeout: 20_000 })
  // Groups fold, and the fold stands for what is in it.
  await page.getByRole('button', { name: /^work/ }).click()
  expect(await page.getByText('left', { exact: true }).count()).toBe(0)
  await page.getByRole('link', { name: /work: Success/ }).last().waitFor()
})

it('walks the grid with the arrow keys and opens a task', async () => {
  const page = await loggedIn()
  await trigger(page, 'e2e_hello')
  await runBecomes(page, 'Success')
  await page.goto('/dags/e2e_hello')
  await page.locator('.grid-bar').last().focus()
  await page.keyboard.press('ArrowDown')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toContain('hello: Success')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/tasks\/hello$/)
})

it('draws the graph with the states of a run', async () => {
  const page = await loggedIn('/dags')
  await trigger(page, 'e2e_hello')
  await runBecomes(page, 'Success')
  await page.goto('/dags/e2e_hello/graph')
  await page.locator('.graph-node[data-state="success"]', { hasText: 'left' }).waitFor()
  const box = (name: string) => page.locator('.graph-node', { hasText: name }).boundingBox()
  const [hello, left, finish] = await Promise.all([box('hello'), box('left'), box('finish')])
  expect((hello?.x ?? 0) + (hello?.width ?? 0)).toBeLessThan(left?.x ?? 0)
  expect((left?.x ?? 0) + (left?.width ?? 0)).toBeLessThan(finish?.x ?? 0)
  await page.getByRole('button', { name: 'Close the group work' }).click()
  await page.getByRole('button', { name: 'Open the group work' }).waitFor()
  expect(await page.locator('.graph-node', { hasText: 'left' }).count()).toBe(0)
})

it('shows code and details', async () => {
  const page = await loggedIn('/dags/e2e_hello/code')
  await page.locator('.code-line', { hasText: 'e2e_hello' }).first().waitFor()
  await page.getByRole('link', { name: 'Details' }).click()
  await page.getByText('Catch up').waitFor()
})
