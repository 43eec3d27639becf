import { Double } from '../../util/value.ts'
import { descend, spend, spendText } from '../limits.ts'
import { TemplateError, type Asked } from '../template-error.ts'

/**
 * What an expression yields: a `Value`, or one of the things only templates know.
 *
 * Nothing here is a host object with members of its own: members are looked up in explicit tables.
 */
export type Operand =
  | null
  | boolean
  | number
  | bigint
  | string
  | Double
  | readonly Operand[]
  | ReadonlyMap<Operand, Operand>
  | Tuple
  | Markup
  | Undefined
  | Range
  | View
  | Lazy
  | Callable
  | Facade

/** Arguments of a call, as written. */
export interface Arguments {
  readonly positional: readonly Operand[]
  readonly named: ReadonlyMap<string, Operand>
}

/** A missing name, key or item: an error where it is strict, empty and false otherwise. */
export class Undefined {
  readonly message: string
  readonly strict: boolean
  /** What the template asked for, where it is a part of its text. */
  readonly asked: Asked | null

  constructor(message: string, strict: boolean, asked: Asked | null = null) {
    this.message = message
    this.strict = strict
    this.asked = asked
  }
}

/** What every use of a missing value ends in. */
export function failUndefined({ message, asked }: Undefined): never {
  throw new TemplateError(message, asked === null ? {} : { asked })
}

export class Tuple {
  readonly items: readonly Operand[]
  /** Names of the items, for what `groupby` yields. */
  readonly names: readonly string[]

  constructor(items: readonly Operand[], names: readonly string[] = []) {
    this.items = items
    this.names = names
  }
}

/** Text that is already HTML; it is not escaped again. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export class Range {
  readonly start: number
  readonly stop: number
  readonly step: number
  readonly length: number

  constructor(start: number, stop: number, step: number) {
    this.start = start
    this.stop = stop
    this.step = step
    this.length = Math.max(0, Math.ceil((stop - start) / step))
  }
}

/** What `items()`, `keys()` and `values()` of an object yield. */
export class View {
  readonly part: 'items' | 'keys' | 'values'
  readonly map: ReadonlyMap<Operand, Operand>

  constructor(part: 'items' | 'keys' | 'values', map: ReadonlyMap<Operand, Operand>) {
    this.part = part
    this.map = map
  }

  *[Symbol.iterator](): IterableIterator<Operand> {
    for (const [key, value] of this.map) {
      if (this.part === 'items') yield new Tuple([key, value])
      else yield this.part === 'keys' ? key : value
    }
  }
}

/** What `map`, `select` and their like yield: each item is made when it is asked for, once. */
export class Lazy {
  readonly iterator: IterableIterator<Operand>
  /** The filter that made it. */
  readonly source: string

  constructor(source: string, iterator: IterableIterator<Operand>) {
    this.source = source
    this.iterator = iterator
  }
}

/** A method or a global function. */
export class Callable {
  readonly name: string
  readonly call: (given: Arguments) => Operand

  constructor(name: string, call: (given: Arguments) => Operand) {
    this.name = name
    this.call = call
  }
}

interface FacadeOptions {
  attribute?: (name: string) => Operand | undefined
  call?: (given: Arguments) => Operand
  length?: () => number
}

/** A thing with members, reached through one function: a loop, a macro, a namespace, a cycler. */
export class Facade {
  readonly type: string
  readonly text: () => string
  readonly attribute: (name: string) => Operand | undefined
  readonly call: ((given: Arguments) => Operand) | null
  readonly length: (() => number) | null
  /** Members that `{% set ns.name = … %}` may change; only a namespace has them. */
  readonly members: Map<string, Operand> | null

  constructor(
    type: string,
    text: () => string,
    { attribute, call, length }: FacadeOptions = {},
    members: Map<string, Operand> | null = null,
  ) {
    this.type = type
    this.text = text
    this.attribute = attribute ?? ((name) => members?.get(name))
    this.call = call ?? null
    this.length = length ?? null
    this.members = members
  }
}

/** The object of a dict literal: keys are compared as Python does (1, 1.0 and True are one key). */
export class Dict extends Map<Operand, Operand> {
  // Not a private field: Map's constructor may call `set` before fields of a subclass exist.
  readonly keysByHash = new Map<unknown, Operand>()

  override get(key: Operand): Operand | undefined {
    const own = this.keysByHash.get(hashKey(key))
    return own === undefined ? undefined : super.get(own)
  }

  override has(key: Operand): boolean {
    return this.keysByHash.has(hashKey(key))
  }

  override set(key: Operand, value: Operand): this {
    const hash = hashKey(key)
    const own = this.keysByHash.get(hash)
    if (own === undefined) this.keysByHash.set(hash, key)
    return super.set(own === undefined ? key : own, value)
  }
}

/** Undefined values are equal to one another. */
const undefinedKey = Symbol('undefined')

/** What makes two keys the same key; throws for what cannot be a key. */
export function hashKey(key: Operand, depth = 0): unknown {
  if (typeof key === 'string') {
    spendText(key.length)
    return key
  }
  if (key instanceof Markup) return key.text
  if (typeof key === 'boolean') return key ? 1 : 0
  if (key instanceof Double) return key.value + 0
  // No text starts so by accident, and a collision only merges two keys.
  if (key instanceof Tuple) {
    descend(depth)
    const hash = `\0tuple ${JSON.stringify(key.items.map((item) => describeHash(item, depth + 1)))}`
    spendText(hash.length)
    return hash
  }
  if (key instanceof Undefined) return key.strict ? failUndefined(key) : undefinedKey
  if (Array.isArray(key) || isDict(key)) {
    throw new TemplateError(`a ${typeName(key)} cannot be a key`)
  }
  return key
}

// Strings and numbers stay apart, and no text can imitate a tuple.
function describeHash(item: Operand, depth: number): string {
  const hash = hashKey(item, depth)
  return typeof hash === 'string' ? `text ${hash}` : String(hash)
}

/** The value where there is one. Unlike `??` it keeps null, which is a value. */
export function orElse(value: Operand | undefined, absent: () => Operand): Operand {
  return value === undefined ? absent() : value
}

export function isList(operand: Operand): operand is readonly Operand[] {
  return Array.isArray(operand)
}

export function isDict(operand: Operand): operand is ReadonlyMap<Operand, Operand> {
  return operand instanceof Map
}

/** The text of a string or of markup; undefined for everything else. */
export function textOf(operand: Operand): string | undefined {
  if (typeof operand === 'string') return operand
  return operand instanceof Markup ? operand.text : undefined
}

/** Python's name of the type. */
export function typeName(operand: Operand): string {
  if (operand === null) return 'None'
  switch (typeof operand) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return Number.isInteger(operand) ? 'int' : 'float'
    case 'string':
      return 'str'
    default:
  }
  if (operand instanceof Double) return 'float'
  if (isList(operand)) return 'list'
  if (isDict(operand)) return 'dict'
  if (operand instanceof Tuple) return 'tuple'
  if (operand instanceof Markup) return 'Markup'
  if (operand instanceof Undefined) return 'Undefined'
  if (operand instanceof Range) return 'range'
  if (operand instanceof View) return `dict_${operand.part}`
  if (operand instanceof Lazy) return 'generator'
  return operand instanceof Callable ? 'method' : operand.type
}

/** Python's truth of an operand. */
export function truthy(operand: Operand): boolean {
  if (typeof operand === 'boolean') return operand
  if (typeof operand === 'string') return operand !== ''
  if (operand === null) return false
  if (typeof operand === 'number') return operand !== 0
  if (typeof operand === 'bigint') return operand !== 0n
  if (operand instanceof Double) return operand.value !== 0
  if (operand instanceof Undefined) return operand.strict ? failUndefined(operand) : false
  return sizeOf(operand) !== 0
}

/** Python's `len`, in the unit of the thing; undefined for what has no length. */
export function sizeOf(operand: Operand): number | undefined {
  if (typeof operand === 'string') return textLength(operand)
  if (typeof operand !== 'object' || operand === null) return undefined
  if (isList(operand)) return operand.length
  if (isDict(operand)) return operand.size
  if (operand instanceof Tuple) return operand.items.length
  if (operand instanceof Markup) return textLength(operand.text)
  if (operand instanceof Range) return operand.length
  if (operand instanceof View) return operand.map.size
  if (operand instanceof Undefined) return operand.strict ? failUndefined(operand) : 0
  return operand instanceof Facade ? operand.length?.() : undefined
}

const surrogates = /[\ud800-\udfff]/

/** Whether every character is one UTF-16 unit. */
export function isNarrow(text: string): boolean {
  spendText(text.length)
  return !surrogates.test(text)
}

/** Python counts characters, not UTF-16 units. */
export function textLength(text: string): number {
  if (isNarrow(text)) return text.length
  spend(text.length >>> 5)
  let length = 0
  for (let at = 0; at < text.length; length++) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  }
  return length
}

/** Characters `start` to `end`, not UTF-16 units. */
export function textSlice(text: string, start: number, end?: number): string {
  if (isNarrow(text)) return text.slice(start, end)
  return charactersOf(text).slice(start, end).join('')
}

/** The characters of a text; each becomes an item, which takes far more than the text. */
export function charactersOf(text: string): string[] {
  spend(text.length >>> 4)
  return Array.from(text)
}
