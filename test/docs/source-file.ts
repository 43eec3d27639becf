import { execFile } from 'node:child_process'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, type Desk } from '../e2e/command.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/**
 * Adds a kind to a copy of the source as CONTRIBUTING.md says: the file, an import
 * and a line in the table. It has to pass the compiler, and the command line has to use it.
 */
export async function tryNewFile(path: string, text: string): Promise<void> {
  await using desk = await createDesk()
  await cp(join(repository, 'src'), desk.path('src'), { recursive: true })
  for (const name of ['package.json', 'tsconfig.json']) {
    await cp(join(repository, name), desk.path(name))
  }
  await symlink(join(repository, 'node_modules'), desk.path('node_modules'))
  await desk.write(path, `${text}\n`)
  const { exported, entry, tryIt } = familyOf(path)
  const table = desk.path(dirname(path), 'index.ts')
  const before = await readFile(table, 'utf8')
  const imported = `import { ${exported} } from './${basename(path)}'\n`
  await writeFile(table, imported + before.replace(entry, `${entry}${exported}, `))
  await desk.write('check.json', { extends: './tsconfig.json', include: [path] })
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [compiler, '-p', desk.path('check.json')]).catch(
    ({ stdout }: { stdout: string }) => {
      throw new Error(`the compiler refuses it:\n${stdout}`)
    },
  )
  await tryIt(desk)
}

interface Family {
  /** What the file exports. */
  exported: string
  /** Where the table's list begins. */
  entry: string
  tryIt: (desk: Desk) => Promise<void>
}

function familyOf(path: string): Family {
  const exported = basename(path, '.ts').replaceAll(/-(\w)/g, (_, letter: string) =>
    letter.toUpperCase(),
  )
  switch (dirname(path)) {
    case 'src/processors':
      return { exported, entry: 'ProcessorKind[] = [', tryIt: tryProcessor }
    case 'src/columns':
      return { exported, entry: 'ColumnKind[] = [', tryIt: tryColumnKind }
    case 'src/models':
      return { exported, entry: 'ProviderKind[] = [', tryIt: tryProvider }
    case 'src/samplers':
      return { exported, entry: 'samplers = {', tryIt: (desk) => trySampler(exported, desk) }
    default:
      throw new Error(`no table is known in the folder of ${path}`)
  }
}

async function preview(
  desk: Desk,
  rows: number,
  config: object,
  environment: Readonly<Record<string, string>> = {},
): Promise<unknown[]> {
  await desk.write('new.json', config)
  const words = ['src/cli/main.ts', 'preview', 'new.json', '-n', String(rows), '--json']
  const { stdout } = await run(process.execPath, words, {
    cwd: desk.directory,
    env: { ...process.env, ...environment },
  })
  return JSON.parse(stdout) as unknown[]
}

async function trySampler(name: string, desk: Desk): Promise<void> {
  const column = { name: 'drawn', column_type: 'sampler', sampler_type: name }
  const records = await preview(desk, 200, {
    columns: [{ ...column, params: { count: 10, sides: 6 } }],
  })
  const drawn = (records as { drawn: number }[]).map((record) => record.drawn)
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
  const inRange = drawn.every((value) => Number.isInteger(value) && value >= 10 && value <= 60)
  if (!inRange || mean < 33 || mean > 37) throw new Error(`it draws ${drawn.join(', ')}`)
}

/** It keeps every third record. */
async function tryProcessor(desk: Desk): Promise<void> {
  const params = { values: ['a', 'b'] }
  const records = await preview(desk, 30, {
    columns: [{ name: 'word', column_type: 'sampler', sampler_type: 'category', params }],
    processors: [{ name: 'some', processor_type: 'every_nth', n: 3 }],
  })
  if (records.length !== 10) throw new Error(`of 30 records it keeps ${records.length}`)
}

/** It takes the first letters. */
async function tryColumnKind(desk: Desk): Promise<void> {
  const params = { values: ['red fox'] }
  const animal = { name: 'animal', column_type: 'sampler', sampler_type: 'category', params }
  const records = await preview(desk, 1, {
    columns: [animal, { name: 'short', column_type: 'initials', of: 'animal' }],
  })
  const [record] = records as { short: string }[]
  if (record?.short !== 'rf') throw new Error(`of 'red fox' it makes '${record?.short}'`)
}

/** Its key goes into a header of its own. */
async function tryProvider(desk: Desk): Promise<void> {
  const keys: unknown[] = []
  await using server = await createModelServer({
    script({ headers }) {
      keys.push(headers['api-key'])
      return {}
    },
  })
  const records = await preview(
    desk,
    1,
    {
      columns: [{ name: 'said', column_type: 'llm-text', model_alias: 'm', prompt: 'Hello' }],
      model_configs: [{ alias: 'm', model: 'x', provider: 'p' }],
      model_providers: [
        { name: 'p', provider_type: 'azure-openai', endpoint: server.url, api_key: 'NEW_KEY' },
      ],
    },
    { NEW_KEY: 'some-key-0123456789' },
  )
  const isRight = keys.length > 0 && keys.every((key) => key === 'some-key-0123456789')
  if (records.length !== 1 || !isRight) throw new Error(`it sends the keys ${keys.join(', ')}`)
}
