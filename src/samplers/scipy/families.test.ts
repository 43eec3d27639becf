import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../random/random.ts'
import { Double } from '../../util/value.ts'
import { drawFrom } from './draw-frozen.ts'
import { families, refusedFamilies } from './families.ts'
import type { Frozen } from './frozen.ts'

interface Case {
  family: string
  kind: 'continuous' | 'discrete'
  params: Record<string, number | number[]>
  quantiles: [share: number, value: number][]
  /** Where both are finite. */
  mean?: number
  variance?: number
  /** Of discrete ones: the shares up to a value and above it. */
  shares?: [value: number, below: number, above: number][]
}

/** Made by scipy 1.17.1; points whose share scipy's own functions deny, or integrate roughly, are omitted. */
const { cases } = JSON.parse(
  readFileSync(new URL('fixtures/scipy-quantiles.json', import.meta.url), 'utf8'),
) as { cases: Case[] }

/** Families without a formula for the quantile here or there. */
const searchedFor = new Set(
  ['cosine', 'genexpon', 'invgauss', 'wald', 'skewnorm', 'ncx2', 'ncf', 'nct', 'rice'].concat([
    'ksone',
    'kstwo',
    'kstwobign',
    'landau',
  ]),
)

/** Where only the upper tail is a sum of positive terms, the lower one is exact to 1e-16 of all. */
const smallest = new Map([
  ['ksone', 1e-7],
  ['kstwo', 1e-7],
])

function freeze({ family, params }: Case): Frozen {
  const known = families.get(family)
  if (known === undefined) throw new RangeError(`No family ${family}.`)
  expect(Object.keys(params)).toEqual(Object.keys(known.shapes))
  return known.freeze(...Object.values(params).flat())
}

test('there is every family of scipy.stats, or a reason', () => {
  expect(new Set(cases.map(({ family }) => family))).toEqual(new Set(families.keys()))
  expect([families.size, refusedFamilies.size]).toEqual([115, 16])
})

describe.each(cases.map((each) => [each.family, JSON.stringify(each.params), each] as const))(
  '%s %s',
  (family, _params, each) => {
    test('has the quantiles of scipy', () => {
      const frozen = freeze(each)
      const allowed = searchedFor.has(family) ? 1e-6 : 1e-8
      const points = each.quantiles.filter(([share]) => share > (smallest.get(family) ?? 0))
      const off = points.flatMap(([share, expected]) => {
        const value = frozen.quantile(share, 1 - share)
        const distance =
          Math.abs(value - expected) / (each.kind === 'discrete' ? 1 : Math.abs(expected) || 1)
        return distance <= allowed ? [] : [{ share, value, expected, distance }]
      })
      expect(off).toEqual([])
    })

    test('its shares are those of its quantiles, and of scipy', () => {
      const frozen = freeze(each)
      const allowed = searchedFor.has(family) ? 1e-6 : 1e-8
      const isNear = (one: number, other: number): boolean =>
        Math.abs(one - other) <= allowed * Math.abs(other)
      const off = [0.001, 0.02, 0.3, 0.62, 0.97, 0.9995].flatMap((share) => {
        const value = frozen.quantile(share, 1 - share)
        const [below, above] = frozen.shares(value)
        const [before] = frozen.shares(value - 1)
        const isRight =
          each.kind === 'discrete'
            ? before <= share && share < below
            : isNear(below, share) && isNear(above, 1 - share)
        return isRight ? [] : [{ share, value, below, above, before }]
      })
      expect(off).toEqual([])
      const wrong = (each.shares ?? []).flatMap(([value, below, above]) => {
        const found = frozen.shares(value)
        return isNear(found[0], below) && isNear(found[1], above)
          ? []
          : [{ value, found, below, above }]
      })
      expect(wrong).toEqual([])
    })

    test('its draws have the mean and the quantiles of scipy', () => {
      const count = 500
      const values = drawsOf(freeze(each), count, `${family} ${JSON.stringify(each.params)}`)
      const { mean = 0, variance = Infinity } = each
      const found = values.reduce((sum, value) => sum + value, 0) / count
      expect(Math.abs(found - mean) <= 4.5 * Math.sqrt(variance / count)).toBe(true)
      const points = each.shares?.map(([value, below]): [number, number] => [below, value])
      expect(chiSquare(values, points ?? each.quantiles)).toBeLessThan(35)
    })
  },
)

function drawsOf(frozen: Frozen, count: number, stream: string): number[] {
  const random = createRandom(2026n, stream)
  const draw = drawFrom(frozen)
  return Array.from({ length: count }, (_, row) => {
    const value = draw(random.at(row))
    return value instanceof Double ? value.value : Number(value)
  })
}

/** Of the counts between some quantiles, nine at most: 35 is exceeded once in twenty thousand times. */
function chiSquare(values: readonly number[], points: readonly [number, number][]): number {
  let surprise = 0
  let [share, seen] = [0, 0]
  for (const [below, value] of [...points, [1, Infinity] as const]) {
    const expected = values.length * (below - share)
    if (expected < 5) continue
    const upTo = values.filter((each) => each <= value).length
    surprise += (upTo - seen - expected) ** 2 / expected
    ;[share, seen] = [below, upTo]
  }
  return surprise
}
