/** Build, development server and unit test configuration. */
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { compress } from './scripts/compress.ts'

// The development server forwards API calls to a Tradewind server (or the mock) at this address.
const target = process.env['TRADEWIND_URL'] ?? 'http://127.0.0.1:8793'
const proxy = Object.fromEntries(['/api', '/auth', '/ui'].map((path) => [path, { target }]))

export default defineConfig({
  plugins: [react(), compress()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { host: '127.0.0.1', port: 5173, proxy },
  // `vite preview` shows the built pages on a server that was built without them, or with older ones.
  preview: { host: '127.0.0.1', port: 4173, proxy },
  build: {
    target: 'es2022',
    // Every file under `assets/` has its hash in its name, so the server may cache it for ever.
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    env: { TZ: 'Europe/Berlin' },
  },
})
