import { describe, expect, test } from 'vitest'
import type { ColumnType } from '../graph/column-type.ts'
import type { Scalar } from './scalar.ts'
import { createSummary, type ColumnSummary, type StoredSummary } from './column-summary.ts'
import { countValues } from './value-counts.ts'

function summaryOf(type: ColumnType, values: readonly (Scalar | Float32Array)[]): ColumnSummary {
  const summary = createSummary(type, { exactDistinct: 1_000 })
  for (const value of values) summary.addAll([value])
  return summary
}

function countedSummary(
  type: ColumnType,
  values: readonly (Scalar | Float32Array)[],
): ColumnSummary {
  const summary = createSummary(type, { exactDistinct: 1_000 })
  const counts = countValues(values)
  if (counts === null) summary.addAll(values)
  else summary.addCounts(counts)
  return summary
}

/** As it comes out of the ledger. */
function stored(summary: ColumnSummary): StoredSummary {
  return JSON.parse(JSON.stringify(summary.store())) as StoredSummary
}

const columns: [ColumnType, (Scalar | Float32Array)[]][] = [
  ['int64', [3, 1, 4, 1, null, 5, 9007199254740993n, 9007199254740994n]],
  ['float64', [0.5, -0, 0, Number.NaN, Number.POSITIVE_INFINITY, 2, null]],
  ['bool', [true, false, true, null]],
  ['string', ['a', 'bb', '😀', '', null, 'a']],
  ['json', ['{"a":1}', '[1,2]', null]],
  ['vector', [Float32Array.of(3, 4), null, Float32Array.of(1), Float32Array.of(0, 0, 2)]],
]

test.each(columns)(
  'what parts of a %s column say together is what all its cells say',
  (type, values) => {
    const whole = summaryOf(type, values)
    const merged = createSummary(type, { exactDistinct: 1_000 })
    for (const value of values) merged.merge(stored(summaryOf(type, [value])))

    const figures = (summary: ColumnSummary) => ({
      cells: summary.cells,
      nulls: summary.nulls,
      notFinite: summary.notFinite,
      distinct: summary.distinct.count(),
      frequent: summary.frequent.store(),
      numbers: summary.numbers.summary(),
      lengths: summary.lengths.summary(),
      vectors: summary.vectors.summary(),
    })
    expect(figures(merged)).toEqual(figures(whole))
  },
)

test.each(columns)(
  'cells of a %s column that come at once say what each alone does',
  (type, values) => {
    const all = Array.from({ length: 3_000 }, (_, at) => values[at % values.length] ?? null)
    const atOnce = createSummary(type, { exactDistinct: 1_000 })
    atOnce.addAll(all)
    for (const summary of [atOnce, countedSummary(type, all)]) {
      const whole = summaryOf(type, all)
      expect(summary.store()).toMatchObject({
        cells: whole.cells,
        nulls: whole.nulls,
        notFinite: whole.notFinite,
        distinct: whole.distinct.store(),
        frequent: whole.frequent.store(),
      })
      const [own, other] = [summary.numbers.summary(), whole.numbers.summary()]
      expect((own?.mean ?? 0) / (other?.mean ?? 1)).toBeCloseTo(other === null ? 0 : 1)
      expect((own?.stddev ?? 0) / (other?.stddev ?? 1)).toBeCloseTo(other === null ? 0 : 1)
      expect([own?.count, own?.min, own?.max]).toEqual([other?.count, other?.min, other?.max])
      expect(summary.lengths.summary()?.count).toBe(whole.lengths.summary()?.count)
    }
  },
)

test('integers beyond 2^53 are distinguished, zeros are not', () => {
  expect(summaryOf('int64', [9007199254740992n, 9007199254740993n]).distinct.count().count).toBe(2)
  expect(summaryOf('float64', [0, -0]).distinct.count().count).toBe(1)
})

test('lengths are characters as people count code points', () => {
  expect(summaryOf('string', ['😀😀']).lengths.summary()).toMatchObject({ min: 2, max: 2 })
})

test('mean and deviation are those of the numbers', () => {
  expect(summaryOf('float64', [2, 4, 4, 4, 5, 5, 7, 9]).numbers.summary()).toMatchObject({
    count: 8,
    min: 2,
    max: 9,
    mean: 5,
    stddev: Math.sqrt(32 / 7),
  })
})

describe('dates', () => {
  const first = Date.UTC(2025, 0, 2, 3, 4)

  test.each([
    ['2025-01-02T03:04:00', first],
    ['2025-01-02 03:04', first],
    ['2025-01-02T03:04:00Z', first],
    ['2025-01-02T05:04:00+02:00', first],
    ['2025-01-02', Date.UTC(2025, 0, 2)],
  ])('%s is a time', (text, time) => {
    expect(summaryOf('string', [text]).times?.summary()).toMatchObject({ min: time, max: time })
  })

  test.each(['2025', '2025-13-02', '1999-02-30T99:00', 'on 2025-01-02', '20250102'])(
    '%s is none',
    (text) => {
      expect(summaryOf('string', ['2025-01-02', text]).times).toBeNull()
    },
  )

  test('a part with another text ends it, a part of nulls does not', () => {
    const dates = stored(summaryOf('string', ['2025-01-02']))
    const merged = createSummary('string', { exactDistinct: 1_000 })
    merged.merge(dates)
    merged.merge(stored(summaryOf('string', [null])))
    merged.merge(dates)
    expect(merged.times?.summary()?.count).toBe(2)
    merged.merge(stored(summaryOf('string', ['soon'])))
    merged.merge(dates)
    expect(merged.times).toBeNull()
  })
})

test('numbers too large for sums are counted, and end nothing', () => {
  const values = Array.from({ length: 5_000 }, (_, at) => (at % 2 === 0 ? 1.7e308 : -1.7e308))
  const summary = summaryOf('float64', [...values, 3])
  expect(summary).toMatchObject({ cells: 5_001, notFinite: 5_000 })
  expect(summary.numbers.summary()).toMatchObject({ count: 1, min: 3, max: 3 })
  expect(summary.frequent.store().values.map(([, count]) => count)).toEqual([2_500, 2_500, 1])
})

test('of vectors the sizes and lengths are known, and no values are compared', () => {
  const summary = summaryOf('vector', [Float32Array.of(3, 4), null, Float32Array.of(1)])
  expect(summary).toMatchObject({ cells: 3, nulls: 1 })
  expect(summary.vectors.summary()).toMatchObject({
    sizes: { min: 1, max: 2 },
    norms: { count: 2, min: 1, max: 5 },
  })
  expect(summary.distinct.count()).toEqual({ count: 0, exact: true })
})
