import { z } from 'zod'
import { integer, oneOf, text } from '../config/scalars.ts'
import type { Problem } from '../config/problem.ts'
import { defineSampler } from './define.ts'
import { refusal } from './refusal.ts'

const unitSeconds = { D: 86_400, h: 3600, m: 60, s: 1 } as const

const units = ['D', 'h', 'm', 's'] as const

/** A datetime: that of another column plus a whole number of units in [dt_min, dt_max). */
export const timedelta = defineSampler({
  kind: 'timedelta',
  params: z
    .strictObject({
      dt_min: integer({ min: 0 }).describe('Fewest units to add.'),
      dt_max: integer({ min: 1 }).describe('End of the range of units; itself not drawn.'),
      reference_column_name: text().describe('A sampler column of type datetime or timedelta.'),
      unit: oneOf(units)
        .default('D')
        .describe('The unit of the added time: days, hours, minutes or seconds.'),
    })
    .describe('A date some time after that of another column.'),
  converts: 'instant',
  sampleType: () => 'instant',
  references: (params) => [
    { name: params.reference_column_name, parameter: 'reference_column_name' },
  ],
  instants({ dt_min, dt_max, reference_column_name: name, unit }, instantsOf) {
    const reference = instantsOf(name)
    if (reference === null) return null
    const first = reference.first + dt_min * unitSeconds[unit]
    const last = reference.last + (dt_max - 1) * unitSeconds[unit]
    return { first, last, unit: 's' }
  },
  notBelow: ({ dt_min, reference_column_name: name }) => ({ name, isAbove: dt_min > 0 }),
  check({ dt_min, dt_max, reference_column_name: name }, context) {
    const problems: Problem[] = []
    if (dt_min >= dt_max) {
      problems.push(
        refusal(
          'reversed-range',
          [...context.path, 'dt_max'],
          `Column '${context.columnName}' adds from dt_min to dt_max, which leaves no number`,
          { expected: `more than ${dt_min}; dt_max itself is never drawn`, received: `${dt_max}` },
        ),
      )
    }
    const reference = context.referenced(name)
    const isInstant = typeof reference === 'object' && reference?.sampleType === 'instant'
    if (reference !== null && !isInstant) {
      problems.push(
        refusal(
          'wrong-reference',
          [...context.path, 'reference_column_name'],
          `Column '${context.columnName}' adds time to '${name}', which has no dates`,
          {
            expected: 'the name of a sampler column of type datetime or timedelta',
            received:
              typeof reference === 'string' ? reference : `a ${reference.samplerType} sampler`,
          },
        ),
      )
    }
    return problems
  },
  prepare({ dt_min, dt_max, reference_column_name, unit }, context) {
    const reference = context.instant(reference_column_name)
    const scale = unitSeconds[unit]
    return (random, row) => reference(row) + (dt_min + random.below(dt_max - dt_min)) * scale
  },
})
