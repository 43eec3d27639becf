import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDigest, type Digest } from './digest.ts'

function digestOf(values: Iterable<number>): Digest {
  const digest = createDigest()
  for (const value of values) digest.add(value)
  return digest
}

/** How far a quantile of the digest is from the wanted one, as a share of the sorted values. */
function rankError(sorted: readonly number[], share: number, value: number): number {
  const below = sorted.filter((one) => one < value).length / sorted.length
  const upTo = sorted.filter((one) => one <= value).length / sorted.length
  return share < below ? below - share : Math.max(0, share - upTo)
}

const shares = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1]

/** A deterministic stream with a long tail and repeated values. */
function stream(count: number, start = 1): number[] {
  let state = start
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647
    const share = state / 2_147_483_647
    return share < 0.2 ? 5 : -Math.log(1 - share) * 100
  })
}

test('numbers added with how often they come are quantiles of a few lengths, as if added one by one', () => {
  const counted = createDigest()
  // Eight values of 100 to 9,000 each: a quantile is one of them, but where it passes to the next.
  const times = [9_000, 100, 4_000, 2_500, 700, 8_000, 350, 6_000]
  for (const [value, count] of times.entries()) counted.add(10 + value, count)
  const values = times.flatMap((count, value) => Array.from({ length: count }, () => 10 + value))
  const one = digestOf(values)
  for (let share = 0.005; share < 1; share += 0.01) {
    const exact = values[Math.floor(share * values.length)] as number
    expect(Math.round(counted.quantile(share)), `quantile ${share}`).toBe(exact)
    expect(Math.abs(counted.quantile(share) - one.quantile(share))).toBeLessThan(0.5)
  }
  expect(counted.count).toBe(values.length)
  expect(counted.store().centroids.length / 2).toBeLessThan(220)
})

test('quantiles of 100,000 numbers are off by at most 1 % of the ranks, the ends by nothing', () => {
  const values = stream(100_000)
  const digest = digestOf(values)
  const sorted = values.toSorted((a, b) => a - b)
  for (const share of shares) {
    expect(rankError(sorted, share, digest.quantile(share)), `quantile ${share}`).toBeLessThan(0.01)
  }
  expect(digest.quantile(0)).toBe(sorted[0])
  expect(digest.quantile(1)).toBe(sorted.at(-1))
  expect(digest.store().centroids.length / 2).toBeLessThan(220)
})

test('merged from 50 parts it is as good, and it is the same whenever it is made', () => {
  const parts = Array.from({ length: 50 }, (_, part) => stream(2_000, part + 1))
  const make = (): Digest => {
    const whole = createDigest()
    for (const part of parts) whole.merge(JSON.parse(JSON.stringify(digestOf(part).store())))
    return whole
  }
  const whole = make()
  const sorted = parts.flat().toSorted((a, b) => a - b)
  for (const share of shares) {
    expect(rankError(sorted, share, whole.quantile(share)), `quantile ${share}`).toBeLessThan(0.012)
  }
  expect(whole.count).toBe(100_000)
  expect(make().store()).toStrictEqual(whole.store())
})

describe('for any numbers', () => {
  const numbers = fc.array(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    {
      minLength: 1,
      maxLength: 200,
    },
  )

  test('quantiles ascend from the least to the greatest number', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const digest = digestOf(values)
        const found = shares.map((share) => digest.quantile(share))
        expect(found[0]).toBeCloseTo(Math.min(...values), 12)
        expect(found.at(-1)).toBeCloseTo(Math.max(...values), 12)
        for (const [at, value] of found.slice(1).entries()) {
          expect(value).toBeGreaterThanOrEqual(found[at] as number)
        }
      }),
    )
  })

  test('the distribution function ascends from 0 below the least to 1 at the greatest', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const digest = digestOf(values)
        const sorted = values.toSorted((a, b) => a - b)
        let last = 0
        expect(digest.cdf((sorted[0] as number) - 1)).toBe(0)
        for (const value of sorted) {
          const share = digest.cdf(value)
          expect(share).toBeGreaterThanOrEqual(last)
          last = share
        }
        expect(last).toBe(1)
      }),
    )
  })
})

test('without numbers there is no quantile, and merging with nothing changes nothing', () => {
  const empty = createDigest()
  expect(empty.quantile(0.5)).toBeNaN()
  const one = digestOf([3])
  one.merge(empty.store())
  expect([one.count, one.quantile(0), one.quantile(0.5), one.quantile(1)]).toEqual([1, 3, 3, 3])
})

test('a narrow range far from zero keeps its shape through many merges', () => {
  const all = Array.from(
    { length: 20_000 },
    (_, at) => 1_700_000_000_000 + (((at * 48_271) % 65_537) / 65_537) * 60,
  )
  const whole = createDigest()
  for (let part = 0; part < 20; part += 1) {
    const values = all.slice(part * 1_000, (part + 1) * 1_000)
    whole.merge(JSON.parse(JSON.stringify(digestOf(values).store())))
  }
  const sorted = all.toSorted((a, b) => a - b)
  for (const share of shares) {
    expect(rankError(sorted, share, whole.quantile(share)), `quantile ${share}`).toBeLessThan(0.01)
  }
})

test('a constant is itself at every quantile, whatever its digits', () => {
  const whole = createDigest()
  whole.merge(JSON.parse(JSON.stringify(digestOf([0.12345678901234, 0.12345678901234]).store())))
  expect(shares.map((share) => whole.quantile(share))).toEqual(shares.map(() => 0.12345678901234))
})
