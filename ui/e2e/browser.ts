/** One browser for a file of tests, a fresh logged-in page for each test, and what they do again and again. */
import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const user = process.env['TRADEWIND_USER'] ?? 'admin'
const password = process.env['TRADEWIND_PASSWORD'] ?? 'admin'

let browser: Browser
const open: Page[] = []
let problems: string[] = []

function executable(): string {
  const found = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path))
  if (found === undefined) throw new Error('no Chromium: apt-get install chromium, or name one in CHROMIUM')
  return found
}

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: executable(), args: flags })
})

afterAll(() => browser.close())

afterEach(async () => {
  await Promise.all(open.splice(0).map((page) => page.context().close()))
  const seen = problems
  problems = []
  expect(seen, 'errors in the page').toEqual([])
})

/** A page that nobody is logged in to. */
export async function newPage(): Promise<Page> {
  const context = await browser.newContext({ baseURL: inject('baseURL'), viewport: { width: 1360, height: 820 }, timezoneId: 'Europe/Berlin', colorScheme: 'light' })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    // A refused request is logged by the browser itself; tests that provoke one expect it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text())
  })
  open.push(page)
  return page
}

export async function logIn(page: Page, path = '/dags'): Promise<void> {
  await page.goto(path)
  // A server on which everybody is an administrator has no login.
  const field = page.getByLabel('User name')
  await Promise.race([field.waitFor(), page.getByRole('navigation', { name: 'Main' }).waitFor()])
  if (!(await field.isVisible())) return
  await field.fill(user)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).waitFor()
}

export async function loggedIn(path = '/dags'): Promise<Page> {
  const page = await newPage()
  await logIn(page, path)
  return page
}

/** Triggers a DAG through its form and gives the address of the run's page. */
export async function trigger(page: Page, dagId: string): Promise<string> {
  await page.goto(`/dags/${dagId}/trigger`)
  const unpause = page.getByLabel('Unpause the DAG')
  const button = page.getByRole('button', { name: 'Trigger' })
  await button.waitFor()
  if (await unpause.isVisible()) await unpause.check()
  await button.click()
  await page.waitForURL(/\/runs\//)
  return new URL(page.url()).pathname
}

/** The state that the run's head shows becomes this one. */
export async function runBecomes(page: Page, state: string): Promise<void> {
  await page.locator('.run-head .state-badge', { hasText: state }).waitFor({ timeout: 20_000 })
}
