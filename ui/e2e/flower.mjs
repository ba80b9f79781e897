// Looks at Flower's own pages: the worker is in the list, and its page shows its pool. For tests/e2e/test_celery.py.
// node flower.mjs URL NODE
import { existsSync } from 'node:fs'
import process from 'node:process'
import { chromium } from 'playwright-core'

const [url, node] = process.argv.slice(2)
const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = places.find((path) => path !== undefined && existsSync(path))
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  const page = await browser.newPage()
  await page.goto(`${url}/workers`)
  await page.getByRole('link', { name: node }).first().click()
  await page.getByText('max-concurrency', { exact: false }).or(page.getByText('Max concurrency')).first().waitFor()
} finally {
  await browser.close()
}
