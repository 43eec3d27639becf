import { z } from 'zod'
import { integer, oneOf } from '../config/scalars.ts'
import { counted } from '../util/format.ts'
import type { Value } from '../util/value.ts'
import { defineValidator } from './define.ts'
import { textOfValue } from './subject-text.ts'
import { verdict } from './verdict.ts'

const units = ['characters', 'words', 'lines', 'items'] as const

type Unit = (typeof units)[number]

const params = z
  .strictObject({
    min: integer({ min: 0 }).nullable().default(null).describe('The minimum.'),
    max: integer({ min: 0 }).nullable().default(null).describe('The maximum.'),
    unit: oneOf(units)
      .default('characters')
      .describe('The unit; items are those of a list, or the fields of an object.'),
  })
  .superRefine(({ min, max }, context) => {
    if (min === null && max === null) {
      context.addIssue({ code: 'custom', path: ['max'], message: 'min or max, or both' })
    } else if (min !== null && max !== null && min > max) {
      context.addIssue({
        code: 'custom',
        path: ['max'],
        message: `a number from ${min} on, like min`,
      })
    }
  })
  .describe('Whether a text or a list is neither too short nor too long.')

/** Whether a text or a list is neither too short nor too long. */
export const lengthValidator = defineValidator<z.output<typeof params>>({
  type: 'length',
  params,
  judges: 'target',
  by: 'row',
  describe: () => ({ fields: ['length', 'error_messages'] }),
  open({ min, max, unit }) {
    return ({ targets }) => {
      const [value = null] = targets.values()
      const length = lengthOf(value, unit)
      if (length === null) {
        return verdict(false, { length: null, error_messages: 'the value has no items' })
      }
      const isShort = min !== null && length < min
      const isLong = max !== null && length > max
      const bound = isShort ? `at least ${min}` : `at most ${max}`
      return verdict(!isShort && !isLong, {
        length,
        error_messages:
          isShort || isLong ? `${counted(length, unit.slice(0, -1))}, expected ${bound}` : '',
      })
    }
  },
})

/** Characters as Python counts them: a surrogate pair is one. */
function lengthOf(value: Value, unit: Unit): number | null {
  if (unit === 'items') {
    if (Array.isArray(value)) return value.length
    return value instanceof Map ? value.size : null
  }
  const text = textOfValue(value)
  if (unit === 'characters') return Array.from(text).length
  if (unit === 'words') return text.match(/\S+/g)?.length ?? 0
  return text === '' ? 0 : text.replace(/\r?\n$/, '').split('\n').length
}
