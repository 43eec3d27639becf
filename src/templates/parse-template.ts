import type { Value } from '../util/value.ts'
import { compileExpression } from './compile/compile-expression.ts'
import { compileBody } from './compile/compile-statement.ts'
import { filterTable } from './filters/filter-table.ts'
import {
  Output,
  type Block,
  type Evaluate,
  type Execute,
  type Frame,
  type Missing,
  type Unit,
} from './compile/frame.ts'
import { normalizeSource, positionAt } from './parse/lexer.ts'
import { withLimits } from './limits.ts'
import { parseLiteral } from './values/python-literal.ts'
import { attributeOf, itemOf } from './filters/member.ts'
import type { Expression, Statement } from './parse/nodes.ts'
import { Markup, truthy, Undefined } from './values/operand.ts'
import type { RenderContext } from './values/operation.ts'
import { parseBareExpression, parseStatements } from './parse/parser.ts'
import { findExpressionReferences, findReferences } from './parse/find-references.ts'
import type { RenderOptions, Scope, Template } from './template.ts'
import { TemplateError, TemplateSyntaxError } from './template-error.ts'
import { testTable } from './filters/test-table.ts'
import { toValue } from './values/to-value.ts'
import { assignedNames } from './parse/walk.ts'

export interface TemplateOptions {
  /**
   * What a missing value does when it is used: `names` (the default) refuses names the scope does
   * not have and leaves missing keys and items empty; `lenient` leaves both empty, as plain Jinja
   * does; `strict` refuses both.
   */
  missing?: Missing
}

/** Parses a Jinja template. Throws `TemplateSyntaxError`. */
export function parseTemplate(text: string, { missing = 'names' }: TemplateOptions = {}): Template {
  const source = normalizeSource(text)
  const body = guarded(() => parseStatements(source))
  const unit = createUnit(source, missing)
  const openRoot = createRoot(unit)
  const names = new Map([...new Set(assignedNames(body))].map((name, slot) => [name, slot]))
  const block: Block = { slots: names, parent: null, unit, escape: false }
  const run = guarded(() => compileBody(body, block))
  const single = singleExpression(body)
  const value = single && valueOf(single.expression)

  function valueOf(expression: Expression): NonNullable<Template['value']> {
    const evaluate = compileExpression(expression, block)
    return (scope, options) => evaluateOne(evaluate, expression, unit, openRoot(scope, options))
  }

  const references = guarded(() => findReferences(source, body))
  return {
    source: text,
    references,
    value,
    render: (scope, options) => renderText(run, openRoot(scope, options), options),
    evaluate(scope, options) {
      if (single === null || value === null) {
        return parseLiteral(renderText(run, openRoot(scope, options)))
      }
      const native = value(scope, options)
      return typeof native === 'string' ? parseLiteral(native + single.behind) : native
    },
  }
}

/** Parses a Jinja expression without braces, such as `age >= 18`. */
export function parseExpression(
  text: string,
  { missing = 'names' }: TemplateOptions = {},
): Template {
  const source = normalizeSource(text)
  const expression = guarded(() => parseBareExpression(source))
  const unit = createUnit(source, missing)
  const openRoot = createRoot(unit)
  const block: Block = { slots: new Map(), parent: null, unit, escape: false }
  const evaluate = guarded(() => compileExpression(expression, block))
  const value: Template['evaluate'] = (scope, options) =>
    evaluateOne(evaluate, expression, unit, openRoot(scope, options))
  const print: Execute = (frame, out) => out.print(evaluate(frame), false)
  const { start, end } = expression
  const located: Execute = (frame, out) => {
    try {
      print(frame, out)
    } catch (thrown) {
      throw unit.locate(start, end, thrown)
    }
  }
  return {
    source: text,
    references: findExpressionReferences(source, expression),
    value,
    render: (scope, options) => renderText(located, openRoot(scope, options), options),
    evaluate: value,
  }
}

/** Python's truth of a value: false, null, zero, and empty texts, lists and objects are false. */
export function isTruthy(value: Value): boolean {
  return truthy(value)
}

/** The one expression of a template that has nothing else but white space behind it. */
function singleExpression(
  body: readonly Statement[],
): { expression: Expression; behind: string } | null {
  const [first, second] = body
  if (first?.type !== 'output' || body.length > 2) return null
  if (second === undefined) return { expression: first.expression, behind: '' }
  if (second.type !== 'text' || second.text.trim() !== '') return null
  return { expression: first.expression, behind: second.text }
}

function evaluateOne(
  evaluate: Evaluate,
  { start, end }: Expression,
  unit: Unit,
  frame: Frame,
): Value {
  return withLimits(() => {
    try {
      const operand = evaluate(frame)
      return operand instanceof Markup ? operand.text : toValue(operand)
    } catch (thrown) {
      throw unit.locate(start, end, thrown)
    }
  })
}

function renderText(run: Execute, frame: Frame, options?: RenderOptions): string {
  return withLimits(() => {
    const out = new Output(options?.print)
    run(frame, out)
    return out.text
  })
}

/**
 * Opens the outermost frame of a render. What operations get is made once and not for every render:
 * it only depends on where random numbers come from.
 */
type OpenRoot = (scope: Scope, options?: RenderOptions) => Frame

function createRoot(unit: Unit): OpenRoot {
  let random: (() => number) | null = null
  let plain = createContext(unit, random, false)
  let escaping = createContext(unit, random, true)
  return (scope, options) => {
    const given = options?.random ?? null
    if (given !== random) {
      random = given
      plain = createContext(unit, random, false)
      escaping = createContext(unit, random, true)
    }
    return { slots: [], parent: null, render: { scope, plain, escaping } }
  }
}

function createContext(
  { missing }: Unit,
  random: (() => number) | null,
  escape: boolean,
): RenderContext {
  const context: RenderContext = {
    random,
    escape,
    missing: (message) => new Undefined(message, missing === 'strict'),
    attribute: (object, name) => attributeOf(object, name, context),
    item: (object, key) => itemOf(object, key, context),
    filter(name, operand, given) {
      const operation = filterTable.get(name)
      if (operation === undefined) throw new TemplateError(`there is no filter "${name}"`)
      return operation(operand, given, context)
    },
    test(name, operand, given) {
      const operation = testTable.get(name)
      if (operation === undefined) throw new TemplateError(`there is no test "${name}"`)
      return truthy(operation(operand, given, context))
    },
  }
  return context
}

function createUnit(source: string, missing: Missing): Unit {
  return {
    source,
    missing,
    locate(start, end, thrown) {
      if (!(thrown instanceof TemplateError) || thrown.line !== 0) return thrown
      const text = excerpt(source.slice(start, end).trim())
      const expression = text.length > 80 ? `${text.slice(0, 79)}…` : text
      const { reason, asked } = thrown
      const place = positionAt(source, asked?.offset ?? start)
      return new TemplateError(reason, { ...place, expression, asked })
    },
  }
}

/** An expression without its braces, a statement with both of them. */
function excerpt(code: string): string {
  if (code.startsWith('{%')) return code.endsWith('%}') ? code : `${code} %}`
  return code.replace(/^\{\{[-+]?\s*/, '')
}

/** Depth of what is parsed is limited; this is for shapes that still exhaust the stack. */
function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof RangeError)
      throw new TemplateSyntaxError('the template nests too deeply', 1, 1)
    if (thrown instanceof TemplateError)
      throw new TemplateSyntaxError(thrown.reason, thrown.line || 1, thrown.column || 1)
    throw thrown
  }
}
