import { unread } from '../config/columns.ts'
import type { Problem } from '../config/problem.ts'
import { capitalized } from '../config/problems.ts'
import { type Draft, type DraftColumn, subjectOf } from './draft.ts'
import type { Reference } from './kind.ts'
import { meantName } from './writable-name.ts'

/** Turns every reference into an edge, or says why it can't be one. */
export function resolveReferences(draft: Draft): Problem[] {
  return draft.columns.flatMap((column) => [
    ...(column.description?.references ?? column.guessed).flatMap((reference) =>
      resolve(draft, column, reference, true),
    ),
    ...column.conditions.flatMap((reference) => resolve(draft, column, reference, false)),
  ])
}

function resolve(
  draft: Draft,
  column: DraftColumn,
  reference: Reference,
  required: boolean,
): Problem[] {
  const owner = draft.names.get(reference.name)
  if (owner === undefined) return unknownReference(draft, column, reference)
  if (owner.column === column) return [selfReference(column, reference, required)]
  column.edges.push({ to: owner.column, reference, required })
  return []
}

function unknownReference(draft: Draft, column: DraftColumn, reference: Reference): Problem[] {
  if (mayBelongToBroken(draft, reference.name)) return []
  const { name, path, within } = reference
  const meant = meantName(
    name,
    [...draft.names.keys()].filter((known) => known !== column.name),
  )
  return [
    {
      level: 'error',
      code: 'unknown-reference',
      path,
      message: `${capitalized(subjectOf(column))} refers to '${name}', which is not a column`,
      received: name,
      ...(meant === undefined ? {} : { suggestion: meant }),
      ...(within === undefined ? {} : { within }),
    },
  ]
}

/**
 * Whether a name may be one that a wrong column would have brought: a side column, or its own name
 * under a mistyped key. Its own problem is enough.
 */
export function mayBelongToBroken({ columns }: Draft, name: string): boolean {
  return columns.some((column) => {
    if (column.isSound) return false
    if (column.name !== unread) return name.startsWith(`${column.name}__`)
    return Object.values(column.raw).some((value) => value === name)
  })
}

function selfReference(column: DraftColumn, reference: Reference, required: boolean): Problem {
  const { name, path, within } = reference
  const what = required ? `Column '${column.name}'` : `The skip condition of '${column.name}'`
  return {
    level: 'error',
    code: 'self-reference',
    path,
    message:
      name === column.name
        ? `${what} refers to itself`
        : `${what} refers to '${name}', which the column itself fills`,
    suggestion: 'Its value is not there yet when this is read; refer to another column.',
    ...(within === undefined ? {} : { within }),
  }
}
