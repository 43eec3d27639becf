import type { Problem } from '../config/problem.ts'
import { capitalized } from '../config/problems.ts'
import { nearest } from '../util/near-miss.ts'
import { type Draft, type DraftColumn, subjectOf } from './draft.ts'
import type { Reference } from './kind.ts'

/** Fields of a column's values that templates read must be among those it can have. */
export function checkFields(draft: Draft): Problem[] {
  return draft.columns.flatMap((column) =>
    [...(column.description?.references ?? []), ...column.conditions].flatMap((reference) =>
      unknownFields(draft, column, reference),
    ),
  )
}

function unknownFields(draft: Draft, column: DraftColumn, reference: Reference): Problem[] {
  const owner = draft.names.get(reference.name)
  const fieldsAt = owner?.side === null ? owner.column.description?.fieldsAt : undefined
  if (fieldsAt === undefined) return []
  return (reference.places ?? []).flatMap(({ place, line, column: at }): Problem[] => {
    const name = String(place.at(-1))
    const fields = fieldsAt(place.slice(0, -1))
    if (fields === null || fields.includes(name)) return []
    const meant = nearest(name, fields)
    return [
      {
        level: 'error',
        code: 'unknown-field',
        path: reference.path,
        message: `${capitalized(subjectOf(column))} reads '${written(reference.name, place)}', and values of '${reference.name}' have no such field`,
        expected: `one of ${fields.join(', ')}`,
        received: name,
        ...(meant === undefined ? {} : { suggestion: `Did you mean '${meant}'?` }),
        within: { line, column: at },
      },
    ]
  })
}

function written(name: string, place: readonly (string | null)[]): string {
  return name + place.map((step) => (step === null ? '[…]' : `.${step}`)).join('')
}
