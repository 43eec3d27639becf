import { expect, test } from 'vitest'
import { normalQuantile } from '../random/normal.ts'
import { createRandom } from '../random/random.ts'
import { type AliasPace, extrapolate, type ForecastColumn } from './extrapolate.ts'
import type { ColumnSample, RowUse } from './usage-sample.ts'

const alias = { alias: 'writer', model: 'small', unpriced: 0, tokens: 0, ms: 0 }
const pace = (): AliasPace => ({
  isBatch: false,
  atOnce: 4,
  requestsPerMinute: null,
  tokensPerMinute: null,
})

function use(outputTokens: number): RowUse {
  return { requests: 1, inputTokens: 100, outputTokens, cost: outputTokens / 1e6 }
}

function sampleOf(uses: RowUse[], more: Partial<ColumnSample> = {}): ColumnSample {
  const rows = uses.length
  const which = Array.from(uses.keys()).join(' ')
  const aliases = [{ ...alias, requests: rows, answers: rows }]
  return { rows, which, uses, isMean: false, aliases, ...more }
}

function columnOf(column: string, cells: number, sample: ColumnSample): ForecastColumn {
  return { column, cells, sample, requestsOf: (count) => count }
}

test('nine of ten runs end in the range of 50 rows, and most within 15 %', () => {
  const random = createRandom(7n, 'lengths')
  // Log-normal lengths, as those of answers are.
  const draw = (): RowUse =>
    use(
      Math.round(
        300 * Math.exp(0.5 * normalQuantile(0.5 ** 40 + random.uniform() * (1 - 0.5 ** 39))),
      ),
    )
  let inside = 0
  let near = 0
  const trials = 300
  for (let trial = 0; trial < trials; trial += 1) {
    const sample = Array.from({ length: 50 }, draw)
    const { outputTokens } = extrapolate({
      rows: 1000,
      columns: [columnOf('text', 1000, sampleOf(sample))],
      paceOf: pace,
    })
    const real = Array.from({ length: 1000 }, draw).reduce((sum, one) => sum + one.outputTokens, 0)
    const { low, high, expected } = outputTokens
    if (real >= (low ?? 0) && real <= (high ?? 0)) inside += 1
    if (Math.abs(expected / real - 1) <= 0.15) near += 1
  }
  expect(inside / trials).toBeGreaterThan(0.86)
  expect(inside / trials).toBeLessThan(0.97)
  expect(near / trials).toBeGreaterThan(0.9)
})

test('columns of the same rows vary together', () => {
  const uses = [100, 300, 200, 400].map(use)
  const opposite = [300, 100, 200, 0].map(use)
  const paceOf = pace
  const [alone, together, against] = [[uses], [uses, uses], [uses, opposite]].map((list) =>
    extrapolate({
      rows: 40,
      columns: list.map((one, at) => columnOf(`c${at}`, 40, sampleOf(one))),
      paceOf,
    }),
  )
  const spread = (of: typeof alone): number =>
    (of?.outputTokens.high ?? 0) / (of?.outputTokens.expected ?? 1)
  expect(alone?.outputTokens.expected).toBe(10_000)
  expect(spread(together)).toBeCloseTo(spread(alone), 10)
  expect(spread(against)).toBeLessThan(1.000001)
  expect(together?.requests).toEqual({ expected: 80, low: 80, high: 80 })
  expect(together?.columns.map(({ column, cost }) => [column, cost])).toEqual([
    ['c0', 0.01],
    ['c1', 0.01],
  ])
})

test('what is not known is not guessed', () => {
  const paceOf = pace
  const one = extrapolate({ rows: 9, columns: [columnOf('a', 9, sampleOf([use(10)]))], paceOf })
  expect(one.outputTokens).toEqual({ expected: 90, low: null, high: null })
  const nothing = extrapolate({ rows: 9, columns: [columnOf('a', 9, sampleOf([]))], paceOf })
  expect(nothing).toMatchObject({ basis: 'nothing', sampleRows: 0, cost: null, seconds: null })
  expect(nothing.columns[0]).toMatchObject({ requests: 9, cost: null })
  const unpriced = sampleOf([use(10), use(20)], {
    aliases: [{ ...alias, requests: 2, answers: 2, unpriced: 2 }],
  })
  const unknown = extrapolate({ rows: 9, columns: [columnOf('a', 9, unpriced)], paceOf })
  expect([unknown.cost, unknown.unknown]).toEqual([null, ['writer (small)']])
})

test('the slowest alias, or its limit a minute, is what a run waits for', () => {
  const slow = { ...alias, requests: 2, answers: 2, tokens: 400, ms: 8_000 }
  const columns = [columnOf('a', 100, sampleOf([use(1), use(1)], { aliases: [slow] }))]
  const seconds = (limits: Partial<AliasPace> = {}): number | undefined =>
    extrapolate({ rows: 100, columns, paceOf: () => ({ ...pace(), ...limits }) }).seconds?.expected
  expect(seconds()).toBeCloseTo(100, 6)
  expect(seconds({ atOnce: 8 })).toBeCloseTo(50, 6)
  expect(seconds({ requestsPerMinute: 10 })).toBeCloseTo(600, 6)
  expect(seconds({ tokensPerMinute: 2_000 })).toBeCloseTo(600, 6)
  // How long a batch takes nobody knows.
  const inBatches = { ...pace(), isBatch: true }
  expect(extrapolate({ rows: 100, columns, paceOf: () => inBatches })).toMatchObject({
    seconds: null,
    batched: ['writer'],
  })
})
