import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  integer,
  oneof,
  string,
  tuple,
} from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SeedJoin } from '../../config/dataset.ts'
import { stringifyJson } from '../../util/json.ts'
import { Double, type Value } from '../../util/value.ts'
import type { OpenedSeed, SeedColumn, SeedRow } from '../define.ts'
import { openJoinIndex, type JoinIndex } from './join-index.ts'
import { keyText } from './join-key.ts'
import { joinRows, newTally } from './join-rows.ts'
import { planJoins } from './plan-joins.ts'

const { signal } = new AbortController()
let index: JoinIndex
let sources = 0
beforeAll(async () => {
  index = await openJoinIndex(signal)
})
afterAll(() => index.close())

interface Table {
  names: readonly string[]
  rows: readonly SeedRow[]
}

function seedOf({ names, rows }: Table, batchRows = 256): OpenedSeed {
  return {
    columns: names.map((name): SeedColumn => ({ name, type: 'json' })),
    size: rows.length,
    identity: 'identity',
    stamp: 'stamp',
    notes: [],
    async *rows() {
      for (let at = 0; at < rows.length; at += batchRows) yield rows.slice(at, at + batchRows)
    },
    changed: () => Promise.resolve(false),
  }
}

function joinOf(fields: Partial<SeedJoin>): SeedJoin {
  return {
    source: { seed_type: 'local' },
    on: [{ left: 'id', right: 'id' }],
    how: 'left',
    many: 'refuse',
    compare: 'value',
    columns: null,
    prefix: '',
    ...fields,
  }
}

async function joined(base: Table, other: Table, join: SeedJoin, batchRows?: number) {
  const seeds = [seedOf(base, batchRows), seedOf(other, batchRows)] as const
  const {
    plans: [plan],
    columns,
    problems,
  } = planJoins(seeds[0].columns, [{ join, seed: seeds[1] }])
  if (plan === undefined || problems.length > 0) throw new Error(problems[0]?.message)
  const source = sources
  sources += 1
  const repeated = await index.fill(source, plan, seeds[1], { signal })
  const step = {
    ...plan,
    number: source,
    find: (keys: readonly (string | null)[], most: number, behind: number) =>
      index.find(source, keys, most, behind),
  }
  const tally = newTally()
  const rows: SeedRow[] = []
  for await (const batch of joinRows(seeds[0].rows({ signal }), step, tally)) rows.push(...batch)
  return { rows, names: columns.map(({ name }) => name), repeated, tally }
}

/** What a join is, in a few loops. */
function naive(base: Table, other: Table, join: SeedJoin): SeedRow[] {
  const isKey = (name: string): boolean => join.on.some(({ right }) => right === name)
  const added = [...other.names.keys()].filter((at) => !isKey(other.names[at] ?? ''))
  return base.rows.flatMap((row): SeedRow[] => {
    const partners = other.rows
      .filter((candidate) =>
        join.on.every(({ left, right }) =>
          isSame(
            row[base.names.indexOf(left)] ?? null,
            candidate[other.names.indexOf(right)] ?? null,
            join.compare,
          ),
        ),
      )
      .map((partner) => added.map((at) => partner[at] ?? null))
    const [first] = partners
    if (first === undefined) {
      const nothing = added.map((): Value => (join.many === 'list' ? [] : null))
      return join.how === 'left' ? [[...row, ...nothing]] : []
    }
    if (join.many === 'expand') return partners.map((values) => [...row, ...values])
    if (join.many !== 'list') return [[...row, ...first]]
    return [[...row, ...added.map((_, at) => partners.map((values) => values[at] ?? null))]]
  })
}

function isSame(a: Value, b: Value, compare: SeedJoin['compare']): boolean {
  if (a === null || b === null) return false
  const [mine, theirs] = [a, b].map((value) => (value instanceof Double ? value.value : value))
  return compare === 'text' ? printed(mine) === printed(theirs) : mine === theirs
}

function printed(value: Value = null): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}

const keys = constantFrom<Value>(null, 1, 2, 3, new Double(2), 2.5, '1', '2', 'a', 'é', '', true)
const texts = oneof(string({ maxLength: 6 }), integer(), constant(null))

function tables(names: readonly string[]): Arbitrary<Table> {
  const row = tuple(keys, keys, texts, texts)
  return array(row, { maxLength: 25 }).map((rows) => ({ names, rows }))
}

test('a join is what a few loops over both tables give', async () => {
  await assert(
    asyncProperty(
      tables(['id', 'part', 'own', 'more']),
      tables(['id', 'piece', 'x', 'y']),
      constantFrom<SeedJoin['how']>('left', 'inner'),
      constantFrom<SeedJoin['many']>('first', 'expand', 'list'),
      constantFrom<SeedJoin['compare']>('value', 'text'),
      boolean(),
      integer({ min: 1, max: 7 }),
      async (base, other, how, many, compare, isPair, batchRows) => {
        const id = { left: 'id', right: 'id' }
        const on = isPair ? [id, { left: 'part', right: 'piece' }] : [id]
        const join = joinOf({ how, many, compare, on, prefix: 'o_' })
        const { rows, tally } = await joined(base, other, join, batchRows)
        expect(rows).toEqual(naive(base, other, join))
        const partners = naive(base, other, { ...join, how: 'inner', many: 'first' })
        expect(tally).toMatchObject({
          rows: base.rows.length,
          alone: base.rows.length - partners.length,
        })
      },
    ),
    { numRuns: 150 },
  )
})

test('keys compare as values, or as the texts these print as', () => {
  const value = (...values: Value[]) => keyText(values, 'value')
  expect(value(3)).toBe(value(new Double(3)))
  expect(value(10n ** 20n)).toBe(value(new Double(1e20)))
  expect(value(new Double(-0))).toBe(value(0))
  expect(value('3')).not.toBe(value(3))
  expect(value('true')).not.toBe(value(true))
  expect(value('a', 'b,c')).not.toBe(value('a,b', 'c'))
  expect(value('\ud800')).not.toBe(value('\ud801'))
  expect([value(null), value(1, null), value(NaN)]).toEqual([null, null, null])
  expect(keyText([new Double(3), true], 'text')).toBe(keyText(['3', 'true'], 'text'))
  expect(() => value([1])).toThrow('objects and lists are not keys')
})

test('rows of one key come in pieces where they are long, and a list has a bound', async () => {
  const long = 'x'.repeat(300_000)
  const base = { names: ['id'], rows: [[1], [2], [1], [3]] }
  const rows = Array.from({ length: 9 }, (_, at) => [at < 8 ? 1 : 2, `${at}${long}`])
  const other = { names: ['id', 'text'], rows }
  for (const many of ['expand', 'list'] as const) {
    const join = joinOf({ many })
    const found = await joined(base, other, join)
    expect(found.rows).toEqual(naive(base, other, join))
    expect(found.repeated).toMatchObject({ key: '[1]', first: 0, second: 1, count: 1 })
  }
  const many = Array.from({ length: 1001 }, (_, at) => [1, at])
  await expect(
    joined(base, { names: ['id', 'n'], rows: many }, joinOf({ many: 'list' })),
  ).rejects.toThrow('more than 1,000 rows have the key 1')
})

test('an object in a key is refused with the row, on either side', async () => {
  const good = { names: ['id'], rows: [[1]] }
  const bad = { names: ['id'], rows: [[1], [new Map()]] }
  await expect(joined(good, bad, joinOf({}))).rejects.toThrow(
    'row 1 of the source of this join has an object or a list in id',
  )
  await expect(joined(bad, good, joinOf({}))).rejects.toMatchObject({
    message: 'row 1 has an object or a list in id, which is in the key of a join',
    place: ['seed_config', 'join', expect.any(Number), 'on'],
  })
})

test('twenty thousand rows find their partners among twenty thousand', async () => {
  const size = 20_000
  const base = {
    names: ['id'],
    rows: Array.from({ length: size }, (_, at) => [(at * 7919) % size]),
  }
  const rows = Array.from({ length: size }, (_, at) => [size - 1 - at, `value ${size - 1 - at}`])
  const { rows: all, tally } = await joined(base, { names: ['id', 'text'], rows }, joinOf({}))
  expect(tally.alone).toBe(0)
  expect(all.every(([id, text]) => text === `value ${Number(id)}`)).toBe(true)
  expect(all).toHaveLength(size)
})
