import type { Problem } from '../config/problem.ts'
import type { Environment } from '../models/provider.ts'
import { createRandom } from '../random/random.ts'
import { isTruthy } from '../templates/parse-template.ts'
import { toText } from '../templates/values/python-text.ts'
import { TemplateError } from '../templates/template-error.ts'
import { RowsmithError } from '../util/errors.ts'
import { stringifyJson } from '../util/json.ts'
import { meantName } from '../graph/writable-name.ts'
import { hasErrors } from '../check/config-error.ts'
import { requestParts } from './request-parts.ts'
import { type DataRow, readRows } from './render-rows.ts'
import { sampleRow } from './sample-row.ts'
import { toolDefinitions } from './tool-definitions.ts'
import {
  type ColumnOfConfig,
  type ReadParts,
  readParts,
  type RenderSource,
  type TemplatePart,
} from './template-parts.ts'

export type { RenderSource } from './template-parts.ts'

/** The templates to render, and the rows to use. */
export type RenderOptions = RenderSource & {
  /**
   * Rows as JSON: one object, a list of objects, or an object on each line; the path of a file or
   * `{ text }`. Without it a column gets the row that a run of its config would make.
   */
  data?: string | { text: string; file?: string }
  /** Only this row, from 0; without it all rows of the data, or row 0 of the config. */
  row?: number
  /** The run seed; the config's own or 0 by default. */
  seed?: bigint
  environment?: Environment
  signal?: AbortSignal
}

/** The result of rendering templates. */
export interface Rendering {
  /** Whether every row could be rendered. */
  ok: boolean
  seed: bigint
  /** Rows that could be rendered. */
  rows: readonly RenderedRow[]
  problems: readonly Problem[]
}

/** The rendered templates of one row. */
export interface RenderedRow {
  row: number
  parts: readonly RenderedPart[]
}

/** One rendered template of a column. */
export interface RenderedPart {
  /**
   * `template`, or the column's field: `prompt`, `system_prompt`, `expr`, `skip.when`; `instructions` for
   * what is said behind the prompt, such as the schema of the answer; `tools` for those the model may call,
   * one as JSON in each line. Of a column
   * that asks a model without templates: `system`, `user`, `input` or `prompt` of its first request.
   */
  field: string
  text: string
  /** Of a skip condition: whether it skips the row. */
  skips?: boolean
  /** Of a filter: whether it keeps the row. */
  keeps?: boolean
}

/** A variable a template reads, at the first place it is read. */
export interface TemplateVariable {
  name: string
  field: string
  file: string
  /** 1-based, in the file. */
  line: number
  column: number
}

/** The variables of templates, with the templates' problems. */
export interface VariableList {
  variables: readonly TemplateVariable[]
  problems: readonly Problem[]
}

/** Renders a template, or the templates of a column. */
export async function render(options: RenderOptions): Promise<Rendering> {
  const { data, row: only, signal = new AbortController().signal } = options
  const read = await readParts(options)
  const { parts, column, noTemplates } = read
  const offered = await offeredTools(options, column, signal)
  const problems = [...read.problems, ...offered.problems]
  const behind = [...instructionParts(read), ...offered.parts]
  const seed = options.seed ?? column?.dataset.seed ?? 0n
  if (hasErrors(problems)) return { ok: false, seed, rows: [], problems }
  if (noTemplates !== undefined && data !== undefined) throw noTemplates
  if (data !== undefined)
    return renderRows(parts, numbered(await readRows(data), only), { seed, behind })
  if (column === null) return renderRows(parts, [[only ?? 0, new Map()]], { seed, behind })

  const row = only ?? 0
  const sampled = await sampleRow(column, { row, seed, signal })
  const lacking = [
    ...sampled.problems,
    ...parts.flatMap((part) => lackingIn(part, sampled.unmade, sampled.values)),
  ]
  if (lacking.length > 0) return { ok: false, seed, rows: [], problems: lacking }
  if (noTemplates !== undefined) {
    const { request, unmade } = sampled
    if (request === null && unmade.size > 0) {
      return { ok: false, seed, rows: [], problems: unmadeProblems(column.name, unmade) }
    }
    if (request === null) throw noTemplates
    return { ok: true, seed, rows: [{ row, parts: requestParts(request) }], problems: [] }
  }
  return renderRows(parts, [[row, sampled.values]], { seed, behind })
}

function instructionParts({ instructions = null }: ReadParts): RenderedPart[] {
  return instructions === null ? [] : [{ field: 'instructions', text: instructions }]
}

async function offeredTools(
  options: RenderOptions,
  column: ColumnOfConfig | null,
  signal: AbortSignal,
): Promise<{ parts: RenderedPart[]; problems: readonly Problem[] }> {
  if (column === null || !('config' in options) || options.tools !== true) {
    return { parts: [], problems: [] }
  }
  const { environment = process.env } = options
  const { text, problems } = await toolDefinitions(column, { environment, signal })
  return { parts: text === null ? [] : [{ field: 'tools', text }], problems }
}

function unmadeProblems(name: string, unmade: ReadonlyMap<string, string>): Problem[] {
  return [...unmade].map(([read, why]) => ({
    level: 'error',
    code: 'column-not-sampled',
    path: [],
    message: `The request of '${name}' reads '${read}', ${why}`,
  }))
}

/** Lists the variables that templates read, and the problems of the templates. */
export async function listVariables(source: RenderSource): Promise<VariableList> {
  const { parts, column, problems, noTemplates } = await readParts(source)
  if (noTemplates !== undefined) throw noTemplates
  const names = new Set(column?.dataset.columns.map(({ name }) => name))
  const variables = parts.flatMap(({ field, template, locate }) =>
    template.references
      .filter(({ name, optional }) => !optional || names.has(name))
      .map(({ name, line, column: at }): TemplateVariable => {
        const { file = '', position } = locate(nowhere, { line, column: at })
        return { name, field, file, line: position?.line ?? line, column: position?.column ?? at }
      }),
  )
  return { variables, problems }
}

/** Carries a place of a template into its file. */
const nowhere: Problem = { level: 'warning', code: 'variable', path: [], message: '' }

function numbered(rows: readonly DataRow[], only: number | undefined): [number, DataRow][] {
  if (only === undefined) return rows.map((row, index) => [index, row])
  const row = rows[only]
  if (row !== undefined) return [[only, row]]
  throw new RowsmithError('usage', `there is no row ${only} in the data`, {
    hints: [rows.length === 1 ? 'It has row 0 alone.' : `It has rows 0 to ${rows.length - 1}.`],
  })
}

function renderRows(
  parts: readonly TemplatePart[],
  rows: readonly (readonly [number, DataRow])[],
  { seed, behind }: { seed: bigint; behind: readonly RenderedPart[] },
): Rendering {
  const rendered: RenderedRow[] = []
  const complaints = createComplaints(rows.length)
  const bound = parts.map((part) => ({ part, random: randomOf(part, seed) }))
  for (const [row, values] of rows) {
    const done = bound.map(({ part, random }) => {
      try {
        return renderPart(part, values, random(row))
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error
        complaints.add(row, part, failure(error, values), error)
        return null
      }
    })
    done.forEach((one, index) => {
      const part = parts[index]
      if (part?.needsText && one?.text.trim() === '') complaints.add(row, part, emptyText)
    })
    const whole = done.filter((part) => part !== null)
    if (whole.length === done.length) rendered.push({ row, parts: [...whole, ...behind] })
  }
  const problems = complaints.all()
  return { ok: !hasErrors(problems), seed, rows: rendered, problems }
}

type Draw = (() => number) | null

function randomOf({ stream }: TemplatePart, seed: bigint): (row: number) => Draw {
  if (stream === null) return () => null
  const random = createRandom(seed, stream)
  return (row) => {
    random.at(row)
    return () => random.uniform()
  }
}

function renderPart(
  { field, template, decides }: TemplatePart,
  values: DataRow,
  random: Draw,
): RenderedPart {
  const options = random === null ? {} : { random }
  if (decides === null) return { field, text: template.render(values, options) }
  const value = template.evaluate(values, options)
  return { field, text: toText(value), [decides]: isTruthy(value) }
}

const emptyText: Problem = {
  level: 'warning',
  code: 'empty-render',
  path: [],
  message: 'This renders to an empty text, which fails the cell in a run',
}

function failure(error: TemplateError, values: DataRow): Problem {
  const { reason, expression, asked } = error
  const where = expression === '' ? '' : `, in ${JSON.stringify(expression)}`
  return {
    level: 'error',
    code: 'template-error',
    path: [],
    message: `${reason}${where}`,
    ...(asked?.name ? { suggestion: suggest(asked.name, [...values.keys()]) } : {}),
  }
}

function suggest(name: string, names: readonly string[]): string {
  const meant = meantName(name, names)
  if (meant !== undefined) return meant
  if (names.length === 0) return 'There is no data: give a row that has it.'
  const shown = names.slice(0, 20).join(', ')
  return `The row has ${shown}${names.length > 20 ? `, and ${names.length - 20} more` : ''}.`
}

interface Complaints {
  add(row: number, part: TemplatePart, problem: Problem, error?: TemplateError): void
  all(): Problem[]
}

/** Problems of rows: the same one of many rows is one. */
function createComplaints(rowCount: number): Complaints {
  const found = new Map<string, { problem: Problem; rows: number; first: number }>()
  return {
    add(row, part, problem, error) {
      const within = { line: error?.line || 1, column: error?.column || 1 }
      const key = JSON.stringify([part.field, within, problem.message])
      const known = found.get(key)
      if (known === undefined) {
        found.set(key, { problem: part.locate(problem, within), rows: 1, first: row })
      } else known.rows += 1
    },
    all: () =>
      [...found.values()].map(({ problem, rows, first }) => {
        if (rowCount === 1) return problem
        const which = rows === 1 ? `row ${first}` : `${rows} rows, the first is row ${first}`
        return { ...problem, message: `${problem.message} (${which})` }
      }),
  }
}

/** What a template reads that only a run makes. */
function lackingIn(
  { field, template, locate }: TemplatePart,
  unmade: ReadonlyMap<string, string>,
  values: DataRow,
): Problem[] {
  return template.references.flatMap(({ name, line, column }) => {
    const why = unmade.get(name)
    if (why === undefined) return []
    const problem: Problem = {
      level: 'error',
      code: 'column-not-sampled',
      path: [],
      message: `The ${field} reads '${name}', ${why}`,
      suggestion: `Add it to the data; the available values are ${stringifyJson(values, { spaced: true })}`,
    }
    return [locate(problem, { line, column })]
  })
}
