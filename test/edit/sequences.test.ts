import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkRun, create, open, type RunEvent, type RunResult } from '../../src/index.ts'
import { type RunOptions, start } from '../../src/run/run.ts'
import { scriptedProvider } from '../../src/testing/index.ts'
import { repetitions } from '../support/thorough.ts'

// Whatever is done to a run, one thing after the other: rows, values, requests, failures and the report's
// numbers are those of a model of what must be there.

let root = ''
let folders = 0
/** What the sampled column has in each row, whatever else is in the config. */
let numbers: number[] = []
const mostRows = 24
const runSeed = 11n
const partRows = 8
const runConfig = { buffer_size: 4, part_rows: partRows, disable_early_shutdown: true }

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-sequences-'))
  const out = join(root, 'numbers')
  await create({ config: { config: { columns: [number] } }, out, rows: mostRows, seed: runSeed })
  numbers = (await recordsOf(out)).map((record) => Number(record['number']))
})
afterAll(() => rmSync(root, { recursive: true }))

const number = {
  name: 'number',
  column_type: 'sampler',
  sampler_type: 'uniform',
  params: { low: 0, high: 1_000_000_000 },
  convert_to: 'int',
}

/** A config: which version of each column it has; 0 for none. */
interface Version {
  first: number
  second: number
  third: number
  label: number
  /** What the third column is called in the dataset's order. */
  reversed: boolean
}

function configOf({ first, second, third, label, reversed }: Version): object {
  const text = (name: string, prompt: string, failure = 'drop'): object => ({
    name,
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt,
    on_failure: failure,
  })
  const columns = [
    number,
    text('first', `first ${first} of {{ number }}`),
    text('second', `second ${second} of {{ first }}`, 'null'),
    ...(third === 0 ? [] : [text('third', `third ${third} of {{ second }}`)]),
    ...(label === 0
      ? []
      : [{ name: 'label', column_type: 'expression', expr: `${label}: {{ second }}` }]),
  ]
  return {
    model_providers: [{ name: 'here', provider_type: 'scripted' }],
    model_configs: [
      {
        alias: 'writer',
        provider: 'here',
        model: 'fox',
        inference_parameters: { max_parallel_requests: 4 },
      },
    ],
    columns: reversed ? columns.toReversed() : columns,
  }
}

/** What the model says to a prompt; null for a refusal. */
function answerTo(prompt: string): string | null {
  const hash = createHash('sha256').update(prompt).digest('hex')
  return Number.parseInt(hash.slice(0, 4), 16) % 9 === 0 ? null : hash.slice(0, 10)
}

type Outcome = 'accepted' | 'nullKept' | 'dropped'

/** A row as it must be, and the cells that were asked for. */
interface ModelRow {
  outcome: Outcome
  record: Record<string, unknown>
  /** By a name that tells the row, the column and all it was made from. */
  cells: { name: string; column: string; isRefused: boolean }[]
}

function rowOf(row: number, version: Version): ModelRow {
  const { first, second, third, label } = version
  const value = numbers[row] as number
  const cells: ModelRow['cells'] = []
  const ask = (name: string, prompt: string): string | null => {
    const answer = answerTo(prompt)
    const [column = ''] = name.split(' ')
    cells.push({ name: `${row} ${name}`, column, isRefused: answer === null })
    return answer
  }
  const record: Record<string, unknown> = { number: value }
  const dropped = (): ModelRow => ({ outcome: 'dropped', record, cells })
  const one = ask(`first ${first}`, `first ${first} of ${value}`)
  if (one === null) return dropped()
  record['first'] = one
  const two = ask(`second ${second} ${first}`, `second ${second} of ${one}`)
  record['second'] = two
  if (third > 0) {
    const three = ask(`third ${third} ${second} ${first}`, `third ${third} of ${two ?? 'None'}`)
    if (three === null) return dropped()
    record['third'] = three
  }
  if (label > 0) record['label'] = `${label}: ${two ?? 'None'}`
  return { outcome: two === null ? 'nullKept' : 'accepted', record, cells }
}

/** What must be in a run folder. */
class Model {
  rows = 0
  version: Version = { first: 1, second: 1, third: 1, label: 0, reversed: false }
  /** Cells that are there, refused ones too. */
  readonly known = new Set<string>()
  /** Cells that were in a damaged part, or not: what older configs made may be in the ledger. */
  readonly doubted = new Set<string>()
  /** Rows that were decided at some time, also beyond the target. */
  made = 0

  /** Makes what is missing; answers the requests that takes, at least and at most. */
  make(): { least: number; most: number } {
    let least = 0
    let most = 0
    for (let row = 0; row < this.rows; row += 1) {
      for (const { name } of rowOf(row, this.version).cells) {
        if (this.known.has(name)) continue
        if (!this.doubted.delete(name)) least += 1
        most += 1
        this.known.add(name)
      }
    }
    this.made = Math.max(this.made, this.rows)
    return { least, most }
  }

  /** The file of a part is damaged. */
  doubt(part: number): void {
    for (const name of this.known) {
      if (Math.floor(Number.parseInt(name, 10) / partRows) !== part) continue
      this.known.delete(name)
      this.doubted.add(name)
    }
  }

  /** What was refused is asked again, and what read a null in its place. */
  forgetRefused(): void {
    for (let row = 0; row < this.made; row += 1) {
      const { cells } = rowOf(row, this.version)
      const refused = cells.findIndex(({ isRefused }) => isRefused)
      if (refused < 0) continue
      for (const { name } of cells.slice(refused)) {
        this.known.delete(name)
        this.doubted.delete(name)
      }
    }
  }

  all(): ModelRow[] {
    return Array.from({ length: this.rows }, (_, row) => rowOf(row, this.version))
  }
}

type Step =
  | { do: 'extend' | 'shrink' | 'again'; rows: number }
  | { do: 'edit'; change: Partial<Version>; kills: number }
  | { do: 'undo' | 'retry' | 'check' }
  | { do: 'damage'; folder: 'parts' | 'data' | '.'; file: number; at: number }

const version = fc.record(
  {
    first: fc.integer({ min: 1, max: 2 }),
    second: fc.integer({ min: 1, max: 3 }),
    third: fc.integer({ min: 0, max: 2 }),
    label: fc.integer({ min: 0, max: 2 }),
    reversed: fc.boolean(),
  },
  { requiredKeys: [] },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('extend'), rows: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('shrink'), rows: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again'), rows: fc.constant(0) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('edit'),
      change: version,
      kills: fc.integer({ min: 0, max: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('check') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('damage'),
      folder: fc.constantFrom('parts', 'data', '.'),
      file: fc.nat({ max: 9 }),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    }),
  },
)

test('a run is what a model of it says, after every step', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { minLength: 2, maxLength: 6 }),
      async (rows, steps) => {
        folders += 1
        const out = join(root, String(folders))
        try {
          await follow(out, rows, steps)
        } finally {
          rmSync(out, { recursive: true, force: true })
        }
      },
    ),
    { numRuns: repetitions({ all: 200, some: 5 }) },
  )
  expect(folders).toBeGreaterThan(1)
}, 600_000)

async function follow(out: string, firstRows: number, steps: readonly Step[]): Promise<void> {
  const model = new Model()
  const earlier: Version[] = []
  const provider = scriptedProvider(({ prompt }) => answerTo(prompt) ?? { status: 400 })
  let before = 0
  /** Requests of killed sessions that no one may have counted. */
  let uncounted = 0

  async function session(options: Partial<RunOptions>, kills = 0): Promise<void> {
    const all: RunOptions = {
      config: { config: configOf(model.version) },
      plugins: [{ name: 'here', providers: [provider] }],
      out,
      rows: model.rows,
      seed: runSeed,
      runConfig,
      ...options,
    }
    let slack = 0
    for (let kill = 0; kill < kills; kill += 1) slack += await killed(all)
    uncounted += slack
    const plans: number[] = []
    const result = await create({
      ...all,
      onEvent(event: RunEvent) {
        if (event.type === 'config-changed') plans.push(event.plan.requests)
      },
    })
    const requests = provider.calls.length - before
    before = provider.calls.length
    const { least, most } = model.make()
    expect(requests).toBeGreaterThanOrEqual(least)
    expect(requests).toBeLessThanOrEqual(most + slack)
    // What was foreseen is what the rows cost that get so far.
    expect(kills > 0 || plans.every((foreseen) => foreseen >= least)).toBe(true)
    expect(result.requests).toBeLessThanOrEqual(before)
    expect(result.requests).toBeGreaterThanOrEqual(before - uncounted)
    await compare(out, model, result)
  }

  async function damage(one: Extract<Step, { do: 'damage' }>): Promise<void> {
    const path = flipBit(out, one)
    if (path === null) return
    const found = await checkRun(out)
    expect(found.ok, path).toBe(false)
    const after = await checkRun(out, { repair: true })
    expect(after, path).toMatchObject({ ok: true, repaired: { lost: [] } })
    if (one.folder === 'parts') model.doubt(Number(/part-(\d+)/.exec(path)?.[1]))
    const foretold = after.repaired?.cells.reduce((sum, { cells }) => sum + cells, 0) ?? 0
    const asked = before
    await session({})
    expect(before - asked, path).toBeLessThanOrEqual(foretold)
  }

  model.rows = firstRows
  await session({})
  for (const one of steps) {
    switch (one.do) {
      case 'extend':
        model.rows = Math.min(mostRows, model.rows + one.rows)
        await session({})
        break
      case 'shrink':
        model.rows = Math.max(1, model.rows - one.rows)
        await session({ shrink: true })
        break
      case 'again':
        await session({})
        break
      case 'edit':
        earlier.push(model.version)
        model.version = { ...model.version, ...one.change }
        await session({ edit: true }, one.kills)
        break
      case 'undo':
        model.version = earlier.pop() ?? model.version
        await session({ edit: true })
        break
      case 'retry':
        model.forgetRefused()
        await session({ retryFailed: true })
        break
      case 'check':
        await expectWhole(out, model)
        break
      case 'damage':
        await damage(one)
        break
    }
  }
  await expectWhole(out, model)
}

async function expectWhole(out: string, model: Model): Promise<void> {
  expect(await checkRun(out)).toMatchObject({ ok: true, rows: rowsOf(model) })
}

/** Flips a bit of a part, of the dataset or of the ledger; null where there is no such file. */
function flipBit(out: string, one: Extract<Step, { do: 'damage' }>): string | null {
  const folder = join(out, one.folder)
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => /\.parquet$|^ledger\.sqlite$/.test(name))
    : []
  const name = names.sort()[one.file % Math.max(1, names.length)]
  if (name === undefined) return null
  const path = join(folder, name)
  const bytes = readFileSync(path)
  const at = Math.floor(one.at * bytes.length)
  bytes[at] = (bytes[at] as number) ^ 4
  writeFileSync(path, bytes)
  return `${name}, byte ${at}`
}

/** Ends a session in its middle, without waiting for what is in flight; gives how much that was. */
async function killed(options: RunOptions): Promise<number> {
  let inFlight = 0
  let cells = 0
  await using run = await start({
    ...options,
    onEvent(event: RunEvent) {
      if (event.type !== 'ledger-committed') return
      cells += event.records
      if (cells < 6) return
      inFlight = 4
      run.abort()
    },
  })
  await run.finished
  return inFlight
}

function rowsOf(model: Model): RunResult['rows'] {
  const rows = model.all()
  const count = (outcome: Outcome): number => rows.filter((row) => row.outcome === outcome).length
  return {
    requested: model.rows,
    accepted: count('accepted'),
    nullKept: count('nullKept'),
    dropped: count('dropped'),
    rejected: 0,
    remaining: 0,
  }
}

async function compare(out: string, model: Model, result: RunResult): Promise<void> {
  const counts = rowsOf(model)
  expect(result.rows).toEqual(counts)
  const rows = model.all()
  const kept = rows.filter(({ outcome }) => outcome !== 'dropped')
  await using dataset = await open(out)
  const records = []
  for await (const record of dataset.records()) records.push(record)
  expect(records).toEqual(kept.map(({ record }) => record))
  const failed = [...dataset.failures()].map(
    ({ row, column, outcome }) => `${row} ${column} ${outcome}`,
  )
  const refusedCells = rows.flatMap(({ cells, outcome }, row) =>
    cells
      .filter(({ isRefused }) => isRefused)
      .map(({ column }) => `${row} ${column} ${outcome === 'dropped' ? 'dropped' : 'null'}`),
  )
  expect(failed.sort()).toEqual(refusedCells.sort())
  const second = result.columns?.find(({ name }) => name === 'second')
  expect(second?.cells).toBe(kept.length)
  expect(second?.nulls.count).toBe(counts.nullKept)
  const lost = result.columns?.flatMap(({ rowsDropped }) => rowsDropped) ?? []
  // Each refused cell of a dropped row is reported, also one that would have been a null.
  const refused = rows
    .filter(({ outcome }) => outcome === 'dropped')
    .flatMap(({ cells }) => cells.filter(({ isRefused }) => isRefused))
  expect(lost.reduce((sum, { count: more }) => sum + more, 0)).toBe(refused.length)
}

async function recordsOf(out: string): Promise<Record<string, unknown>[]> {
  await using dataset = await open(out)
  const records = []
  for await (const record of dataset.records()) records.push(record)
  return records
}
