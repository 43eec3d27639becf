import { calculate, toNumeric } from './arithmetic.ts'
import { limits, spend } from '../limits.ts'
import {
  failUndefined,
  textOf,
  truthy,
  typeName,
  Undefined,
  type Arguments,
  type Operand,
} from './operand.ts'
import { toText } from './python-text.ts'
import { TemplateError } from '../template-error.ts'

/** What a filter, test or method may use of the render it runs in. */
export interface RenderContext {
  /** Uniform in [0, 1); null where the caller gave no randomness. */
  readonly random: (() => number) | null
  /** Whether the code stands in `{% autoescape true %}`. */
  readonly escape: boolean
  /** An empty result, such as the first item of nothing. */
  missing(message: string): Undefined
  /** `object.name` and `object[key]`; undefined where there is no such thing. */
  attribute(object: Operand, name: string): Operand | undefined
  item(object: Operand, key: Operand): Operand | undefined
  filter(name: string, operand: Operand, given: Arguments): Operand
  test(name: string, operand: Operand, given: Arguments): boolean
}

/** A filter, test, method or global: what it works on, what it is given. */
export type Operation = (operand: Operand, given: Arguments, context: RenderContext) => Operand

export type Bound = readonly (Operand | undefined)[]

export type Definition =
  | {
      /** Names in order; those that may be omitted end in `?`. */
      readonly parameters?: readonly string[]
      readonly apply: (operand: Operand, given: Bound, context: RenderContext) => Operand
    }
  | { readonly variadic: Operation }

export const noArguments: Arguments = { positional: [], named: new Map() }

/** A table of operations by name, out of what each takes and does. */
export function defineOperations(
  definitions: Readonly<Record<string, Definition>>,
): ReadonlyMap<string, Operation> {
  const table = new Map<string, Operation>()
  for (const [name, definition] of Object.entries(definitions)) {
    table.set(name, paid('variadic' in definition ? definition.variadic : bound(name, definition)))
  }
  return table
}

/** An operation on text walks it at least once, most of them character by character. */
function paid(operation: Operation): Operation {
  return (operand, given, context) => {
    const text = textOf(operand)
    if (text !== undefined && text.length > 31) spend(text.length >>> 5)
    return operation(operand, given, context)
  }
}

function bound(
  name: string,
  { parameters = [], apply }: Extract<Definition, { apply: unknown }>,
): Operation {
  const names = parameters.map((parameter) => parameter.replace('?', ''))
  const required = parameters.filter((parameter) => !parameter.endsWith('?')).length
  return (operand, given, context) => {
    const values = given.named.size === 0 ? given.positional : mergeNamed(name, names, given)
    if (values.length > names.length) {
      throw new TemplateError(
        `"${name}" takes at most ${names.length} arguments, not ${values.length}`,
      )
    }
    for (let index = 0; index < required; index++) {
      if (values[index] === undefined) {
        throw new TemplateError(`"${name}" needs the argument "${names[index]}"`)
      }
    }
    return apply(operand, values, context)
  }
}

function mergeNamed(name: string, names: readonly string[], given: Arguments): Bound {
  const values: (Operand | undefined)[] = [...given.positional]
  for (const [key, value] of given.named) {
    const index = names.indexOf(key)
    if (index === -1) {
      const known = names.length === 0 ? 'none' : names.join(', ')
      throw new TemplateError(`"${name}" has no argument "${key}"; it takes ${known}`)
    }
    if (values[index] !== undefined) throw new TemplateError(`"${name}" got "${key}" twice`)
    values[index] = value
  }
  return values
}

/** An argument that must be an integer. */
export function integerArgument(
  given: Operand | undefined,
  fallback: number,
  name: string,
): number {
  if (given === undefined) return fallback
  const numeric = toNumeric(given)
  if (numeric === undefined || numeric.float) {
    if (given instanceof Undefined) failUndefined(given)
    throw new TemplateError(`"${name}" must be an integer, not ${typeName(given)}`)
  }
  return Number(numeric.value)
}

/** An argument that must be text. */
export function textArgument(given: Operand | undefined, fallback: string, name: string): string {
  if (given === undefined) return fallback
  const text = textOf(given)
  if (text === undefined) {
    if (given instanceof Undefined) failUndefined(given)
    throw new TemplateError(`"${name}" must be text, not ${typeName(given)}`)
  }
  return text
}

export function flagArgument(given: Operand | undefined, fallback: boolean): boolean {
  return given === undefined ? fallback : truthy(given)
}

/** The text of what a text filter stands behind; numbers and the like are printed first. */
export function printedText(operand: Operand): string {
  return textOf(operand) ?? toText(operand)
}

/** Ten to a power, as an operand. */
export function powerOfTen(exponent: number): Operand {
  if (Math.abs(exponent) > limits.bits) throw new TemplateError('a precision is too large')
  return calculate('**', 10, exponent) ?? 1
}
