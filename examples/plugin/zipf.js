import { defineSampler, double, integer, listedDistribution, z } from 'rowsmith/plugin'

/** Whole numbers from 0, each less frequent than the one before, as words in a language are. */
export const zipf = defineSampler({
  kind: 'zipf',
  params: z
    .strictObject({
      size: integer({ min: 1, max: 100_000 }).describe('How many numbers there are.'),
      exponent: double({ min: 0 })
        .default(1)
        .describe('How fast they become rare; 0 for not at all.'),
    })
    .describe('Numbers of which the first come often and the last are rare.'),
  converts: 'number',
  sampleType: () => 'int64',
  distribution: (params) => {
    const shares = sharesOf(params)
    return listedDistribution(
      `zipf of ${params.size}`,
      shares.map((share, value) => ({ value, share })),
    )
  },
  prepare(params) {
    let sum = 0
    const bounds = sharesOf(params).map((share) => (sum += share))
    return (random) => {
      const drawn = random.uniform() * sum
      return bounds.findIndex((bound) => drawn < bound)
    }
  },
})

function sharesOf({ size, exponent }) {
  const weights = Array.from({ length: size }, (_, at) => (at + 1) ** -exponent)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}
