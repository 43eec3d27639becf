import type { Problem } from '../config/problem.ts'
import { nearest } from '../util/near-miss.ts'
import type { Draft, DraftColumn } from './draft.ts'
import type { Reference } from './kind.ts'

/** Turns every reference into an edge, or says why it can't be one. */
export function resolveReferences(draft: Draft): Problem[] {
  return draft.columns.flatMap((column) => [
    ...(column.description?.references ?? []).flatMap((reference) =>
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
  if (mayBeSideOfBroken(draft, reference.name)) return []
  const { name, path, within } = reference
  const near = nearest(
    name,
    [...draft.names.keys()].filter((known) => known !== column.name),
  )
  return [
    {
      level: 'error',
      code: 'unknown-reference',
      path,
      message: `Column '${column.name}' refers to '${name}', which is no column`,
      received: name,
      ...(near === undefined ? {} : { suggestion: `Did you mean '${near}'?` }),
      ...(within === undefined ? {} : { within }),
    },
  ]
}

/** A column that could not be read may fill sides nobody knows of; its own problem is enough. */
function mayBeSideOfBroken({ columns }: Draft, name: string): boolean {
  return columns.some(
    (column) => column.description === null && name.startsWith(`${column.name}__`),
  )
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
