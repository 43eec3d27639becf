import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatPath } from '../../src/config/format-problems.ts'
import { type Problem, validate } from '../../src/index.ts'
import { writePersonTable } from '../support/person-table.ts'
import { type Made, runExample } from '../support/run-example.ts'

// The ancestor's own examples and what becomes of them, in data beside them.

const folder = fileURLToPath(new URL('ancestor/', import.meta.url))
const keys = { NVIDIA_API_KEY: 'n', OPENAI_API_KEY: 'o', OPENROUTER_API_KEY: 'r' }

interface Domain {
  type: string
  values?: unknown[]
  matches?: string
  /** Some cells are skipped. */
  nulls?: boolean
}

/** Code, path and a word of the message. */
type Fault = [code: string, path: string, word: string]

const expected = read('expected.json') as {
  runs: Record<string, Record<string, Domain>>
  refused: Record<string, Fault[]>
}
const negatives = read('refused.json') as {
  cases: { fragment: string; expected: Fault; config: object }[]
}

/** Our own data; what is not as described fails the tests that use it. */
function read(name: string): unknown {
  return JSON.parse(readFileSync(`${folder}${name}`, 'utf8'))
}

/** The bodies without those of the check before the run. */
async function run(...parameters: Parameters<typeof runExample>): Promise<Made> {
  const { records, bodies } = await runExample(...parameters)
  return { records, bodies: bodies.filter(({ messages }) => contents(messages).some(isAboutRow)) }
}

function contents(messages: unknown): string[] {
  const list: unknown[] = Array.isArray(messages) ? messages : []
  return list.map((message) => JSON.stringify(message))
}

/** Of the examples' prompts; the check whether a model is ready has another. */
function isAboutRow(message: string): boolean {
  return /Write (about|two sentences)/.test(message)
}

let folderOfPersons = ''
let withPersons: Record<string, string | undefined> = {}
beforeAll(async () => {
  folderOfPersons = await mkdtemp(join(tmpdir(), 'rowsmith-ancestor-'))
  withPersons = {
    ...process.env,
    DATA_DESIGNER_MANAGED_ASSETS_PATH: await writePersonTable(folderOfPersons),
    XDG_CACHE_HOME: folderOfPersons,
  }
})
afterAll(() => rm(folderOfPersons, { recursive: true, force: true }))

const example = (name: string): string => `${folder}${name}`

test('every example has an expected outcome', () => {
  const companions = [
    '10.22a-run-config.yaml',
    '10.22b-legacy-run-config.yaml',
    '10.22c-providers.yaml',
    '10.22d-mcp-providers.yaml',
  ]
  const served = ['10.20-processors.yaml']
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  const known = [
    ...Object.keys(expected.runs),
    ...Object.keys(expected.refused),
    ...served,
    ...companions,
  ]
  expect(files.toSorted()).toEqual(known.toSorted())
})

describe.each(Object.entries(expected.runs))('%s', (name, columns) => {
  test('makes the columns, types and values of its outcome', async () => {
    const { records } = await run(example(name), { environment: withPersons })
    expect(records).toHaveLength(30)
    for (const record of records) expect(Object.keys(record)).toEqual(Object.keys(columns))
    for (const [column, { type, values = null, matches = '', nulls = false }] of Object.entries(
      columns,
    )) {
      const all = records.map((record) => record[column])
      const cells = nulls ? all.filter((cell) => cell !== null) : all
      expect({
        column,
        types: new Set(cells.map((cell) => typeof cell)),
        // Thirty rows have every one of a few values.
        values: values && new Set(cells),
        others: cells.filter((cell) => !new RegExp(matches).test(String(cell))),
      }).toEqual({ column, types: new Set([type]), values: values && new Set(values), others: [] })
    }
  })
})

test('10.1: the label is made of the other two', async () => {
  const { records } = await run(example('10.01-shorthand.yaml'))
  for (const { label, channel, ticket_id: ticket } of records) {
    expect(label).toBe(`${String(channel).toUpperCase()}/${String(ticket)}`)
  }
  expect(new Set(records.map((record) => record['ticket_id'])).size).toBe(30)
})

test('10.2: the model gets both prompts and the parameters', async () => {
  const { records, bodies } = await run(example('10.02-full-form.yaml'), {
    runConfig: example('10.22a-run-config.yaml'),
  })
  expect(bodies).toHaveLength(30)
  for (const { topic } of records) {
    expect(bodies).toContainEqual({
      model: 'nvidia/nemotron-3-nano-30b-a3b',
      messages: [
        { role: 'system', content: `You explain ${String(topic)} to children.` },
        { role: 'user', content: `Write two sentences about ${String(topic)}.` },
      ],
      temperature: 0.8,
      top_p: 0.95,
      max_tokens: 800,
      stream: false,
    })
  }
})

test('10.20: a service judges, and the chats say what it said', async () => {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { data } = JSON.parse(body) as { data: { q: string; a: string }[] }
      const verdicts = data.map(({ q }) => ({ is_valid: q === 'one', why: q }))
      return response.end(JSON.stringify({ data: verdicts }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const written = readFileSync(example('10.20-processors.yaml'), 'utf8')
  const { records } = await run({
    text: written.replace('http://localhost:9000', `http://127.0.0.1:${port}`),
  })
  server.close()
  expect(records).toHaveLength(30)
  expect(Object.keys(records[0] ?? {})).toEqual(['q', 'a', 'policy'])
  for (const { q, policy } of records) expect(policy).toEqual({ is_valid: q === 'one', why: q })
})

test('10.4: a depot is one of its region, and only gold may be vip', async () => {
  const { records } = await run(example('10.04-subcategory.yaml'), { rows: 200 })
  const depots: Record<string, string[]> = {
    north: ['Oslo', 'Turku'],
    south: ['Faro'],
    vip: ['Monaco'],
  }
  for (const { region, depot } of records) expect(depots[String(region)]).toContain(depot)
  const vip = records.filter(({ region }) => region === 'vip')
  expect(new Set(vip.map(({ tier }) => tier))).toEqual(new Set(['gold']))
  const gold = records.filter(({ tier }) => tier === 'gold')
  // Eight in ten: 200 rows are far within these bounds.
  expect(vip.length / gold.length).toBeGreaterThan(0.6)
  expect(vip.length / gold.length).toBeLessThan(0.95)
})

test('10.16: the first three rows of the seed, again and again', async () => {
  const { records } = await run(example('10.16-ordered-range.yaml'), { rows: 7 })
  expect(records.map(({ slogan }) => slogan)).toEqual(
    ['lamp', 'chair', 'desk', 'lamp', 'chair', 'desk', 'lamp'].map((what) => `Buy ${what} now`),
  )
})

test('10.21: parameters are drawn for every request, the rest is passed on', async () => {
  const made = [1, 32].map(async (buffer) =>
    run(example('10.21-sampled-parameters.yaml'), { runConfig: { buffer_size: buffer }, rows: 60 }),
  )
  const [{ bodies }, again] = (await Promise.all(made)) as [Made, Made]
  expect(bodies).toHaveLength(60)
  const temperatures = bodies.map(({ temperature }) => Number(temperature))
  expect(Math.min(...temperatures)).toBeGreaterThanOrEqual(0.3)
  expect(Math.max(...temperatures)).toBeLessThan(1.1)
  expect(new Set(temperatures).size).toBe(60)
  const high = bodies.filter(({ top_p: topP }) => topP === 0.95)
  expect(new Set(bodies.map(({ top_p: topP }) => topP))).toEqual(new Set([0.8, 0.95]))
  // Three in four.
  expect(high.length).toBeGreaterThan(33)
  for (const body of bodies) expect(body).toMatchObject({ seed: 7, stop: ['END'] })
  // Whatever the order they were sent in, a row has its own.
  expect(new Set(again.bodies.map(({ temperature }) => Number(temperature)))).toEqual(
    new Set(temperatures),
  )
})

describe('10.22: companions', () => {
  const outcome = async (options: Partial<Parameters<typeof validate>[0]>): Promise<unknown[]> => {
    const { problems } = await validate({
      config: example('10.02-full-form.yaml'),
      environment: { ...keys, ANTHROPIC_API_KEY: 'a' },
      ...options,
    })
    return problems.map(({ level, code, path }) => `${level} ${code} ${formatPath(path)}`)
  }

  test.each([
    [
      '10.22a-run-config.yaml',
      [
        'warning accepted-without-effect max_concurrent_row_groups',
        'warning accepted-without-effect max_in_flight_tasks',
      ],
    ],
    [
      '10.22b-legacy-run-config.yaml',
      [
        'warning deprecated-field progress_bar',
        'warning deprecated-field throttle',
        'warning accepted-without-effect throttle.ceiling_overshoot',
      ],
    ],
  ])('%s drives a run', async (file, notes) => {
    expect(await outcome({ runConfig: example(file) })).toEqual(notes)
    const { records } = await run(example('10.01-shorthand.yaml'), { runConfig: example(file) })
    expect(records).toHaveLength(30)
  })

  test('the provider file gives its providers', async () => {
    expect(await outcome({ providersFile: example('10.22c-providers.yaml') })).toEqual([])
  })

  test('the file of tool servers gives its servers', async () => {
    expect(
      await outcome({
        config: example('10.08-trace-and-tools.yaml'),
        environment: { ...keys, WEB_MCP_KEY: 'w' },
        mcpProvidersFile: example('10.22d-mcp-providers.yaml'),
      }),
    ).toEqual([])
  })

  test('the file of tool servers is no provider file', async () => {
    expect(await outcome({ providersFile: example('10.22d-mcp-providers.yaml') })).toEqual(
      ['command', 'args', 'env'].map((key) => `error unknown-key providers[2].${key}`),
    )
  })
})

describe('refused for what is not there yet, and for nothing else', () => {
  test.each(Object.entries(expected.refused))('%s', async (name, faults) => {
    const { problems } = await validate({ config: example(name), environment: keys })
    expect(faultsOf(problems)).toEqual(wanted(faults))
  })
})

describe('10.23: fragments the ancestor refuses', () => {
  test.each(negatives.cases.map((one) => [one.fragment, one] as const))(
    '%s',
    async (_, { config, expected: fault }) => {
      const { problems } = await validate({ config: { config }, environment: keys })
      expect(faultsOf(problems)).toEqual(wanted([fault]))
    },
  )
})

function faultsOf(problems: readonly Problem[]): object[] {
  return (
    problems
      // A key that is not set is a warning where nothing is made.
      .filter(({ level, code }) => level === 'error' || code === 'secret-missing')
      .map(({ code, path, message, received }) => ({
        code,
        path: formatPath(path),
        text: `${message} ${received ?? ''}`,
      }))
      .toSorted(byPath)
  )
}

function wanted(faults: readonly Fault[]): object[] {
  return faults
    .map(([code, path, word]) => ({ code, path, text: expect.stringContaining(word) as string }))
    .toSorted(byPath)
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : 1
}

describe('ordered seeds, as the ancestor was measured', () => {
  const partition = (index: number): object => ({ index, num_partitions: 3 })
  test.each<[string, object | null, number, number, string]>([
    ['a seed of ten rows', null, 13, 1000, '0123456789012'],
    ['a range of three', { start: 3, end: 5 }, 7, 1000, '3453453'],
    ['the first of three partitions', partition(0), 3, 1000, '012'],
    ['the second', partition(1), 3, 1000, '345'],
    ['the third, which has the rest', partition(2), 4, 1000, '6789'],
    ['groups of four over a range of six', { start: 2, end: 7 }, 14, 4, '23456723456723'],
  ])('%s', async (_, selection, rows, bufferSize, order) => {
    const { records } = await run(
      {
        config: {
          seed_config: {
            source: { seed_type: 'local', path: example('data/ten.csv') },
            sampling_strategy: 'ordered',
            ...(selection === null ? {} : { selection_strategy: selection }),
          },
          columns: [{ name: 'text', column_type: 'expression', expr: 'row {{ i }}' }],
        },
      },
      { rows, runConfig: { buffer_size: bufferSize } },
    )
    expect(records.map(({ i }) => i).join('')).toBe(order)
  })
})
