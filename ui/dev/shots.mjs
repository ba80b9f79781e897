// Development only: pictures of every page in light and dark, full and empty, into e2e/shots/.
//
//   npm run build && node dev/shots.mjs [name-part …]
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { start } from './mock.mjs'
import { scenes } from './scenes.mjs'

const OUT = fileURLToPath(new URL('../e2e/shots/', import.meta.url))
const wanted = process.argv.slice(2)
mkdirSync(OUT, { recursive: true })

const servers = { full: await start(), empty: await start({ empty: true }) }
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const failures = []
for (const scene of scenes) {
  if (wanted.length > 0 && !wanted.some((part) => scene.name.includes(part))) continue
  for (const theme of scene.themes ?? ['light', 'dark']) {
    const context = await browser.newContext({ viewport: scene.size ?? { width: 1360, height: 820 }, colorScheme: theme, deviceScaleFactor: 1, baseURL: servers[scene.world ?? 'full'].url, timezoneId: 'Europe/Berlin' })
    if (scene.anonymous !== true) await context.addCookies([{ name: '_token', value: 'mock', url: servers[scene.world ?? 'full'].url }])
    const page = await context.newPage()
    page.on('console', (message) => message.type() === 'error' && failures.push(`${scene.name}: ${message.text()}`))
    page.on('pageerror', (error) => failures.push(`${scene.name}: ${error}`))
    try {
      await scene.open(page)
      await page.waitForTimeout(scene.settle ?? 700)
      await page.screenshot({ path: `${OUT}${scene.name}.${theme}.png` })
    } catch (error) {
      failures.push(`${scene.name}.${theme}: ${error}`)
      await page.screenshot({ path: `${OUT}${scene.name}.${theme}.failed.png` })
    }
    await context.close()
  }
}
await browser.close()
Object.values(servers).forEach((server) => server.stop())
console.log(failures.length === 0 ? 'all pictures taken' : failures.join('\n'))
process.exit(failures.length === 0 ? 0 : 1)
