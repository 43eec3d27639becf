import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { families, refusedFamilies } from './families.ts'
import type { Frozen } from './frozen.ts'

interface Case {
  family: string
  kind: 'continuous' | 'discrete'
  params: Record<string, number | number[]>
  quantiles: [share: number, value: number][]
}

/** Made by scipy 1.17.1; points whose share scipy's own distribution function denies are left out. */
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

    test('its shares are those of its quantiles', () => {
      const frozen = freeze(each)
      const off = [0.001, 0.02, 0.3, 0.62, 0.97, 0.9995].flatMap((share) => {
        const value = frozen.quantile(share, 1 - share)
        const [below, above] = frozen.shares(value)
        const [before] = frozen.shares(value - 1)
        const isRight =
          each.kind === 'discrete'
            ? before <= share + 1e-12 && share <= below + 1e-12
            : Math.abs(below - share) < 1e-7 && Math.abs(above - (1 - share)) < 1e-7
        return isRight ? [] : [{ share, value, below, above, before }]
      })
      expect(off).toEqual([])
    })
  },
)
