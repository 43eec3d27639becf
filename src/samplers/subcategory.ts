import { z } from 'zod'
import { text } from '../config/scalars.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { CellFailure } from '../graph/failure.ts'
import { defineSampler, type SamplerCheckContext } from './define.ts'
import { listedDistribution } from './declare-distribution.ts'
import { listedValues } from './listed-values.ts'
import { listed, refusal } from './refusal.ts'
import { typeOfList, unified, unifiedType } from './scalar-type.ts'

/**
 * One value of the list that belongs to the row's value of a category column.
 *
 * Keys are compared with the category's cells as text, so numeric categories work too.
 */
export const subcategory = defineSampler({
  kind: 'subcategory',
  params: z
    .strictObject({
      category: text().describe('A sampler column of type category.'),
      values: z
        .record(z.string(), listedValues())
        .describe('The values to choose from, for each value of that column.'),
    })
    .describe('One of the values that belong to the value of a category.'),
  converts: 'number',
  sampleType: ({ values }) => unifiedType(Object.values(values).map(typeOfList)),
  listed: ({ values }) => Object.values(values).flatMap(unified),
  distribution({ category, values }, { shares, textOf }) {
    const parent = shares(category)
    if (parent === null) return null
    return listedDistribution(
      `subcategory of ${category}`,
      Object.entries(values).flatMap(([key, list]) => {
        const share = parent.get(textOf(category, key)) ?? 0
        return unified(list).map((value) => ({ value, share: share / list.length }))
      }),
    )
  },
  references: ({ category }) => [{ name: category, parameter: 'category' }],
  check({ category, values }, context) {
    const parent = context.referenced(category)
    if (parent === null) return []
    if (typeof parent === 'string' || parent.samplerType !== 'category') {
      const received = typeof parent === 'string' ? parent : `a ${parent.samplerType} sampler`
      return [wrongParent(context.columnName, category, received, [...context.path, 'category'])]
    }
    const { texts } = parent
    if (texts === null) return []
    const textOf = (written: string) => parent.textOf(written)
    return keyProblems(Object.keys(values), { category, texts, textOf }, context)
  },
  prepare({ category, values }, context) {
    const parent = context.text(category)
    const textOf = context.textOf(category)
    const lists = new Map(Object.entries(values).map(([key, list]) => [textOf(key), unified(list)]))
    return (random, row) => {
      const value = parent(row)
      const list = value === null ? undefined : lists.get(value)
      if (list === undefined) {
        const shown = value === null ? 'null' : `'${value}'`
        throw new CellFailure('missing-key', `'${category}' is ${shown}, which has no list here`)
      }
      return list[random.below(list.length)] ?? null
    }
  },
})

function wrongParent(name: string, parent: string, received: string, path: ConfigPath): Problem {
  return refusal(
    'wrong-reference',
    path,
    `Column '${name}' is a subcategory of '${parent}', which is not a category column`,
    {
      expected: 'the name of a sampler column of type category',
      received,
      suggestion: 'For other columns, write conditional_params: one condition per value.',
    },
  )
}

/** The lists must be those of the category's values: none missing, none that is never used. */
function keyProblems(
  keys: readonly string[],
  { category, texts, textOf }: Parent,
  { columnName, path }: SamplerCheckContext,
): Problem[] {
  const written = new Set(keys.map(textOf))
  const missing = [...texts].filter((value) => !written.has(value))
  const problems = keys.flatMap((key, index) => {
    const value = textOf(key)
    const isSecond = keys.findIndex((other) => textOf(other) === value) < index
    if (texts.has(value) && !isSecond) return []
    const why = isSecond
      ? `a second list for '${value}' of '${category}'`
      : `a list for '${key}', which '${category}' never gives`
    return [
      refusal('unknown-key', [...path, 'values', key], `Column '${columnName}' has ${why}`, {
        expected: `one list for each of ${listed([...texts])}`,
        received: `'${key}'`,
      }),
    ]
  })
  if (missing.length === 0) return problems
  const message = `Column '${columnName}' has no list for ${listed(missing)} of '${category}'`
  const expected = `one list for each of ${listed([...texts])}`
  return [refusal('missing-key', [...path, 'values'], message, { expected }), ...problems]
}

interface Parent {
  category: string
  texts: ReadonlySet<string>
  textOf: (written: string) => string
}
