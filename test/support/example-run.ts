import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../../src/index.ts'
import { linkLibrary } from '../docs/shell.ts'
import { baseEnvironment, type Ended, jsonOf, program } from '../e2e/command.ts'
import { runInHost } from '../host/run-in-host.ts'

const examples = fileURLToPath(new URL('../../examples/', import.meta.url))

interface CreateResult {
  rows: { accepted: number; rejected: number; dropped: number; nulled: number }
}

/** What a run of an example made and asked. */
interface ExampleRun<Record> {
  dir: string
  /** What `create --json` printed. */
  result: CreateResult
  records: Record[]
  /** Requests sent for each column. */
  requests: Map<string, number>
}

interface ExampleOptions {
  rows?: number
  config?: string
  /** Further words of the command. */
  words?: readonly string[]
}

/** An example as a user has it: its folder copied out of the package, into a project with rowsmith. */
export interface Example extends AsyncDisposable {
  path(...names: string[]): string
  /** Makes its dataset with its scripted model, by the command on its page. */
  make<Record extends object>(options?: ExampleOptions): Promise<ExampleRun<Record>>
  /** Any command, in its folder. */
  rowsmith(...parameters: string[]): Promise<Ended>
  /** A program of the example, with parameters. */
  program(file: string, ...parameters: string[]): Promise<Ended>
}

/** The words that have an example's script answer in place of a model. */
const scriptedWords = ['--plugin', './scripted.ts', '--providers', '../scripted.yaml']

export async function copyExample(name: string): Promise<Example> {
  // Files of such a folder are imported by Node, as those of users are.
  const project = await mkdtemp(join(tmpdir(), 'rowsmith-e2e-'))
  const directory = join(project, 'examples', name)
  await mkdir(join(project, 'node_modules'))
  await linkLibrary(project)
  for (const each of [name, 'scripted.yaml', 'scripted-model.ts']) {
    await cp(join(examples, each), join(project, 'examples', each), { recursive: true })
  }

  async function run(module: string, parameters: readonly string[]): Promise<Ended> {
    const environment = baseEnvironment(project)
    return await runInHost({ directory, parameters: [module, ...parameters], environment })
  }

  return {
    path: (...names) => join(directory, ...names),
    async make({ rows, config = 'config', words = [] }: ExampleOptions = {}) {
      const events = join(project, `${config}.jsonl`)
      const counted = rows === undefined ? [] : ['-n', String(rows)]
      const ended = await run(program, [
        'create',
        `${config}.yaml`,
        ...counted,
        '--seed',
        '1',
        '--events',
        events,
        '--json',
        ...(existsSync(join(directory, 'scripted.ts')) ? scriptedWords : []),
        ...words,
      ])
      if (ended.code !== 0) throw new Error(`exit ${ended.code}: ${ended.stdout}\n${ended.stderr}`)
      // What `create --json` prints is tested elsewhere.
      const result = jsonOf(ended) as unknown as CreateResult
      const dir = join(directory, 'runs', config)
      const records = await recordsIn(dir)
      return { dir, result, records, requests: await requestsIn(events) }
    },
    rowsmith: (...parameters) => run(program, parameters),
    program: (file, ...parameters) => run(join(directory, file), parameters),
    [Symbol.asyncDispose]: () => rm(project, { recursive: true, force: true }),
  }
}

/** The records of a run folder; what is in them the example's config says, and the test that reads them. */
async function recordsIn(dir: string): Promise<never[]> {
  await using dataset = await open(dir)
  return (await Array.fromAsync(dataset.records())) as never[]
}

async function requestsIn(events: string): Promise<Map<string, number>> {
  const requests = new Map<string, number>()
  for (const line of (await readFile(events, 'utf8')).split('\n')) {
    if (line === '') continue
    const event = JSON.parse(line) as { type: string; column?: string }
    if (event.type !== 'request-sent' || event.column === undefined) continue
    requests.set(event.column, (requests.get(event.column) ?? 0) + 1)
  }
  return requests
}

/** How many records have each value. */
export function countsOf<Record>(
  records: readonly Record[],
  valueOf: (record: Record) => string,
): { [value: string]: number } {
  const counts: { [value: string]: number } = {}
  for (const record of records) {
    const value = valueOf(record)
    counts[value] = (counts[value] ?? 0) + 1
  }
  return counts
}
