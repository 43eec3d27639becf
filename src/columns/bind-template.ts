import { CellFailure } from '../graph/failure.ts'
import type { BindContext, Row } from '../graph/kind.ts'
import { RowScope } from '../graph/row-scope.ts'
import type { Random } from '../random/random.ts'
import { parseTemplate } from '../templates/parse-template.ts'
import { TemplateError } from '../templates/template-error.ts'
import type { RenderOptions, Scope, Template } from '../templates/template.ts'
import { Double } from '../util/value.ts'

/** The stream of randomness a template of a column draws from. */
export function templateStream(column: string, field: string): string {
  return `${column}/${field}`
}

/**
 * Makes the text of a template in a row; what is wrong with it, or no text at all, fails the cell.
 *
 * Text of a column stays text even when it looks like JSON: a seed's own types were read with it.
 * `field` is the column's that holds the template; `random` feeds the filters that draw.
 */
export function bindTemplate(
  source: string,
  { field, random, context }: { field: string; random: Random; context: BindContext },
): (row: Row) => string {
  const template = parseTemplate(source)
  const what = names[field] ?? field.replaceAll('_', ' ')
  const scope = scopeOf(template, context)
  const options = { random: () => random.uniform() }

  return (row) => {
    random.at(row.index)
    const text = rendered(template, scope.at(row), options, { what, field })
    if (text.trim() !== '') return text
    throw new CellFailure(
      'empty-render',
      `the ${what} renders to an empty text, expected at least a word`,
      { field: [field] },
    )
  }
}

/**
 * Makes the number that a template of one expression is in a row, without the text of it; null where
 * it is none there, or fails: then its text tells.
 */
export function bindNumber(
  source: string,
  { random, context }: { random: Random; context: BindContext },
): (row: Row) => number | Double | null {
  const template = parseTemplate(source)
  const { value } = template
  if (value === null) return () => null
  const scope = scopeOf(template, context)
  const options = { random: () => random.uniform() }
  return (row) => {
    random.at(row.index)
    try {
      const found = value(scope.at(row), options)
      return typeof found === 'number' || found instanceof Double ? found : null
    } catch (error) {
      // Rendering it fails again, with its place.
      if (error instanceof TemplateError) return null
      throw error
    }
  }
}

function scopeOf({ references }: Template, context: BindContext): RowScope {
  const read = references.filter(({ name }) => context.refersTo(name))
  return new RowScope(new Map(read.map(({ name }) => [name, context.columnId(name)])))
}

const names: Readonly<Record<string, string>> = { expr: 'expression' }

function rendered(
  template: Template,
  scope: Scope,
  options: RenderOptions,
  { what, field }: { what: string; field: string },
): string {
  try {
    return template.render(scope, options)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const message = `the ${what} can't be rendered: ${error.message}`
    throw new CellFailure('template-error', message, { cause: error, field: [field] })
  }
}
