import { unread } from '../config/columns.ts'
import type { ColumnConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { modelOf, toolConfigOf } from '../config/resolve-dataset.ts'
import { nearest } from '../util/near-miss.ts'
import { descriptionProblems } from './check-description.ts'
import { type Draft, type DraftColumn, subjectOf } from './draft.ts'
import { type DescribeContext, nothingLoaded } from './kind.ts'
import { answerOf } from './plugin-failure.ts'
import { modelIdentity } from './model-identity.ts'
import { toolIdentity } from './tool-identity.ts'
import { operationOf } from './generation-operation.ts'
import type { Operation } from './request.ts'

/** Asks each kind what its column reads, makes and needs. */
export function describeColumns({ input: { dataset, seed, loaded }, columns }: Draft): Problem[] {
  const configs = new Map<string, ColumnConfig>(
    columns
      .filter(({ name, filter }) => name !== unread && filter === null)
      // What was guessed of a column is no base for what is said of another one.
      .map((column) => [column.name, (column.isSound ? column.config : null) ?? column.raw]),
  )
  const seedTypes = new Map(seed?.columns.map(({ name, type }) => [name, type]))
  const problems: Problem[] = []
  for (const column of columns) {
    if (column.kind === null || column.config === null) continue
    const context: DescribeContext = {
      path: column.path,
      written: column.raw,
      constraintPaths: column.constraintPaths,
      columns: configs,
      seedColumn: (name) => seedTypes.get(name),
      model: (alias) => modelOf(dataset, alias),
      modelIdentity: (alias) => modelIdentity(dataset, alias),
      toolIdentity: (alias) => toolIdentity(dataset, alias),
      toolServers: (alias) => toolConfigOf(dataset, alias)?.providers ?? [],
    }
    const own = loaded.get(column.name) ?? nothingLoaded
    // Why it could not be loaded is reported where that was tried.
    const { kind, config, path } = column
    const isLoading = kind.load !== undefined && (kind.loads?.(config) ?? true)
    if (isLoading && own === nothingLoaded) {
      column.isSound = false
      continue
    }
    column.description = answerOf(() => kind.describe(config, context, own), {
      path,
      place: subjectOf(column),
      problems,
    })
    const wrong =
      column.description === null ? [] : descriptionProblems(column.description, subject(column))
    problems.push(...wrong)
    if (wrong.length > 0) column.description = null
    if (column.description === null) {
      column.isSound = false
      continue
    }
    const { by, pure, routes, rejects } = column.description
    if (pure && routes.length > 0) problems.push(pureWithRoutes(column))
    if (rejects !== undefined && !(pure && by === 'row')) problems.push(rejectsAtCost(column))
    problems.push(...(column.description.problems ?? []))
  }
  return problems
}

function subject({ path, raw, name }: DraftColumn): { path: ConfigPath; who: string } {
  return {
    path: [...path, 'column_type'],
    who: `Column '${name}': describe() of the kind '${raw.column_type}'`,
  }
}

/** A mistake of the kind itself: what it asks a model would be paid again at every resume. */
function pureWithRoutes({ name, path, raw }: DraftColumn): Problem {
  return {
    level: 'error',
    code: 'pure-kind-with-requests',
    path: [...path, 'column_type'],
    message: `Column '${name}': the kind '${raw.column_type}' says it is pure and sends requests`,
    suggestion: 'Its describe() must return pure: false, so that replies are stored.',
  }
}

/** A mistake of the kind itself: a rejection is not kept, so it must be free to find again. */
function rejectsAtCost({ name, path, raw }: DraftColumn): Problem {
  return {
    level: 'error',
    code: 'costly-rejection',
    path: [...path, 'column_type'],
    message: `Column '${name}': the kind '${raw.column_type}' says it rejects rows and is not pure and row-wise`,
    suggestion: "Its describe() must return by: 'row' and pure: true together with rejects.",
  }
}

/** Gathers every name that may be referred to: columns first, then the sides they fill. */
export function nameColumns({ columns, names }: Draft): Problem[] {
  const problems: Problem[] = []
  for (const column of columns) {
    if (column.name !== unread && column.filter === null && !names.has(column.name))
      names.set(column.name, { column, side: null })
  }
  for (const column of columns) {
    for (const [side, { name }] of (column.description?.sides ?? []).entries()) {
      const owner = names.get(name)
      if (owner === undefined) names.set(name, { column, side })
      else problems.push(sideCollision(column, name, owner))
    }
  }
  return problems
}

function sideCollision(
  column: DraftColumn,
  name: string,
  owner: { column: DraftColumn; side: number | null },
): Problem {
  const other =
    owner.side === null ? 'that is also the name of a column' : `so does '${owner.column.name}'`
  return {
    level: 'error',
    code: 'duplicate-column',
    path: column.path,
    message: `Column '${column.name}' fills the side column '${name}', and ${other}`,
    suggestion: 'Rename one of the columns, or make only one of them fill it.',
  }
}

/** Every model alias a column may use must be configured, for what the column asks of it. */
export function checkRoutes({ input: { dataset }, columns }: Draft): Problem[] {
  const aliases = dataset.models.map(({ alias }) => alias)
  const problems: Problem[] = []
  for (const { name, path, raw, description } of columns) {
    for (const { name: alias, operation, service } of description?.routes ?? []) {
      if (service !== undefined || operation === 'call') continue
      const model = modelOf(dataset, alias)
      if (model !== undefined) {
        const { generation_type: type } = model.inference_parameters
        if (operationOf[type] === operation) continue
        problems.push({
          level: 'error',
          code: 'unsupported-generation-type',
          path: [...path, ...fieldHolding(raw, alias)],
          message: `Column '${name}' uses the model alias '${alias}' for ${purposes[operation]}, and that model makes ${purposes[operationOf[type]]}`,
          expected: `an alias with generation_type ${typeOf(operation)}`,
          received: type,
          suggestion: `Give the column the alias of a model with generation_type ${typeOf(operation)}.`,
        })
        continue
      }
      const near = nearest(alias, aliases)
      problems.push({
        level: 'error',
        code: 'unknown-model',
        path: [...path, ...fieldHolding(raw, alias)],
        message: `Column '${name}' uses the model alias '${alias}', which is not configured`,
        expected:
          aliases.length === 0 ? 'an entry in model_configs' : `one of ${aliases.join(', ')}`,
        received: alias,
        suggestion: near === undefined ? 'Add it to model_configs.' : `Did you mean '${near}'?`,
      })
    }
  }
  return problems
}

const purposes: Readonly<Record<Operation, string>> = {
  chat: 'text',
  embed: 'embeddings',
  image: 'images',
  validate: 'verdicts',
  call: 'answers of tools',
}

function typeOf(operation: Operation): string {
  const [type] = Object.entries(operationOf).find(([, does]) => does === operation) ?? ['']
  return type
}

/** A kind says which aliases it uses, not where it read them: the field that holds the word. */
function fieldHolding(raw: Record<string, unknown>, word: string): ConfigPath {
  if (raw['model_alias'] === word) return ['model_alias']
  for (const [key, value] of Object.entries(raw)) {
    if (value === word) return [key]
    if (Array.isArray(value) && value.includes(word)) return [key, value.indexOf(word)]
  }
  return []
}
