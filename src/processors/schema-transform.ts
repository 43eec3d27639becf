import { z } from 'zod'
import type { Literal } from '../config/dataset.ts'
import { entriesOf, isList, isMapping, type Mapping, valueOf } from '../config/literal.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { mapping, oneOf, text } from '../config/scalars.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type { ProcessorContext, RecordColumn } from '../graph/processor-kind.ts'
import { canNameFolder } from '../graph/folder-name.ts'
import { readTemplate } from '../graph/read-template.ts'
import { meantName } from '../graph/writable-name.ts'
import { parseTemplate } from '../templates/parse-template.ts'
import { TemplateError } from '../templates/template-error.ts'
import type { Scope } from '../templates/template.ts'
import { stringifyJson } from '../util/json.ts'
import { pythonFloat } from '../util/python-float.ts'
import { type Cell, Double, type Value } from '../util/value.ts'
import { defineProcessor } from './define.ts'

/** Makes a dataset of another shape next to the dataset: a template for each of its columns. */
export const schemaTransform = defineProcessor({
  by: 'records',
  type: 'schema_transform',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true })
        .refine(canNameFolder, 'a name that a folder can have')
        .describe('The name of the dataset it makes.'),
      processor_type: oneOf(['schema_transform']),
      template: mapping().describe('New columns by name: texts are templates, at any depth.'),
    })
    .describe('Makes a second dataset of another shape.'),
  beside: true,
  output({ template }, columns, context) {
    const read = new Set<string>()
    const problems = entriesOf(template).flatMap(([name, value]) => [
      ...(/\{[{%]/.test(name) ? [templatedName(name, context)] : []),
      ...leafProblems(value, [...context.path, 'template', name], { columns, context, read }),
    ])
    return {
      columns: entriesOf(template).map(([name, value]) => ({ name, type: typeOf(value) })),
      reads: [...read],
      problems,
    }
  },
  async *run({ template }, records, { columns, warn }) {
    const at = { record: 0, columns: [] as readonly (readonly Cell[])[] }
    const positions = new Map(columns.map(({ name }, position) => [name, position]))
    const scope: Scope = {
      get(name) {
        const position = positions.get(name)
        if (position === undefined) return undefined
        const cell = at.columns[position]?.[at.record] ?? null
        return cell instanceof Float32Array ? [...cell] : cell
      },
    }
    const makers = entriesOf(template).map(([name, value]) => {
      const make = makerOf(value)
      return (row: number): Value => {
        try {
          return make(scope)
        } catch (error) {
          if (!(error instanceof TemplateError)) throw error
          warn(
            `'${name}' is null where its template can't be rendered: ${error.message} (row ${row})`,
          )
          return null
        }
      }
    })
    for await (const { rows, columns: cells } of records) {
      at.columns = cells
      const made = makers.map((): Value[] => [])
      for (const [record, row] of rows.entries()) {
        at.record = record
        for (const [position, make] of makers.entries()) made[position]?.push(make(row))
      }
      yield { rows, columns: made }
    }
  },
})

/** The file has one set of columns. */
function templatedName(name: string, { path }: ProcessorContext): Problem {
  return {
    level: 'error',
    code: 'templated-name',
    path: [...path, 'template', name],
    message: `The new column '${name}' has a template in its name, and columns are the same in every record`,
    suggestion: 'Give it a fixed name; keys inside it may be templates.',
  }
}

function typeOf(value: Literal): ColumnType {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number' || typeof value === 'bigint') return 'int64'
  if (value instanceof Double) return 'float64'
  return isList(value) || isMapping(value) ? 'json' : 'string'
}

interface Looking {
  columns: readonly RecordColumn[]
  context: ProcessorContext
  read: Set<string>
}

function leafProblems(value: Literal, path: ConfigPath, looking: Looking): Problem[] {
  if (typeof value === 'string') return textProblems(value, path, looking)
  if (isList(value)) {
    return value.flatMap((item, index) => leafProblems(item, [...path, index], looking))
  }
  if (!isMapping(value)) return []
  return entriesOf(value).flatMap(([key, item]) => [
    ...textProblems(key, path, looking),
    ...leafProblems(item, [...path, key], looking),
  ])
}

function textProblems(
  source: string,
  path: ConfigPath,
  { columns, context, read }: Looking,
): Problem[] {
  const names = columns.map(({ name }) => name)
  const field = readTemplate(source, path, (name) => names.includes(name))
  const problems = [...field.problems]
  for (const { name, within } of field.references) {
    read.add(name)
    if (names.includes(name) || context.isUncertain(name)) continue
    const before = context.leftOut.get(name)
    const meant = before === undefined ? meantName(name, names) : `Put it before '${before}'.`
    problems.push({
      level: 'error',
      code: 'unknown-reference',
      path,
      message:
        before === undefined
          ? `The template refers to '${name}', which is not a column`
          : `The template refers to '${name}', which the processor '${before}' removed`,
      received: name,
      ...(meant === undefined ? {} : { suggestion: meant }),
      ...(within === undefined ? {} : { within }),
    })
  }
  return problems
}

type Maker = (scope: Scope) => Value

/** Texts are rendered; all else stays what it is. */
function makerOf(value: Literal): Maker {
  if (typeof value === 'string') return textMaker(value)
  if (isList(value)) {
    const items = value.map(makerOf)
    return (scope) => items.map((make) => make(scope))
  }
  if (isMapping(value)) return mappingMaker(value)
  const constant = valueOf(value)
  return () => constant
}

function mappingMaker(value: Mapping): Maker {
  const entries = entriesOf(value).map(([key, item]) => [textMaker(key), makerOf(item)] as const)
  return (scope) => new Map(entries.map(([key, make]) => [key(scope), make(scope)]))
}

function textMaker(source: string): (scope: Scope) => string {
  if (!/\{[{%#]/.test(source)) return () => source
  const template = parseTemplate(source)
  return (scope) => template.render(scope, { print: jsonText })
}

/** As NeMo Data Designer prints a value inside of a text: numbers as they are, lists and objects as JSON. */
function jsonText(value: Value): string {
  if (value instanceof Double) return pythonFloat(value.value)
  return typeof value === 'number' && !Number.isFinite(value)
    ? pythonFloat(value)
    : stringifyJson(value, { spaced: true })
}
