import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { coerce } from '../graph/coerce.ts'
import type { Distribution } from '../graph/distribution.ts'
import { type Loaded, nothingLoaded, type Row } from '../graph/kind.ts'
import { createRandom } from '../random/random.ts'
import type { Sampler, SamplerContext } from '../samplers/define.ts'
import { stringifyJson } from '../util/json.ts'
import { Double, type Value } from '../util/value.ts'
import { casesOf, checkDescribed, type ConformanceCase } from './conformance-case.ts'

/** A sampler under test: its parameters and the columns it reads. */
export interface SamplerSetup {
  kind: Sampler<unknown>
  /** Parameters as a config has them, all sound. */
  params: object
  /** Of the columns that the parameters refer to: their text in every row. */
  texts?: Readonly<Record<string, string>>
  /** What its `load` gave, of a kind that loads. */
  loaded?: Loaded | (Loaded & Readonly<Record<string, unknown>>)
}

const rows = 2_000
/** A statistic of Kolmogorov and Smirnov that one in a hundred thousand samples exceeds. */
const mostDeviation = 2.47
/** Standard deviations that one in some millions exceeds. */
const mostSigmas = 5.5

/** The cases for one sampler, for any test runner: `for (const each of …) test(each.name, each.run)`. */
export function samplerSuite({
  kind,
  params: written,
  texts = {},
  loaded = nothingLoaded,
}: SamplerSetup): ConformanceCase[] {
  const params = kind.params.parse(written)
  const read = new Set<string>()

  const context: SamplerContext = {
    text(name) {
      read.add(name)
      return () => texts[name] ?? null
    },
    textOf: () => (word) => word,
    instant(name) {
      read.add(name)
      return (row) => row.index * 86_400
    },
    permutationSeed: () => 77n,
  }

  /** The values of some rows, drawn in the order in which the rows are given. */
  function draw(indexes: readonly number[], runSeed = 1n): Map<number, Value> {
    const sample = kind.prepare(params, context, loaded)
    const random = createRandom(runSeed, 'conformance')
    return new Map(indexes.map((index) => [index, sample(random.at(index), rowAt(index))]))
  }

  const all = Array.from({ length: rows }, (_, index) => index)

  return casesOf({
    'has a word for sampler_type'() {
      ok(/^[a-z][a-z0-9_-]*$/.test(kind.kind), `'${kind.kind}' is not a lower-case word`)
    },

    'describes its parameters, for editors'() {
      return checkDescribed(kind.params, `the params of ${kind.kind}`)
    },

    'refuses a parameter it does not know'() {
      const { success } = kind.params.safeParse({ ...written, no_such_parameter: 1 })
      ok(!success, 'its params must be a strict object')
    },

    'draws the same value at the same address, in whatever order'() {
      const forward = draw(all)
      const backward = draw(all.toReversed())
      for (const index of all) deepStrictEqual(backward.get(index), forward.get(index))
      deepStrictEqual(draw([1_234]).get(1_234), forward.get(1_234))
    },

    'draws from nothing but the address it is given'() {
      const together = draw(all.slice(0, 50))
      for (const index of [0, 17, 49])
        deepStrictEqual(draw([index]).get(index), together.get(index))
    },

    'draws values of the type it declares'() {
      const type = kind.sampleType(params)
      for (const value of draw(all).values()) {
        if (type !== 'instant') coerce(value, type)
        else
          ok(
            Number.isSafeInteger(value),
            `an instant is whole seconds, got ${stringifyJson(value)}`,
          )
      }
    },

    'draws only the values it lists'() {
      const listed = kind.listed?.(params)
      if (listed === undefined) return
      const known = new Set(listed.map((value) => stringifyJson(value)))
      for (const value of draw(all).values()) {
        ok(known.has(stringifyJson(value)), `${stringifyJson(value)} is not in its list`)
      }
    },

    'draws by its distribution'() {
      const distribution = kind.distribution?.(params, {
        shares: () => null,
        textOf: (_name, word) => word,
      })
      if (distribution) checkFit([...draw(all).values()], distribution)
    },

    'declares every column it reads'() {
      read.clear()
      draw([0])
      const declared = new Set((kind.references?.(params) ?? []).map(({ name }) => name))
      deepStrictEqual(
        [...read].filter((name) => !declared.has(name)),
        [],
      )
    },
  })
}

function rowAt(index: number): Row {
  return {
    index,
    get() {
      throw new Error('a sampler reads other columns by its context')
    },
  }
}

function checkFit(values: readonly Value[], distribution: Distribution): void {
  switch (distribution.shape) {
    case 'unique':
      return strictEqual(new Set(values.map((value) => stringifyJson(value))).size, values.length)
    case 'listed':
      return checkShares(values, distribution.shares)
    case 'discrete':
      return checkSteps(values, distribution)
    case 'continuous':
      // Rounded draws have steps that the cdf of the draws has not.
      if (distribution.rounding === null) checkCdf(values, distribution)
  }
}

function checkShares(
  values: readonly Value[],
  shares: readonly { value: Value; share: number }[],
): void {
  const sum = shares.reduce((total, { share }) => total + share, 0)
  ok(Math.abs(sum - 1) < 1e-9, `the shares sum to ${sum}`)
  for (const { value, share } of shares) {
    const text = stringifyJson(value)
    const drawn = values.filter((each) => stringifyJson(each) === text).length
    const bound = mostSigmas * Math.sqrt(values.length * share * (1 - share)) + 1
    ok(
      Math.abs(drawn - share * values.length) <= bound,
      `${text} has the share ${share} and was drawn ${drawn} times in ${values.length}`,
    )
  }
}

function checkSteps(
  values: readonly Value[],
  { cdf }: Extract<Distribution, { shape: 'discrete' }>,
): void {
  const numbers = values.map(Number).toSorted((a, b) => a - b)
  const { length } = numbers
  for (const number of new Set(numbers)) {
    const share = (numbers.findLastIndex((each) => each === number) + 1) / length
    const distance = Math.abs(share - cdf(number))
    ok(Math.sqrt(length) * distance < mostDeviation, `up to ${number} it is off by ${distance}`)
  }
}

function checkCdf(
  values: readonly Value[],
  { cdf, of }: Extract<Distribution, { shape: 'continuous' }>,
): void {
  const scale = of === 'time' ? 1_000 : 1
  const numbers = values
    .map((value) => scale * Number(value instanceof Double ? value.value : value))
    .toSorted((a, b) => a - b)
  const { length } = numbers
  let largest = 0
  for (const [at, number] of numbers.entries()) {
    const share = cdf(number)
    largest = Math.max(largest, share - at / length, (at + 1) / length - share)
  }
  // What is cut down to a unit, such as days, has steps of its own.
  const steps = new Set(numbers).size < length / 2
  ok(cdf(numbers.at(-1) ?? NaN) > 0, 'nothing drawn is within the distribution')
  if (!steps) ok(Math.sqrt(length) * largest < mostDeviation, `it is off by ${largest}`)
}
