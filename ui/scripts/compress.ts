/** A build step: writes `.br` and `.gz` beside files worth it, so that the server never compresses while it answers. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const WORTH_IT = /\.(js|css|html|svg)$/
const SMALLEST = 1024

export function compress(): Plugin {
  let outDir = 'dist'
  return {
    name: 'compress',
    apply: 'build',
    configResolved: (config) => {
      outDir = config.build.outDir
    },
    closeBundle: async () => {
      const files = await readdir(outDir, { recursive: true, withFileTypes: true })
      for (const file of files) {
        if (!file.isFile() || !WORTH_IT.test(file.name)) continue
        const path = join(file.parentPath, file.name)
        const text = await readFile(path)
        if (text.length < SMALLEST) continue
        await writeFile(`${path}.br`, brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }))
        await writeFile(`${path}.gz`, gzipSync(text, { level: 9 }))
      }
    },
  }
}
