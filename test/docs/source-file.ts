import { execFile } from 'node:child_process'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** New files of the source, by their path. */
type NewFiles = ReadonlyMap<string, string>

/**
 * Adds kinds to a copy of the source as CONTRIBUTING.md says: their files, and an import and a line in
 * the table for each. They must pass the compiler, and the command line has to use them, all in one config.
 */
export async function tryNewFiles(files: NewFiles): Promise<void> {
  await using desk = await createDesk()
  await cp(join(repository, 'src'), desk.path('src'), { recursive: true })
  for (const name of ['package.json', 'tsconfig.json']) {
    await cp(join(repository, name), desk.path(name))
  }
  await symlink(join(repository, 'node_modules'), desk.path('node_modules'))
  const families = [...files.keys()].map(familyOf)
  for (const { path, exported, entry } of families) {
    await desk.write(path, `${files.get(path)}\n`)
    const table = desk.path(dirname(path), 'index.ts')
    const before = await readFile(table, 'utf8')
    const imported = `import { ${exported} } from './${basename(path)}'\n`
    await writeFile(table, imported + before.replace(entry, `${entry}${exported}, `))
  }
  await desk.write('check.json', { extends: './tsconfig.json', include: [...files.keys()] })
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [compiler, '-p', desk.path('check.json')]).catch(
    ({ stdout }: { stdout: string }) => {
      throw new Error(`the compiler refuses it:\n${stdout}`)
    },
  )

  const keys: unknown[] = []
  await using server = await createModelServer({
    script({ headers }) {
      keys.push(headers['api-key'])
      return {}
    },
  })
  await desk.write('new.json', {
    columns: families.flatMap(({ columns = [] }) => columns),
    processors: families.flatMap(({ processors = [] }) => processors),
    model_configs: [{ alias: 'm', model: 'x', provider: 'p' }],
    model_providers: [
      { name: 'p', provider_type: 'azure-openai', endpoint: server.url, api_key: 'NEW_KEY' },
    ],
  })
  const words = ['src/cli/main.ts', 'preview', 'new.json', '-n', '90', '--json']
  const { stdout } = await run(process.execPath, words, {
    cwd: desk.directory,
    env: { ...process.env, NEW_KEY: 'some-key-0123456789' },
  })
  const made: Made = { records: JSON.parse(stdout) as Record<string, unknown>[], keys }
  for (const { path, fault } of families) {
    const found = fault(made)
    if (found !== null) throw new Error(`${path}: ${found}`)
  }
}

/** What 90 rows became. */
interface Made {
  records: readonly Record<string, unknown>[]
  /** With which keys the server was asked. */
  keys: readonly unknown[]
}

interface Family {
  path: string
  /** What the file exports. */
  exported: string
  /** Where the table's list begins. */
  entry: string
  columns?: readonly object[]
  processors?: readonly object[]
  /** What is wrong; null if nothing. */
  fault: (made: Made) => string | null
}

function familyOf(path: string): Family {
  const name = basename(path, '.ts')
  const exported = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const file = { path, exported }
  switch (dirname(path)) {
    case 'src/samplers': {
      const drawn = { name: 'drawn', column_type: 'sampler', sampler_type: name }
      const columns = [{ ...drawn, params: { count: 10, sides: 6 } }]
      return { ...file, entry: 'samplers = {', columns, fault: faultOfDraws }
    }
    case 'src/columns': {
      const params = { values: ['red fox'] }
      const animal = { name: 'animal', column_type: 'sampler', sampler_type: 'category', params }
      const columns = [animal, { name: 'short', column_type: 'initials', of: 'animal' }]
      return { ...file, entry: 'ColumnKind[] = [', columns, fault: faultOfInitials }
    }
    case 'src/models': {
      const said = { name: 'said', column_type: 'llm-text', model_alias: 'm', prompt: 'Hello' }
      return { ...file, entry: 'ProviderKind[] = [', columns: [said], fault: faultOfKeys }
    }
    case 'src/processors': {
      const processors = [{ name: 'some', processor_type: 'every_nth', n: 3 }]
      return { ...file, entry: 'ProcessorKind[] = [', processors, fault: faultOfThird }
    }
    default:
      throw new Error(`no table is known in the folder of ${path}`)
  }
}

function faultOfDraws({ records }: Made): string | null {
  const drawn = records.map((record) => Number(record['drawn']))
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
  const inRange = drawn.every((value) => Number.isInteger(value) && value >= 10 && value <= 60)
  return inRange && mean > 29 && mean < 41 ? null : `it draws ${drawn.join(', ')}`
}

/** It takes the first letters. */
function faultOfInitials({ records }: Made): string | null {
  const short = records[0]?.['short']
  return short === 'rf' ? null : `of 'red fox' it makes '${String(short)}'`
}

/** Its key goes into a separate header. */
function faultOfKeys({ keys }: Made): string | null {
  const isRight = keys.length >= 90 && keys.every((key) => key === 'some-key-0123456789')
  return isRight ? null : `it sends the keys ${[...new Set(keys)].join(', ')}`
}

/** It keeps every third record. */
function faultOfThird({ records }: Made): string | null {
  return records.length === 30 ? null : `of 90 records it keeps ${records.length}`
}
