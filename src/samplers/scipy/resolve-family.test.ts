import { expect, test } from 'vitest'
import { nothingLoaded } from '../../graph/kind.ts'
import { createRandom } from '../../random/random.ts'
import { Double } from '../../util/value.ts'
import { bernoulliMixture } from '../bernoulli-mixture.ts'
import { scipy } from '../scipy.ts'
import { familyProblems, namedDistribution } from './resolve-family.ts'

function problems(name: string, params: Record<string, number | number[]>): string[] {
  const named = { dist_name: name, dist_params: new Map(Object.entries(params)) }
  return familyProblems(named, { path: [], columnName: 'c' }).map(
    ({ code, path, message, expected, suggestion }) =>
      [code, path.join('.'), message, expected, suggestion].filter(Boolean).join(' | '),
  )
}

test('names what is wrong with a distribution', () => {
  expect([
    ...problems('gama', { a: 1 }),
    ...problems('nosuchthing', {}),
    ...problems('vonmises', { kappa: 1 }),
    ...problems('gamma', { alpha: 2, scal: 3 }),
    ...problems('beta', { a: -1, b: 2, scale: 0, loc: Infinity }),
    ...problems('binom', { n: 2.5, p: 0.5, loc: 0.5, scale: 2 }),
    ...problems('poisson_binom', { p: 0.5 }),
    ...problems('truncnorm', { a: 2, b: 1 }),
    ...problems('logser', { p: 0.9999999 }),
  ]).toMatchInlineSnapshot(`
    [
      "unknown-distribution | dist_name | Column 'c' draws from a distribution that scipy.stats does not have | a name of scipy.stats, such as norm, gamma or binom | Near ones: gamma, dgamma.",
      "unknown-distribution | dist_name | Column 'c' draws from a distribution that scipy.stats does not have | a name of scipy.stats, such as norm, gamma or binom",
      "unsupported | dist_name | Column 'c' can't draw from vonmises: its distribution function has no formula: scipy itself integrates or approximates it | Take a family that is like it, or draw it with code of your own.",
      "unknown-field | dist_params.alpha | A gamma has no parameter 'alpha' | 'a', 'loc', 'scale'",
      "unknown-field | dist_params.scal | A gamma has no parameter 'scal' | 'a', 'loc', 'scale' | Did you mean 'scale'?",
      "missing-field | dist_params | The gamma of column 'c' lacks 'a' in dist_params | 'a'; loc and scale may be left out",
      "out-of-range | dist_params.a | 'a' is nothing for a beta | a number above 0",
      "out-of-range | dist_params.scale | 'scale' is nothing for a beta | a number above 0",
      "out-of-range | dist_params.loc | 'loc' is nothing for a beta | a finite number",
      "unknown-field | dist_params.scale | A binom has no parameter 'scale' | 'n', 'p', 'loc'",
      "out-of-range | dist_params.n | 'n' is nothing for a binom | a whole number, at least 0",
      "out-of-range | dist_params.loc | 'loc' is nothing for a binom | a whole number",
      "out-of-range | dist_params.p | 'p' is nothing for a poisson_binom | a list of numbers from 0 to 1",
      "out-of-range | dist_params | The parameters of the truncnorm of column 'c' contradict one another | a below b",
      "out-of-range | dist_params | The logser of column 'c' has more values than fit into memory | Take smaller parameters, or a continuous distribution that is like it.",
    ]
  `)
  expect(problems('norm', { loc: -3, scale: 2 })).toEqual([])
  expect(problems('poisson_binom', { p: [0.5, 1] })).toEqual([])
})

const draws = (of: 'scipy' | 'mixture', params: object): unknown[] => {
  const kind = of === 'scipy' ? scipy : bernoulliMixture
  const random = createRandom(1n, 'x')
  const context = {
    text: () => () => null,
    textOf: () => String,
    instant: () => () => 0,
    permutationSeed: () => 0n,
  }
  const row = { index: 0, get: () => null }
  const sample =
    kind === scipy
      ? scipy.prepare(scipy.params.parse(params), context, nothingLoaded)
      : bernoulliMixture.prepare(bernoulliMixture.params.parse(params), context, nothingLoaded)
  return [0, 1, 2].map((index) => sample(random.at(index), { ...row, index }))
}

// These never change: datasets are made of them.
test('three values each for seed 1', () => {
  expect([
    draws('scipy', { dist_name: 'norm', dist_params: {} }),
    draws('scipy', { dist_name: 'gamma', dist_params: { a: '2', scale: 15 } }),
    draws('scipy', { dist_name: 'binom', dist_params: { n: 20, p: 0.3, loc: -5 } }),
    draws('mixture', { p: 0.5, dist_name: 'expon', dist_params: {} }),
  ]).toMatchInlineSnapshot(`
    [
      [
        -2.6573254253057494,
        0.9177712406438838,
        0.4635514751330798,
      ],
      [
        1.3722925298111293,
        47.080303841538566,
        35.11662511203077,
      ],
      [
        -4,
        3,
        2,
      ],
      [
        1.0900478236524618,
        Double {
          "value": 0,
        },
        Double {
          "value": 0,
        },
      ],
    ]
  `)
})

test('a mixture is 0 as often as it should be', () => {
  const zeros = draws('mixture', { p: 0, dist_name: 'norm', dist_params: {} })
  expect(zeros).toEqual([new Double(0), new Double(0), new Double(0)])
})

test('a distribution that is wrong has nothing to compare with', () => {
  expect(namedDistribution({ dist_name: 'gamma', dist_params: new Map() })).toBeNull()
  expect(namedDistribution({ dist_name: 'no', dist_params: new Map() })).toBeNull()
})
