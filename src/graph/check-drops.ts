import { unread } from '../config/columns.ts'
import type { Problem } from '../config/problem.ts'
import type { Draft } from './draft.ts'
import { seedColumnType } from './parse-columns.ts'
import { isBeside } from './parse-processors.ts'

/** Something made here must be left in the dataset; with processors, the seed's columns will do. */
export function checkDrops(draft: Draft): Problem[] {
  const {
    input: { dataset },
    columns,
    output,
  } = draft
  const isOfSeed = new Set<string>()
  for (const { name, raw } of columns) if (raw.column_type === seedColumnType) isOfSeed.add(name)
  const made = columns.filter(({ name, filter }) => filter === null && !isOfSeed.has(name))
  if (output.some(({ name }) => !isOfSeed.has(name))) return []
  // What a column without a name that can be read leaves is not known.
  if (columns.some(({ name }) => name === unread)) return []
  if (dataset.processors.length > 0 && output.length > 0) return []
  if (made.length === 0) {
    return [
      {
        level: 'error',
        code: 'no-columns',
        path: ['columns'],
        message: 'The config makes no column',
        expected: 'at least one column in addition to those of the seed',
      },
    ]
  }
  const emptying = processorThatLeavesNothing(draft)
  if (emptying !== null) return [emptying]
  return [
    {
      level: 'error',
      code: 'all-columns-dropped',
      path: ['columns'],
      message: 'Every generated column is dropped, so the dataset would be empty',
      suggestion: "Set 'drop: false' on at least one column.",
    },
  ]
}

/** The processor behind which no column is left that is not marked to be dropped; null without one. */
function processorThatLeavesNothing({ columns, steps, processors }: Draft): Problem | null {
  const dropped = new Set(columns.filter(({ raw }) => raw.drop).map(({ name }) => name))
  const isLeft = ({ name }: { name: string }): boolean => !dropped.has(name)
  const step = steps.find(
    ({ kind, input, output }) => !isBeside(kind) && input.some(isLeft) && !output.some(isLeft),
  )
  const processor = processors.find(({ title }) => title === step?.title)
  if (step === undefined || processor === undefined) return null
  return {
    level: 'error',
    code: 'all-columns-dropped',
    path: ['processors', processor.index],
    message: `The processor '${step.title}' removes every remaining column, so the dataset would be empty`,
    suggestion: 'Name fewer columns; filter rows to leave out records.',
  }
}

/** What is paid for, read by no one and dropped. Other columns cost nothing, and may filter rows. */
export function checkUnused({ columns, output, readByProcessors }: Draft): Problem[] {
  const read = new Set(columns.flatMap(({ edges }) => edges.map(({ to }) => to)))
  const left = new Set(output.map(({ name }) => name))
  return columns.flatMap((column): Problem[] => {
    const { name, path, description, isSound } = column
    if (left.has(name) || readByProcessors.has(name)) return []
    if (!isSound || description === null || read.has(column)) return []
    // A trace or reasoning that is kept may be what it is for.
    if (description.routes.length === 0 || (description.sides ?? []).length > 0) return []
    return [
      {
        level: 'warning',
        code: 'unused-column',
        path: [...path, 'name'],
        message: `Column '${name}' is dropped and nothing reads it, but its requests are paid for`,
        suggestion: 'Remove the column, keep it, or refer to it in another one.',
      },
    ]
  })
}
