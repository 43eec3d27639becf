import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../build/bundle.ts'
import { compare, type Figure } from './harness.ts'

// Time until a command or an import is there, of the built package, each in a separate process,
// in addition to a Node that does nothing. The module compile cache is warm, as it is from the second run on.

const repository = fileURLToPath(new URL('..', import.meta.url))
const rounds = 41

/** Packages that cost tens of milliseconds, and whose work `--help` does not do. */
const heavy = ['zod', 'undici', 'yaml', 'hyparquet', 'hyparquet-writer', 'csv-parse']

const config = `
columns:
  - { name: die, column_type: sampler, sampler_type: category, params: { values: [1, 2, 3] } }
  - { name: double, column_type: expression, dtype: int, expr: "{{ die * 2 }}" }
`

export async function run(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-startup-'))
  try {
    await build(folder)
    return measure(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function build(folder: string): Promise<void> {
  await bundle(join(folder, 'dist'))
  copyFileSync(join(repository, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'junction')
  mkdirSync(join(folder, 'programs'))
  writeFileSync(join(folder, 'programs/nothing.mjs'), '')
  for (const [name, door] of [
    ['rowsmith', 'rowsmith'],
    ['plugin', 'rowsmith/plugin'],
    ['testing', 'rowsmith/testing'],
  ] as const) {
    // A package imports itself by its name.
    writeFileSync(
      join(folder, 'programs', `${name}.mjs`),
      `import module from 'node:module'\nmodule.enableCompileCache()\nawait import('${door}')\n`,
    )
  }
  writeFileSync(join(folder, 'dice.yaml'), config)
}

function measure(folder: string): Figure[] {
  const main = join(folder, 'dist/cli/main.js')
  const start = (...parameters: string[]): string => {
    const options = { cwd: folder, env: environment(folder), encoding: 'utf8' } as const
    const { status, stderr, stdout } = spawnSync(process.execPath, parameters, options)
    if (status !== 0) throw new Error(`${parameters.join(' ')} exited ${status}: ${stderr}`)
    return stdout
  }
  const program = (name: string): (() => string) => {
    return () => start(join(folder, 'programs', `${name}.mjs`))
  }
  const times = compare(
    {
      node: program('nothing'),
      help: () => start(main, '--help'),
      version: () => start(main, '--version'),
      validate: () => start(main, 'validate', 'dice.yaml'),
      rowsmith: program('rowsmith'),
      plugin: program('plugin'),
      testing: program('testing'),
    },
    { rounds, warmup: 3 },
  )
  const loaded = packagesLoaded(folder, main)
  return [
    { name: 'node that does nothing', value: times.node, unit: 'ms' },
    {
      name: 'rowsmith --help',
      value: times.help / times.node,
      unit: '× bare node',
      limit: 1.5,
      note: `${times.help.toFixed(1)} ms`,
    },
    {
      name: 'rowsmith --version',
      value: times.version / times.node,
      unit: '× bare node',
      limit: 1.5,
      note: `${times.version.toFixed(1)} ms`,
    },
    {
      name: 'heavy packages that --help loads',
      value: loaded.packages.filter((name) => heavy.includes(name)).length,
      unit: 'packages',
      limit: 0,
      note: `${loaded.files} files loaded, packages: ${loaded.packages.join(', ')}`,
    },
    {
      name: 'rowsmith validate of two columns',
      value: times.validate,
      unit: 'ms',
      note: `${(times.validate - times.node).toFixed(1)} ms more than bare node`,
    },
    {
      name: "import 'rowsmith' over bare node",
      value: times.rowsmith - times.node,
      unit: 'ms',
      limit: 200,
    },
    { name: "import 'rowsmith/plugin'", value: times.plugin - times.node, unit: 'ms' },
    { name: "import 'rowsmith/testing'", value: times.testing - times.node, unit: 'ms' },
  ]
}

/** What `--help` imports: how many files, and the packages they belong to. */
function packagesLoaded(folder: string, main: string): { files: number; packages: string[] } {
  const hooks = fileURLToPath(new URL('load/loaded-modules.mjs', import.meta.url))
  const { output } = spawnSync(process.execPath, ['--import', hooks, main, '--help'], {
    cwd: folder,
    env: environment(folder),
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const urls = (JSON.parse(output[3] ?? '[]') as string[]).filter((url) => url.startsWith('file:'))
  if (urls.length === 0) throw new Error('--help said nothing of what it imported')
  const packages = urls.flatMap(
    (url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [],
  )
  return { files: urls.length, packages: [...new Set(packages)] }
}

/** With a compile cache of its own: it begins empty and the warm-up fills it. */
function environment(folder: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_DISABLE_COMPILE_CACHE: _off, ...rest } = process.env
  return { ...rest, NODE_COMPILE_CACHE: join(folder, 'compile-cache') }
}
