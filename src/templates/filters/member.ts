import { toNumeric } from '../values/arithmetic.ts'
import { dictMethods, floatMethods, integerMethods, sequenceMethods } from './collection-methods.ts'
import { spend, spendItems } from '../limits.ts'
import { iterate } from '../values/iterate.ts'
import { memberOfJson } from '../values/json-text.ts'
import {
  Callable,
  Facade,
  failUndefined,
  isDict,
  isList,
  charactersOf,
  isNarrow,
  Markup,
  orElse,
  Range,
  textOf,
  Tuple,
  typeName,
  Undefined,
  View,
  type Operand,
} from '../values/operand.ts'
import type { Operation, RenderContext } from '../values/operation.ts'
import { stringMethods } from './string-methods.ts'
import { markupMethod } from './markup-methods.ts'
import { TemplateError } from '../template-error.ts'

/** What `key: key:` in brackets stands for. */
export class Slice {
  readonly from: number | null
  readonly to: number | null
  readonly step: number

  constructor(from: number | null, to: number | null, step: number) {
    this.from = from
    this.to = to
    this.step = step
  }
}

/** `object.name`: a method comes before a key, as in Python. */
export function attributeOf(
  object: Operand,
  name: string,
  context: RenderContext,
): Operand | undefined {
  if (object instanceof Undefined) failUndefined(object)
  if (isDict(object)) return methodOf(object, name, context) ?? object.get(name)
  if (object instanceof Facade) return object.attribute(name)
  if (object instanceof Tuple) {
    const index = object.names.indexOf(name)
    if (index !== -1) return object.items[index]
  }
  const method = methodOf(object, name, context)
  // A text has no such member: one that is a JSON object is read through.
  return method === undefined && typeof object === 'string' ? memberOfJson(object, name) : method
}

/** `object[key]`: a key comes before a method. */
export function itemOf(object: Operand, key: Operand, context: RenderContext): Operand | undefined {
  if (object instanceof Undefined) failUndefined(object)
  if (key instanceof Undefined && key.strict) failUndefined(key)
  const name = textOf(key)
  if (isDict(object)) {
    const value = isList(key) || isDict(key) ? undefined : object.get(name ?? key)
    if (value !== undefined || name === undefined) return value
    return methodOf(object, name, context)
  }
  if (name !== undefined) return attributeOf(object, name, context)
  const numeric = toNumeric(key)
  if (numeric === undefined || numeric.float) return undefined
  return elementAt(object, Number(numeric.value))
}

/** `object[from:to:step]`. */
export function sliceOf(object: Operand, slice: Slice): Operand {
  if (object instanceof Undefined) failUndefined(object)
  if (slice.step === 0) throw new TemplateError('the step of a slice cannot be 0')
  const text = textOf(object)
  if (text !== undefined) {
    const sliced = sliceText(text, slice)
    return object instanceof Markup ? new Markup(sliced) : sliced
  }
  if (isList(object)) return sliceItems(object, slice)
  if (object instanceof Tuple) return new Tuple(sliceItems(object.items, slice))
  if (object instanceof Range) {
    const { start, step, length } = object
    const { first, count } = resolve(slice, length)
    const from = start + first * step
    return new Range(from, from + count * step * slice.step, step * slice.step)
  }
  throw new TemplateError(`a slice needs a text or a list, not ${typeName(object)}`)
}

function sliceText(text: string, slice: Slice): string {
  if (isNarrow(text) && slice.step === 1) {
    const { first, count } = resolve(slice, text.length)
    return text.slice(first, first + count)
  }
  return sliceItems(charactersOf(text), slice).join('')
}

function sliceItems<T>(items: readonly T[], slice: Slice): T[] {
  const { first, count } = resolve(slice, items.length)
  spendItems(count)
  if (slice.step === 1) return items.slice(first, first + count)
  const picked: T[] = []
  for (let index = 0; index < count; index++) {
    const item = items[first + index * slice.step]
    if (item !== undefined) picked.push(item)
  }
  return picked
}

/** The first index and how many follow, by Python's rules for absent and negative bounds. */
function resolve({ from, to, step }: Slice, length: number): { first: number; count: number } {
  const lowest = step < 0 ? -1 : 0
  const highest = step < 0 ? length - 1 : length
  const clamp = (index: number): number =>
    Math.min(highest, Math.max(lowest, index < 0 ? index + length : index))
  const first = from === null ? (step < 0 ? highest : lowest) : clamp(from)
  const last = to === null ? (step < 0 ? lowest : highest) : clamp(to)
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) }
}

function elementAt(object: Operand, index: number): Operand | undefined {
  const text = textOf(object)
  if (text !== undefined) {
    const at = isNarrow(text) ? null : charactersOf(text)
    const length = at?.length ?? text.length
    const position = index < 0 ? index + length : index
    if (position < 0 || position >= length) return undefined
    const character = at === null ? text.charAt(position) : (at[position] ?? '')
    return object instanceof Markup ? new Markup(character) : character
  }
  if (object instanceof Range) {
    const position = index < 0 ? index + object.length : index
    if (position < 0 || position >= object.length) return undefined
    return object.start + position * object.step
  }
  const items = isList(object) ? object : object instanceof Tuple ? object.items : null
  return items === null ? undefined : items[index < 0 ? index + items.length : index]
}

function methodOf(object: Operand, name: string, context: RenderContext): Callable | undefined {
  if (typeof object === 'string') return bindMethod(stringMethods.get(name), name, object, context)
  if (object instanceof Markup) {
    return bindMethod(markupMethod(stringMethods.get(name)), name, object, context)
  }
  const numeric = toNumeric(object)
  if (numeric !== undefined) {
    const table = numeric.float ? floatMethods : integerMethods
    return bindMethod(table.get(name), name, object, context)
  }
  if (isDict(object)) return bindMethod(dictMethods.get(name), name, object, context)
  if (isList(object) || object instanceof Tuple || object instanceof Range) {
    return bindMethod(sequenceMethods.get(name), name, object, context)
  }
  return undefined
}

function bindMethod(
  operation: Operation | undefined,
  name: string,
  object: Operand,
  context: RenderContext,
): Callable | undefined {
  return operation && new Callable(name, (given) => operation(object, given, context))
}

/** The value at a dotted path such as `a.0.b`, as filters take it in `attribute=`. */
export function attributePath(
  path: Operand,
  fallback?: Operand,
): (item: Operand, context: RenderContext) => Operand {
  const parts = pathParts(path)
  return (item, context) => {
    let value = item
    for (const part of parts) {
      const object = value
      value = orElse(itemOf(object, part, context), () =>
        orElse(fallback, () =>
          context.missing(`${typeName(object)} has no "${describePart(part)}"`),
        ),
      )
    }
    return value
  }
}

function pathParts(path: Operand): readonly Operand[] {
  const text = textOf(path)
  if (text === undefined) return path === null ? [] : [path]
  return text.split('.').map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : part))
}

/** Reads `**object` and what else must be an object with text keys. */
export function namedEntries(object: Operand, what: string): [string, Operand][] {
  if (object instanceof Undefined) failUndefined(object)
  if (isDict(object)) {
    spend(object.size)
    return [...object].map(([key, value]) => {
      const name = textOf(key)
      if (name === undefined) throw new TemplateError(`${what} needs keys that are text`)
      return [name, value]
    })
  }
  throw new TemplateError(`${what} needs an object, not ${typeName(object)}`)
}

/** Pairs of a list of pairs. */
export function pairsOf(operand: Operand): [Operand, Operand][] {
  if (isDict(operand)) {
    spend(operand.size)
    return [...operand]
  }
  return Array.from(operand instanceof View ? operand : iterate(operand), (pair) => {
    const items = [...iterate(pair)]
    const [key, value] = items
    if (items.length !== 2 || key === undefined || value === undefined) {
      throw new TemplateError(`expected pairs, found ${items.length} items`)
    }
    return [key, value]
  })
}

function describePart(part: Operand): string {
  return textOf(part) ?? (typeof part === 'number' ? `item ${part}` : 'such item')
}
