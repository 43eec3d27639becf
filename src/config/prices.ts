import { z } from 'zod'
import type { PriceConfig } from './dataset.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { double, mapOf } from './scalars.ts'

const amount = double({ min: 0, below: Infinity })

const priceSchema = z
  .strictObject({
    input: amount.describe('Dollars for a million tokens that are sent.'),
    output: amount.describe('Dollars for a million tokens of answers.'),
    cached_input: amount
      .nullable()
      .default(null)
      .describe(
        "Dollars for a million input tokens from the provider's cache; the price of input by default.",
      ),
    batch: double({ min: 0, max: 1 })
      .default(0.5)
      .describe('Share of these prices for requests that go in batches.'),
    image: amount.nullable().default(null).describe('Dollars for an image that is made.'),
  })
  .describe('The price of a model.')

export const pricesSchema = mapOf(priceSchema)

/** Reads `prices`: what models cost, by their names or aliases. */
export function parsePrices(
  value: unknown,
  path: ConfigPath,
): { prices: ReadonlyMap<string, PriceConfig>; problems: Problem[] } {
  if (value === undefined || value === null) return { prices: new Map(), problems: [] }
  const result = pricesSchema.safeParse(value)
  if (result.success) return { prices: result.data, problems: [] }
  const problems = problemsOfZod(result.error, {
    path,
    value,
    schema: pricesSchema,
    subject: 'the prices',
  })
  return { prices: new Map(), problems }
}
