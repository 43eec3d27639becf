import { z } from 'zod'
import type { Sampled } from './dataset.ts'
import { withForm } from './json-form.ts'
import { isMapping } from './literal.ts'
import { double, list, oneOf, refuse } from './scalars.ts'

const distributionTypes = ['uniform', 'manual'] as const

/** A number, or a distribution to draw from for every request. */
export function sampled(min: number, max: number): z.ZodType<Sampled> {
  const number = double({ min, max })
  const uniform = uniformSchema(number)
  const manual = manualSchema(number)
  const drawn = z.unknown().transform((input, context) => {
    const schema = isMapping(input) ? (isManual(input) ? manual : uniform) : number
    const result = schema.safeParse(input)
    if (result.success) return result.data
    for (const issue of result.error.issues) context.issues.push({ ...issue, input: undefined })
    return z.NEVER
  })
  return withForm(drawn, { like: () => z.union([number, uniform, manual]) })
}

/** Whichever the tag decides for, its refusal names both words. */
function distributionTag(word: (typeof distributionTypes)[number]): z.ZodType<string> {
  return withForm(oneOf(distributionTypes), { json: { const: word } })
    .default(word)
    .describe('The kind of distribution; optional.')
}

/** The tag decides, and without one the keys do. */
function isManual(input: { readonly [key: string]: unknown }): boolean {
  const tag = input['distribution_type']
  if (typeof tag === 'string') return tag === 'manual'
  const params = input['params']
  return isMapping(params) && ('values' in params || 'weights' in params)
}

function uniformSchema(number: z.ZodType<number>): z.ZodType<Sampled> {
  const params = z
    .strictObject({
      low: number.describe('Smallest value.'),
      high: number.describe('End of the range.'),
    })
    .transform((value, context) => {
      if (value.low < value.high) return value
      return refuse(context, `${value.low} and ${value.high}`, {
        code: 'out-of-range',
        expected: "'low' below 'high'",
        received: `low ${value.low}, high ${value.high}`,
      })
    })
  return z
    .strictObject({
      distribution_type: distributionTag('uniform'),
      params: params.describe('The range.'),
    })
    .transform((value) => ({ distribution_type: 'uniform', params: value.params }))
}

function manualSchema(number: z.ZodType<number>): z.ZodType<Sampled> {
  const params = z
    .strictObject({
      values: list(number, { min: 1 }).describe('The values to choose from.'),
      weights: list(double({ min: 0 }))
        .nullable()
        .default(null)
        .describe('Relative frequency of each value.'),
    })
    .transform((value, context) => {
      const { values, weights } = value
      if (weights === null) return { values, weights }
      const sum = weights.reduce((total, weight) => total + weight, 0)
      if (weights.length !== values.length || !(sum > 0 && sum < Infinity)) {
        return refuse(context, weights, {
          code: 'out-of-range',
          expected: `${values.length} weights, at least one of them above 0`,
          received: `${weights.length} weights with the sum ${sum}`,
        })
      }
      return { values, weights: weights.map((weight) => weight / sum) }
    })
  return z
    .strictObject({
      distribution_type: distributionTag('manual'),
      params: params.describe('The values.'),
    })
    .transform((value) => ({ distribution_type: 'manual', params: value.params }))
}
