// Development only: a stand-in for the Tradewind server with an invented, lively world, so that pages can
// be built and tested without one. Never part of the product.
//
//   node dev/mock.mjs [--port 8793] [--empty] [--all-admins]
//
// Log in as admin / admin. Serves dist/ too when it has been built.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { handle } from './mock/api.mjs'
import { createWorld } from './mock/world.mjs'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
const DIST = fileURLToPath(new URL('../dist', import.meta.url))

function serveFile(request, response) {
  const wanted = join(DIST, normalize(decodeURIComponent(new URL(request.url, 'http://mock').pathname)))
  const isFile = wanted.startsWith(DIST) && existsSync(wanted) && statSync(wanted).isFile()
  const file = isFile ? wanted : join(DIST, 'index.html')
  if (!existsSync(file)) {
    response.writeHead(404).end('Build the UI first: npm run build')
    return
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
  createReadStream(file).pipe(response)
}

/** Starts the mock; resolves with its address and a function that stops it. */
export function start({ port = 0, empty = false, allAdmins = false } = {}) {
  const world = createWorld({ empty })
  const ticking = setInterval(() => world.tick(Date.now()), 250)
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://mock')
    if (/^\/(api|auth|ui)\//.test(pathname)) void handle(world, request, response, { allAdmins })
    else serveFile(request, response)
  })
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        stop: () => {
          clearInterval(ticking)
          server.closeAllConnections()
          server.close()
        },
      })
    })
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--port')
  const { url } = await start({
    port: at > 0 ? Number(process.argv[at + 1]) : 8793,
    empty: process.argv.includes('--empty'),
    allAdmins: process.argv.includes('--all-admins'),
  })
  console.log(`mock server: ${url} (admin / admin)`)
}
