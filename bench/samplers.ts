import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../src/random/random.ts'
import type { SamplerColumn } from '../src/samplers/column.ts'
import type { Sampler } from '../src/samplers/define.ts'
import { createCellDraw } from '../src/samplers/draw.ts'
import { samplers } from '../src/samplers/index.ts'
import { openTableFile } from '../src/seeds/stored-table.ts'
import { writePersonTable } from '../test/support/person-table.ts'
import { type Figure, keep, median } from './harness.ts'

// Draws per second of every sampler, and of every family of scipy.stats with the parameters that its
// table of quantiles has: a cell from its row's address to its value, in the processor time of one thread.

const rounds = 5
/** Processor time of a round, about. */
const roundMs = 20
/** What one more column of a cheap sampler may cost a row. */
const cheapMicroseconds = 1

interface Drawn {
  name: string
  column: SamplerColumn
  others?: readonly SamplerColumn[]
  isCheap?: true
}

const category = { values: ['tea', 'rain', 'snow'], weights: [5, 3, 2] }
const kind = columnOf('category', { params: category, name: 'kind' })
const start = columnOf('datetime', {
  params: { start: '2024-01-01', end: '2025-01-01' },
  name: 'start',
})

const own: readonly Drawn[] = [
  cheap('uniform', { low: 0, high: 9 }),
  cheap('uniform', { low: 0, high: 9 }, 'int'),
  cheap('gaussian', { mean: 0, stddev: 2 }),
  cheap('bernoulli', { p: 0.3 }),
  cheap('category', category),
  cheap('binomial', { n: 20, p: 0.3 }),
  cheap('poisson', { mean: 3.2 }),
  cheap('bernoulli_mixture', { p: 0.5, dist_name: 'expon', dist_params: {} }),
  {
    name: 'subcategory',
    column: columnOf('subcategory', {
      params: { category: 'kind', values: { tea: ['a', 'b'], rain: ['c'], snow: ['d', 'e'] } },
    }),
    others: [kind],
  },
  other('datetime', { start: '2024-01-01', end: '2025-01-01', unit: 's' }),
  {
    name: 'timedelta',
    column: columnOf('timedelta', {
      params: { dt_min: 1, dt_max: 30, reference_column_name: 'start' },
    }),
    others: [start],
  },
  other('uuid', {}),
  other('person_from_faker', {}),
]

/** Persons of a table of this machine; as many as the smallest of NeMo Data Designer's has, about. */
const tablePersons = 100_000

export async function run(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  try {
    return figuresOf([...own, ...(await personsOf(folder))])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function figuresOf(all: readonly Drawn[]): Figure[] {
  const figures = all.map(({ name, isCheap, ...drawn }): Figure => {
    const microseconds = costOf(drawn)
    return {
      name: `a cell of ${name}`,
      value: microseconds,
      unit: 'µs',
      note: perSecond(microseconds),
      ...(isCheap === true ? { limit: cheapMicroseconds } : {}),
    }
  })
  const families = familyColumns().map(({ name, column }) => ({ name, cost: costOf({ column }) }))
  families.sort((one, other_) => one.cost - other_.cost)
  const costs = families.map(({ cost }) => cost)
  return [
    ...figures,
    { name: 'scipy: the median of its families', value: median(costs), unit: 'µs' },
    {
      name: 'scipy: families that take less than 1 µs',
      value: costs.filter((cost) => cost <= 1).length,
      unit: `of ${costs.length}`,
    },
    ...families.map(({ name, cost }) => ({
      name: `scipy: ${name}`,
      value: cost,
      unit: 'µs',
      note: perSecond(cost),
    })),
  ]
}

/** Persons of a table, with and without the texts about them: rows of a file in the cache, in any order. */
async function personsOf(folder: string): Promise<Drawn[]> {
  const assets = await writePersonTable(join(folder, 'assets'), {
    size: tablePersons,
    rowGroupSize: 10_000,
  })
  const environment = {
    DATA_DESIGNER_MANAGED_ASSETS_PATH: assets,
    XDG_CACHE_HOME: join(folder, 'cache'),
  }
  const { signal } = new AbortController()
  const context = {
    environment,
    openTable: (path: string) => openTableFile(path, { environment, signal }),
  }
  const drawn = [{}, { with_synthetic_personas: true }].map(async (params): Promise<Drawn> => {
    const column = columnOf('person', { params })
    const loaded = await samplers.person.load?.(samplers.person.params.parse(params), context)
    return {
      name: `person${'with_synthetic_personas' in params ? ' with the texts about it' : ''}`,
      column: { ...column, loaded: loaded === undefined ? [] : [loaded] },
    }
  })
  return Promise.all(drawn)
}

function perSecond(microseconds: number): string {
  return `${Number((1e6 / microseconds).toPrecision(2)).toLocaleString('en-US')} draws/s`
}

function cheap(name: keyof typeof samplers, params: object, convertTo?: string): Drawn {
  return { ...other(name, params, convertTo), isCheap: true }
}

function other(name: keyof typeof samplers, params: object, convertTo?: string): Drawn {
  return {
    name: convertTo === undefined ? name : `${name} as ${convertTo}`,
    column: columnOf(name, { params, ...(convertTo === undefined ? {} : { convertTo }) }),
  }
}

function columnOf(
  type: keyof typeof samplers,
  { params, convertTo, name = 'c' }: { params: object; convertTo?: string; name?: string },
): SamplerColumn {
  const sampler = samplers[type] as Sampler<unknown>
  return {
    name,
    sampler,
    params: sampler.params.parse(params),
    conditions: [],
    convertTo: convertTo ?? null,
    constraints: [],
  }
}

/** The last case of each family. */
function familyColumns(): { name: string; column: SamplerColumn }[] {
  const table = new URL('../src/samplers/scipy/fixtures/scipy-quantiles.json', import.meta.url)
  const { cases } = JSON.parse(readFileSync(table, 'utf8')) as {
    cases: { family: string; params: Record<string, unknown> }[]
  }
  const byFamily = new Map(cases.map(({ family, params }) => [family, params]))
  return [...byFamily].map(([family, params]) => ({
    name: `${family} ${JSON.stringify(params)}`,
    column: columnOf('scipy', { params: { dist_name: family, dist_params: params } }),
  }))
}

/** Microseconds of processor time of a cell: the median of some rounds of as many rows as fill them. */
function costOf({ column, others = [] }: Pick<Drawn, 'column' | 'others'>): number {
  const find = (name: string): SamplerColumn | null =>
    [column, ...others].find((one) => one.name === name) ?? null
  const drawOf = (name: string): ReturnType<typeof createCellDraw> =>
    createCellDraw(find(name) ?? column, {
      sampler: find,
      cells: drawOf,
      random: (stream) => createRandom(1n, stream),
    })
  const draw = drawOf(column.name)
  let row = 0
  const timed = (rows: number): number => {
    const before = process.cpuUsage()
    for (let left = rows; left > 0; left -= 1) {
      keep(draw({ index: row, get: () => null }))
      row += 1
    }
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  // As many as a round takes, determined while the code is compiled.
  let rows = 8
  while (timed(rows) < (roundMs * 1_000) / 2 && rows < 2 ** 20) rows *= 2
  return median(Array.from({ length: rounds }, () => timed(rows) / rows))
}
