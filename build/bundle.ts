import { globSync, rmSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'

/** The source files that are loaded by their path: what a package exports, the command, and threads. */
const entries = ['index.ts', 'plugin.ts', 'testing/index.ts', 'cli/main.ts', '**/*.worker.ts']

/** What the bundler adds for syntax that it replaces. */
const helpers = /^\0|@oxc-project\/runtime/

const source = fileURLToPath(new URL('../src/', import.meta.url))
const target = fileURLToPath(new URL('../dist/', import.meta.url))

/**
 * Writes the published JavaScript: all modules of the source in a few files, since a start
 * that loads 900 files takes half as long again. Dependencies stay packages of their own.
 */
export async function bundle(folder: string = target): Promise<void> {
  const files = entries.flatMap((pattern) => globSync(pattern, { cwd: source }))
  const input = Object.fromEntries(
    files.map((file) => [withoutExtension(file), join(source, file)]),
  )
  const build = await rolldown({
    input,
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith(source) && !helpers.test(id),
    // Node 20 reads it far enough to say which Node is needed: it does not know `using`.
    transform: { target: 'es2024' },
    plugins: [keepModuleUrls()],
  })
  await build.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  })
  await build.close()
}

/** Keeps `import.meta.url` what it is in the source: the place of the module and not of its chunk. */
function keepModuleUrls(): Plugin {
  return {
    name: 'keep-module-urls',
    transform(code, id) {
      if (!id.startsWith(source) || !code.includes('import.meta.url')) return null
      const place = withoutExtension(relative(source, id)).split(sep).join(posix.sep)
      return code.replaceAll('import.meta.url', `__moduleUrl__('${place}')`)
    },
    renderChunk(code, chunk) {
      return code.replaceAll(/__moduleUrl__\(["']([^"']+)["']\)/g, (_, place: string) => {
        const path = posix.relative(posix.dirname(chunk.fileName), `${place}.js`)
        return `new URL(${JSON.stringify(path)}, import.meta.url).href`
      })
    },
  }
}

function withoutExtension(path: string): string {
  return path.replace(/\.ts$/, '')
}

if (import.meta.main) {
  rmSync(target, { recursive: true, force: true })
  await bundle()
}
