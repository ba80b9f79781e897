/** Logging in and out, and getting around. */
import { expect, it } from 'vitest'
import { loggedIn, logIn, newPage } from './browser'

it('refuses a wrong password and says so', async ({ skip }) => {
  const page = await newPage()
  await page.goto('/login')
  const me = await page.request.get('/ui/me')
  if (me.ok()) skip('everybody is an administrator on this server')
  await page.getByLabel('User name').fill('admin')
  await page.getByLabel('Password').fill('certainly wrong')
  await page.getByRole('button', { name: 'Log in' }).click()
  expect(await page.getByRole('alert').textContent()).toContain('wrong')
})

it('leads back to the page that was wanted before logging in', async () => {
  const page = await newPage()
  await logIn(page, '/dags/e2e_hello/graph')
  await page.getByRole('link', { name: 'Graph' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/dags/e2e_hello/graph')
})

it('logs out', async ({ skip }) => {
  const page = await loggedIn()
  const me = (await (await page.request.get('/ui/me')).json()) as { all_admins: boolean }
  if (me.all_admins) skip('there is no logging out')
  await page.getByRole('button', { name: /theme, shortcuts/ }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.getByLabel('User name').waitFor()
  await page.goto('/pools')
  await page.getByLabel('User name').waitFor()
})

it('finds a DAG with the palette and opens it', async () => {
  const page = await loggedIn()
  await page.locator('.dag-row').nth(1).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('e2e_he')
  await page.getByRole('option', { name: /^e2e_hello/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/dags\/e2e_hello$/)
})

it('moves with the keyboard and lists its shortcuts', async () => {
  const page = await loggedIn()
  await page.locator('.dag-row').nth(1).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('v')
  await page.waitForURL(/\/variables$/)
  await page.keyboard.press('?')
  await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor({ state: 'detached' })
})

it('keeps the chosen theme and zone', async () => {
  const page = await loggedIn()
  await page.getByRole('button', { name: /theme, shortcuts/ }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Dark' }).click()
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await background()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /Switch to UTC/ }).click()
  await page.reload()
  await page.getByRole('button', { name: /Switch to local time/ }).waitFor()
  expect(await background()).toBe(dark)
})
