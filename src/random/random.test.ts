import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from './random.ts'
import { hashName } from './stream-key.ts'

/** Chi² over equally likely bins, as a separate number standard deviations. */
function surprise(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const expected = total / counts.length
  const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  const freedom = counts.length - 1
  return (chi2 - freedom) / Math.sqrt(2 * freedom)
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0]
  for (const [a, b] of pairs) {
    x += a
    y += b
    xx += a * a
    yy += b * b
    xy += a * b
  }
  const n = pairs.length
  return (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y))
}

const count = 20_000
const rows = Array.from({ length: count }, (_, row) => row)

describe('an address', () => {
  // Pinned: these numbers may never change, datasets are remade from them.
  test('keeps its values for ever', () => {
    const random = createRandom(42n, 'age')
    random.at(0)
    const first = [random.bits(), random.uniform(), random.below(1000), random.normal()]
    random.at(2 ** 53 - 1)
    expect([...first, random.bits()]).toMatchInlineSnapshot(`
      [
        2269097171,
        0.9407920211013109,
        73,
        1.1001549767686456,
        3202319317,
      ]
    `)
    expect(hashName('age').toString(16)).toMatchInlineSnapshot(`"f6403db9ab131ab7"`)
  })

  test('gives the same values whatever is drawn before, elsewhere or in between', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.string(),
        fc.uniqueArray(fc.maxSafeNat(), { minLength: 2, maxLength: 6 }),
        fc.nat(9),
        (seed, stream, places, extra) => {
          const random = createRandom(seed, stream)
          const forward = places.map((row) => {
            random.at(row)
            return [random.bits(), random.uniform(), random.normal(), random.below(7)]
          })
          const other = createRandom(seed, stream)
          const backward = places.toReversed().map((row) => {
            other.at(row)
            const values = [other.bits(), other.uniform(), other.normal(), other.below(7)]
            for (let draw = 0; draw < extra; draw += 1) other.bits()
            return values
          })
          expect(backward.toReversed()).toEqual(forward)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('differs in seed, in stream, in row and in the row beyond 32 bits', () => {
    const words = [
      createRandom(1n, 'a').at(0).bits(),
      createRandom(2n, 'a').at(0).bits(),
      createRandom(1n + 2n ** 63n, 'a')
        .at(0)
        .bits(),
      createRandom(1n, 'b').at(0).bits(),
      createRandom(1n, 'a').at(1).bits(),
      createRandom(1n, 'a')
        .at(2 ** 32)
        .bits(),
      createRandom(1n, 'a')
        .at(2 ** 32 + 1)
        .bits(),
    ]
    expect(new Set(words).size).toBe(words.length)
  })

  test('refuses rows that are none', () => {
    const random = createRandom(1n, 'a')
    for (const row of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => random.at(row)).toThrow('A row is a whole number')
    }
  })
})

describe('draws', () => {
  test('uniform is uniform, over rows and over the draws of one row', () => {
    const random = createRandom(7n, 'u')
    const overRows = Array.from({ length: 100 }, () => 0)
    const overDraws = Array.from({ length: 100 }, () => 0)
    for (const row of rows) {
      const bin = Math.floor(random.at(row).uniform() * 100)
      overRows[bin] = (overRows[bin] ?? 0) + 1
    }
    random.at(0)
    for (const _ of rows) {
      const bin = Math.floor(random.uniform() * 100)
      overDraws[bin] = (overDraws[bin] ?? 0) + 1
    }
    expect(Math.abs(surprise(overRows))).toBeLessThan(4)
    expect(Math.abs(surprise(overDraws))).toBeLessThan(4)
  })

  test('every bit is set half of the time', () => {
    const random = createRandom(8n, 'bits')
    const set = Array.from({ length: 32 }, () => 0)
    for (const row of rows) {
      const word = random.at(row).bits()
      for (let bit = 0; bit < 32; bit += 1) set[bit] = (set[bit] ?? 0) + ((word >>> bit) & 1)
    }
    for (const ones of set) {
      expect(Math.abs(ones - count / 2)).toBeLessThan(4.5 * Math.sqrt(count / 4))
    }
  })

  test('neighbours in row, stream, seed and draw are independent', () => {
    const a = createRandom(3n, 'column_1')
    const b = createRandom(3n, 'column_2')
    const c = createRandom(4n, 'column_1')
    const pairings: Record<string, (row: number) => readonly [number, number]> = {
      row: (row) => [a.at(row).uniform(), a.at(row + 1).uniform()],
      stream: (row) => [a.at(row).uniform(), b.at(row).uniform()],
      seed: (row) => [a.at(row).uniform(), c.at(row).uniform()],
      draw: (row) => [a.at(row).uniform(), a.uniform()],
      block: (row) => {
        const first = a.at(row).uniform()
        a.uniform()
        return [first, a.uniform()]
      },
    }
    for (const pair of Object.values(pairings)) {
      expect(Math.abs(correlation(rows.map(pair)))).toBeLessThan(4.5 / Math.sqrt(count))
    }
  })

  test('below is unbiased for bounds that divide nothing, and reaches 2^53', () => {
    const random = createRandom(9n, 'below')
    for (const bound of [2, 3, 7, 10, 100]) {
      const counts = Array.from({ length: bound }, () => 0)
      for (const row of rows) {
        const value = random.at(row).below(bound)
        counts[value] = (counts[value] ?? 0) + 1
      }
      expect(Math.abs(surprise(counts))).toBeLessThan(4.5)
    }
    // A third of 53 bits is rejected here; a bias would show in the halves.
    const bound = 2 ** 52 + 2 ** 51
    let upper = 0
    for (const row of rows) if (random.at(row).below(bound) >= bound / 2) upper += 1
    expect(Math.abs(upper - count / 2)).toBeLessThan(4.5 * Math.sqrt(count / 4))
    expect(random.at(0).below(1)).toBe(0)
    expect(random.at(0).below(2 ** 53)).toBeGreaterThan(2 ** 32)
    for (const refused of [0, -1, 1.5, 2 ** 53 + 2, Number.NaN]) {
      expect(() => random.below(refused)).toThrow('A bound is a whole number')
    }
  })

  test('normal has the moments and the tails of a standard normal', () => {
    const random = createRandom(10n, 'normal')
    const values = rows.map((row) => random.at(row).normal())
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / count
    expect(Math.abs(moment(1))).toBeLessThan(4.5 / Math.sqrt(count))
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4.5 * Math.sqrt(2 / count))
    expect(Math.abs(moment(3))).toBeLessThan(4.5 * Math.sqrt(15 / count))
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4.5 * Math.sqrt(96 / count))
    const beyondTwo = values.filter((x) => Math.abs(x) > 2).length
    expect(Math.abs(beyondTwo - count * 0.0455)).toBeLessThan(4.5 * Math.sqrt(count * 0.0455))
  })
})
