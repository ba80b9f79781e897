/** Starts the mock server, unless TRADEWIND_URL names a server that has the DAGs of `e2e/dags`. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

interface Started {
  url: string
  stop: () => void
}

declare module 'vitest' {
  export interface ProvidedContext {
    baseURL: string
    mock: boolean
  }
}

export default async function setUp(project: TestProject): Promise<(() => void) | undefined> {
  const given = process.env['TRADEWIND_URL']
  if (given !== undefined && given !== '') {
    project.provide('baseURL', given.replace(/\/$/, ''))
    project.provide('mock', false)
    return undefined
  }
  if (!existsSync(fileURLToPath(new URL('../dist/index.html', import.meta.url)))) throw new Error('build the pages first: npm run build')
  const module = (await import(new URL('../dev/mock.mjs', import.meta.url).href)) as { start: () => Promise<Started> }
  const server = await module.start()
  project.provide('baseURL', server.url)
  project.provide('mock', true)
  return server.stop
}
