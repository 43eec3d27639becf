import type { ConfigPath, Problem } from '../config/problem.ts'
import { nearest } from '../util/near-miss.ts'
import type { Operation } from './request.ts'
import { knownTypes, readColumnType, typeWords } from './column-type.ts'

interface Subject {
  path: ConfigPath
  /** `Column 'a': describe() of the kind 'initials'` */
  who: string
}

const units = ['row', 'cell', 'column']
// All of them, or this does not compile.
const operations = Object.keys({
  chat: true,
  embed: true,
  image: true,
  validate: true,
  call: true,
} satisfies Record<Operation, true>)
const requests = ['one', 'many', 'shared']

/**
 * What is wrong with the form of a description. Kinds of plugins may be written without types, and what
 * the engine can't use would be found by a run, somewhere else.
 */
export function descriptionProblems(description: unknown, subject: Subject): Problem[] {
  if (!isObject(description)) return [wrong(subject, 'a description', description)]
  const { by, pure, output, references, routes, sides = [] } = description
  return [
    ...wordProblems(subject, 'by', by, units),
    ...(typeof pure === 'boolean' ? [] : [wrong(subject, "'pure' as true or false", pure)]),
    ...typeProblems(subject, 'output', output),
    ...itemsOf(subject, 'references', references, ({ name }) =>
      typeof name === 'string' ? [] : [wrong(subject, "a 'name' of each reference", name)],
    ),
    ...itemsOf(subject, 'routes', routes, (route) => [
      ...wordProblems(subject, 'operation', route['operation'], operations),
      ...wordProblems(subject, 'requests', route['requests'], requests),
    ]),
    ...itemsOf(subject, 'sides', sides, (side) => columnProblems(side, subject, 'output')),
  ]
}

/** The same of the columns that a processor makes. */
export function outputProblems(made: unknown, subject: Subject): Problem[] {
  if (!isObject(made)) return [wrong(subject, "an object with 'columns'", made)]
  return itemsOf(subject, 'columns', made['columns'], (column) =>
    columnProblems(column, subject, 'type'),
  )
}

function columnProblems(
  column: Readonly<Record<string, unknown>>,
  subject: Subject,
  field: 'output' | 'type',
): Problem[] {
  const { name } = column
  return [
    ...(typeof name === 'string' && name !== ''
      ? []
      : [wrong(subject, "a 'name' of each column", name)]),
    ...typeProblems(subject, field, column[field]),
  ]
}

function typeProblems(subject: Subject, field: string, type: unknown): Problem[] {
  if (readColumnType(type) !== null) return []
  return [wrong(subject, `'${field}' as one of ${knownTypes}`, type, typeWords)]
}

function wordProblems(
  subject: Subject,
  field: string,
  word: unknown,
  known: readonly string[],
): Problem[] {
  if (typeof word === 'string' && known.includes(word)) return []
  return [wrong(subject, `'${field}' as one of ${known.join(', ')}`, word, known)]
}

function itemsOf(
  subject: Subject,
  field: string,
  value: unknown,
  look: (item: Readonly<Record<string, unknown>>) => Problem[],
): Problem[] {
  if (!Array.isArray(value)) return [wrong(subject, `a list '${field}'`, value)]
  const items: readonly unknown[] = value
  return items.flatMap((item) =>
    isObject(item) ? look(item) : [wrong(subject, `objects in '${field}'`, item)],
  )
}

function wrong(
  { path, who }: Subject,
  expected: string,
  received: unknown,
  words: readonly string[] = [],
): Problem {
  const near = typeof received === 'string' ? nearest(received, words) : undefined
  return {
    level: 'error',
    code: 'invalid-description',
    path,
    message: `${who} returned an invalid description`,
    expected,
    received: shown(received),
    suggestion:
      near === undefined
        ? 'This is a mistake in the kind; fix it there.'
        : `This is a mistake of the kind. Did it mean '${near}'?`,
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : `a ${typeof value}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
