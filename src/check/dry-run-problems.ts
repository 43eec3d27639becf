import type { ConfigPath, Problem } from '../config/problem.ts'
import { capitalized } from '../config/problems.ts'
import type { ResolvedDataset } from '../config/resolve-dataset.ts'
import { columnText } from '../graph/filter-name.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import { PluginFailure, pluginProblem } from '../graph/plugin-failure.ts'
import { TemplateError } from '../templates/template-error.ts'
import { pythonFloat } from '../util/python-float.ts'
import { messageOf } from '../util/errors.ts'
import { stringifyJson } from '../util/json.ts'
import { Double, type Value } from '../util/value.ts'
import type { DryColumn, DryFailure } from './dry-run.ts'

/**
 * What a dry run found, as problems.
 *
 * Only what fails in every one of many rows, for certain, refuses the config; everything else may
 * be meant, or may come right in other rows.
 */
export function dryRunProblems(
  found: readonly DryColumn[],
  { columns }: Pick<ResolvedDataset, 'columns'>,
): Problem[] {
  return found.flatMap((column) => {
    const path = pathOf(column.column, columns)
    return [
      ...(column.broken === null
        ? []
        : [pluginProblem(column.broken, path, titleOf(column.column))]),
      ...failureProblems(column, path),
      ...conditionProblems(column, path),
      ...rejectionProblems(column, path),
    ]
  })
}

/** A plugin that could not even be asked for a generator; everything else is rethrown. */
export function bindProblem(
  error: unknown,
  graph: Graph,
  { columns }: Pick<ResolvedDataset, 'columns'>,
): Problem {
  const place = error instanceof PluginFailure ? error.place : null
  const column = graph.columns.find((each) => columnText(each) === place)
  return pluginProblem(error, column === undefined ? ['columns'] : pathOf(column, columns), '')
}

function pathOf({ name, filter }: GraphColumn, columns: ResolvedDataset['columns']): ConfigPath {
  if (filter !== null) return filter
  const index = columns.findIndex((column) => column.name === name)
  return index === -1 ? ['seed_config', 'source'] : ['columns', index]
}

function titleOf(column: GraphColumn): string {
  return capitalized(columnText(column))
}

function failureProblems(found: DryColumn, path: ConfigPath): Problem[] {
  const { column, rows, tried, failures } = found
  const [first] = failures
  if (first === undefined) return []
  const always = failures.length === tried
  if (failures.every(({ error }) => error.code === 'empty-render')) {
    return always ? [emptyProblem(found, first, path)] : []
  }
  const shown = failures.find(({ error }) => error.code !== 'empty-render') ?? first
  const drops = column.onFailure !== 'null'
  const sawEnough = tried === rows && !found.isCut
  const refuses = always && sawEnough && drops && found.isCertain && found.isComplete
  return [
    {
      level: refuses ? 'error' : 'warning',
      code: 'fails-on-sample',
      ...placeOf(shown, path),
      message: `${titleOf(column)} fails in ${share(failures.length, tried)}: ${reasonOf(shown)}`,
      ...received(shown),
      suggestion: suggestionOf(found, always),
    },
  ]
}

function suggestionOf({ column }: DryColumn, always: boolean): string {
  if (column.onFailure === 'null') return "Such rows are kept with a null, as 'on_failure' says."
  if (column.onFailure === 'stop') return "Such a row stops the run, as 'on_failure' says."
  if (always) return 'Each row in which it fails is dropped.'
  if (column.filter !== null) {
    return 'Such rows are dropped, not rejected; make the condition true or false there.'
  }
  return 'Such rows are dropped; with \'on_failure: "null"\' they are kept without this value.'
}

/** Dropping some rows this way may be meant, dropping all of them is not. */
function emptyProblem(
  { column, tried }: DryColumn,
  failure: DryFailure,
  path: ConfigPath,
): Problem {
  return {
    level: 'warning',
    code: 'empty-on-sample',
    ...placeOf(failure, path),
    message: `Column '${column.name}' fails in ${share(tried, tried)}: ${failure.error.message}`,
    ...received(failure),
    suggestion: 'A row in which it has no text is lost; print something in every case.',
  }
}

function conditionProblems(
  { column, rows, conditionErrors }: DryColumn,
  path: ConfigPath,
): Problem[] {
  const [first] = conditionErrors
  if (first === undefined || conditionErrors.length < rows) return []
  const { error } = first
  return [
    {
      level: 'warning',
      code: 'condition-fails-on-sample',
      path: [...path, 'skip', 'when'],
      ...within(error),
      message: `The skip condition of column '${column.name}' fails in ${share(rows, rows)}, which skips it: ${error instanceof TemplateError ? error.reason : messageOf(error)}`,
    },
  ]
}

/** Rejecting some rows is what a filter is for, rejecting all of them hardly. */
function rejectionProblems(found: DryColumn, path: ConfigPath): Problem[] {
  const { column, rows, rejections, isCut } = found
  const [first] = rejections
  if (first === undefined || rejections.length < rows || isCut) return []
  return [
    {
      level: 'warning',
      code: 'rejects-all-on-sample',
      path,
      message: `${titleOf(column)} rejects ${share(rows, rows)}`,
      ...received(first),
      suggestion: 'Rows in which the condition is true are kept, all others are rejected.',
    },
  ]
}

function share(failed: number, tried: number): string {
  if (failed < tried) return `${failed} of ${tried} sampled rows`
  return tried === 1 ? 'the one sampled row that needs it' : `all of ${tried} sampled rows`
}

function reasonOf({ error }: DryFailure): string {
  const { cause } = error
  if (!(cause instanceof TemplateError)) return error.message
  return cause.expression === '' ? cause.reason : `${cause.reason}, in ${cause.expression}`
}

function placeOf({ error }: DryFailure, path: ConfigPath): Pick<Problem, 'path' | 'within'> {
  return { path: [...path, ...(error.field ?? [])], ...within(error.cause) }
}

function within(error: unknown): Pick<Problem, 'within'> {
  if (!(error instanceof TemplateError) || error.line === 0) return {}
  return { within: { line: error.line, column: error.column } }
}

function received({ values, row }: Omit<DryFailure, 'error'>): Pick<Problem, 'received'> {
  if (values.length === 0) return {}
  const shown = values.slice(0, 6).map(([name, value]) => `${name} = ${shortText(value)}`)
  const more = values.length > shown.length ? ', …' : ''
  return { received: `${shown.join(', ')}${more} (row ${row})` }
}

const longestShown = 60

function shortText(value: Value): string {
  const text = value instanceof Double ? pythonFloat(value.value) : stringifyJson(value)
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text
}
