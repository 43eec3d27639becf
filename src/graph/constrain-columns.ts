import type { ConstraintConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { nearest } from '../util/near-miss.ts'
import { type Draft, type DraftColumn, subjectOf } from './draft.ts'
import type { Constraint } from './kind.ts'
import { answerOf } from './plugin-failure.ts'
import { mayBelongToBroken } from './resolve-references.ts'

/** Gives each column the bounds that the config has for it. */
export function constrainColumns(draft: Draft): Problem[] {
  const bounds = new Map<DraftColumn, { constraint: Constraint; path: ConfigPath }[]>()
  const problems = draft.input.dataset.constraints.flatMap((constraint, index): Problem[] => {
    // One that can't be read was reported.
    if (constraint === null) return []
    const path = ['constraints', index]
    const target = draft.columns.find(({ name }) => name === constraint.target_column)
    if (target === undefined) return unknownTarget(draft, constraint, path)
    if (target.kind === null) return []
    if (target.kind.constrain === undefined) return [unboundedKind(target, path)]
    const { operator, rhs } = constraint
    const list = bounds.get(target) ?? []
    list.push({ constraint: { operator, rhs }, path })
    bounds.set(target, list)
    return []
  })
  for (const [column, list] of bounds) {
    const { config, kind } = column
    if (config === null || kind?.constrain === undefined) continue
    const constraints = list.map(({ constraint }) => constraint)
    column.config = answerOf(() => kind.constrain?.(config, constraints) ?? config, {
      path: column.path,
      place: subjectOf(column),
      problems,
    })
    column.isSound &&= column.config !== null
    column.constraintPaths = list.map(({ path }) => path)
  }
  return problems
}

function unknownTarget(
  draft: Draft,
  { target_column: name }: ConstraintConfig,
  path: ConfigPath,
): Problem[] {
  if (mayBelongToBroken(draft, name)) return []
  const near = nearest(
    name,
    draft.columns.map((column) => column.name),
  )
  return [
    {
      level: 'error',
      code: 'unknown-reference',
      path: [...path, 'target_column'],
      message: `A constraint bounds '${name}', which is not a column`,
      received: name,
      ...(near === undefined ? {} : { suggestion: `Did you mean '${near}'?` }),
    },
  ]
}

function unboundedKind({ name, raw }: DraftColumn, path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'unsupported-constraint',
    path: [...path, 'target_column'],
    message: `A constraint bounds column '${name}', and only sampler columns are drawn within bounds`,
    expected: 'the name of a sampler column',
    received: `a column of type ${raw.column_type}`,
    suggestion: 'Reject the rows that you do not want with a processor of type filter.',
  }
}
