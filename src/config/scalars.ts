import { z } from 'zod'
import { Double } from '../util/value.ts'
import type { Literal } from './dataset.ts'
import { type JsonSchema, withForm } from './json-form.ts'
import { describeLiteral, entriesOf, isList, isMapping, type Mapping } from './literal.ts'

/** What a building block knows of a refusal; `problemsOfZod` turns it into a problem. */
export interface Refusal {
  code: 'wrong-type' | 'out-of-range' | 'wrong-word' | 'wrong-format' | 'missing-field'
  expected: string
  received?: string
  suggestion?: string
  /** The words that would do, for near misses. */
  words?: readonly string[]
}

/** A refusal of something within the input. */
interface InnerRefusal extends Refusal {
  path?: readonly (string | number)[]
}

type Context = z.core.$RefinementCtx

/** Refuses the input with everything a problem needs; a schema's transform returns its result. */
export function refuse(
  context: Context,
  input: unknown,
  { path, ...refusal }: InnerRefusal,
): never {
  const problem: Refusal =
    input === undefined
      ? { code: 'missing-field', expected: refusal.expected }
      : { received: describeLiteral(input), ...refusal }
  const message = `expected ${problem.expected}, got ${problem.received ?? 'nothing'}`
  const place = path === undefined ? {} : { path: [...path] }
  context.addIssue({ code: 'custom', message, params: { problem }, input, ...place })
  return z.NEVER
}

/** Text; numbers, booleans and null are refused rather than turned into text. */
export function text({ nonEmpty = false }: { nonEmpty?: boolean } = {}): z.ZodType<string> {
  const expected = nonEmpty ? 'text that is not empty' : 'text'
  const schema = z.unknown().transform((input, context) => {
    if (typeof input === 'string') {
      if (!nonEmpty || input !== '') return input
      return refuse(context, input, { code: 'wrong-format', expected, received: 'empty text' })
    }
    const isScalar = input !== null && !isList(input) && !isMapping(input)
    const quotable = isScalar && { suggestion: `Put it into quotes: "${describeLiteral(input)}".` }
    return refuse(context, input, { code: 'wrong-type', expected, ...quotable })
  })
  return withForm(schema, { json: { type: 'string', ...(nonEmpty ? { minLength: 1 } : {}) } })
}

/** Bounds of a number; `min` and `max` may be reached, `above` and `below` may not. */
export interface Bounds {
  min?: number
  max?: number
  above?: number
  below?: number
}

const wholeText = /^[-+]?\d+(?:_\d+)*(?:\.0+)?$/

/** A whole number, also written as `10.0`, `"10"` or `true`, as NeMo Data Designer reads them. */
export function integer(bounds: Bounds = {}): z.ZodType<number> {
  const expected = `a whole number${describeBounds(bounds)}`
  const schema = z.unknown().transform((input, context) => {
    const number = readInteger(input)
    if (number === undefined) {
      return refuse(context, input, { code: 'wrong-type', expected, ...powerHint(input) })
    }
    if (Number.isSafeInteger(number) && isWithin(number, bounds)) return number
    return refuse(context, input, { code: 'out-of-range', expected })
  })
  return withForm(schema, {
    json: { anyOf: [{ type: 'integer', ...keywordsOf(bounds) }, textForm(wholeText)] },
  })
}

function readInteger(input: unknown): number | undefined {
  if (typeof input === 'string') {
    const bare = input.trim()
    return wholeText.test(bare) ? Number(bare.replaceAll('_', '')) + 0 : undefined
  }
  const number = readNumber(input)
  return number !== undefined && Number.isInteger(number) ? number + 0 : undefined
}

/** People write `1e3` for a thousand; YAML 1.1 reads it as text. */
function powerHint(input: unknown): { suggestion?: string } {
  if (typeof input !== 'string' || !/^[-+]?\d+(?:\.\d*)?[eE]\d+$/.test(input)) return {}
  const number = Number(input)
  if (!Number.isSafeInteger(number)) return {}
  return { suggestion: `YAML reads ${input} as text: write ${number}.` }
}

const doubleText =
  /^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+(?:_\d+)*)?$/
const specialText = /^([-+]?)(inf|infinity|nan)$/i

/** A number, also written as text or `true`, as NeMo Data Designer reads them. */
export function double(bounds: Bounds = {}): z.ZodType<number> {
  const expected = `a number${describeBounds(bounds)}`
  const schema = z.unknown().transform((input, context) => {
    const number = readDouble(input)
    if (number === undefined) return refuse(context, input, { code: 'wrong-type', expected })
    if (isWithin(number, bounds)) return number
    return refuse(context, input, { code: 'out-of-range', expected })
  })
  return withForm(schema, {
    json: { anyOf: [{ type: 'number', ...keywordsOf(bounds) }, textForm(doubleText, specialText)] },
  })
}

function readDouble(input: unknown): number | undefined {
  if (typeof input !== 'string') return readNumber(input)
  const bare = input.trim()
  const special = specialText.exec(bare)
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return NaN
    return special[1] === '-' ? -Infinity : Infinity
  }
  return doubleText.test(bare) ? Number(bare.replaceAll('_', '')) : undefined
}

function readNumber(input: unknown): number | undefined {
  if (typeof input === 'number') return input
  if (typeof input === 'boolean') return input ? 1 : 0
  if (typeof input === 'bigint') return Number(input)
  return input instanceof Double ? input.value : undefined
}

function isWithin(number: number, { min, max, above, below }: Bounds): boolean {
  // A bounded number cannot be NaN: all comparisons with it are false.
  return (
    (min === undefined || number >= min) &&
    (max === undefined || number <= max) &&
    (above === undefined || number > above) &&
    (below === undefined || number < below)
  )
}

function describeBounds({ min, max, above, below }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  const parts = [
    above === undefined ? [] : `above ${above}`,
    min === undefined ? [] : `≥ ${min}`,
    below === undefined ? [] : `below ${below}`,
    max === undefined ? [] : `≤ ${max}`,
  ].flat()
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`
}

/** Bounds of the normal form; those of numbers written as text are checked by the loader only. */
function keywordsOf({ min, max, above, below }: Bounds): JsonSchema {
  const finite = (bound: number | undefined): bound is number =>
    bound !== undefined && Number.isFinite(bound)
  return {
    ...(finite(min) && { minimum: min }),
    ...(finite(max) && { maximum: max }),
    ...(finite(above) && { exclusiveMinimum: above }),
    ...(finite(below) && { exclusiveMaximum: below }),
  }
}

/** A number written as text, with space around it. JSON Schema's patterns know no flags. */
function textForm(...patterns: readonly RegExp[]): JsonSchema {
  const sources = patterns.map(({ source, flags }) => {
    const bare = source.replace(/^\^|\$$/g, '')
    return flags.includes('i') ? anyCase(bare) : bare
  })
  return { type: 'string', pattern: `^\\s*(?:${sources.join('|')})\\s*$` }
}

function anyCase(source: string): string {
  return source.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`)
}

const flagWords: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word) => [word, false] as const),
])

const flagForm: JsonSchema = {
  anyOf: [
    { type: 'boolean' },
    { type: 'integer', minimum: 0, maximum: 1 },
    { type: 'string', pattern: `^(?:${anyCase([...flagWords.keys()].join('|'))})$` },
  ],
}

/** True or false, also 0, 1 and the usual words in quotes. */
export function flag(): z.ZodType<boolean> {
  const schema = z.unknown().transform((input, context) => {
    if (typeof input === 'boolean') return input
    const number = readNumber(input)
    if (number === 0 || number === 1) return number === 1
    const word = typeof input === 'string' ? flagWords.get(input.toLowerCase()) : undefined
    return word ?? refuse(context, input, { code: 'wrong-type', expected: 'true or false' })
  })
  return withForm(schema, { json: flagForm })
}

/** One of some words, exactly as they are spelled. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word> {
  const schema = z.unknown().transform((input, context) => {
    // YAML reads the bare word null as nothing at all.
    const written = input === null ? 'null' : input
    const word = words.find((candidate) => candidate === written)
    if (word !== undefined) return word
    const expected = words.length === 1 ? `'${words[0]}'` : `one of ${words.join(', ')}`
    return refuse(context, input, { code: 'wrong-word', expected, words })
  })
  return withForm(schema, { json: wordsForm(words) })
}

function wordsForm(words: readonly string[]): JsonSchema {
  const values: (string | null)[] = words.includes('null') ? [...words, null] : [...words]
  return values.length === 1 ? { const: values[0] } : { enum: values }
}

/** A list of at least `min` items. */
export function list<Item>(
  item: z.ZodType<Item>,
  { min = 0 }: { min?: number } = {},
): z.ZodType<Item[]> {
  return z.array(item).min(min)
}

const mapItems = new WeakMap<z.ZodType, z.ZodType>()

/** A mapping with free keys, in the order they were written. */
export function mapOf<Item>(item: z.ZodType<Item>): z.ZodType<ReadonlyMap<string, Item>> {
  const schema = z.unknown().transform((input, context): ReadonlyMap<string, Item> => {
    if (!isMapping(input)) {
      return refuse(context, input, { code: 'wrong-type', expected: 'a mapping' })
    }
    const entries = new Map<string, Item>()
    for (const [key, value] of entriesOf(input)) {
      const result = item.safeParse(value)
      if (result.success) entries.set(key, result.data)
      else addIssues(context, key, result.error)
    }
    return entries
  })
  mapItems.set(schema, item)
  return withForm(schema, { like: () => z.record(z.string(), item) })
}

function addIssues(context: Context, key: string, error: z.ZodError): void {
  for (const issue of error.issues) {
    context.issues.push({ ...issue, path: [key, ...issue.path], input: undefined })
  }
}

/** What the values of a `mapOf` schema must be; undefined for other schemas. */
export function itemOf(schema: z.ZodType): z.ZodType | undefined {
  return mapItems.get(schema)
}

/** Any value, kept as it was written: `1` and `1.0` stay apart. */
export function literal(): z.ZodType<Literal> {
  const schema = z.unknown().transform((input, context) => {
    if (isLiteral(input)) return input
    return refuse(context, input, { code: 'wrong-type', expected: 'a value' })
  })
  return withForm(schema, { json: {} })
}

/** A mapping of any values, kept as it was written. */
export function mapping(): z.ZodType<Mapping> {
  const schema = z.unknown().transform((input, context) => {
    if (isMapping(input)) return input
    return refuse(context, input, { code: 'wrong-type', expected: 'a mapping' })
  })
  return withForm(schema, { json: { type: 'object' } })
}

/** A single value that is not null, kept as it was written. */
export function scalar(): z.ZodType<string | number | bigint | boolean | Double> {
  const expected = 'text, a number, true or false'
  const schema = z.unknown().transform((input, context) => {
    if (isScalarLiteral(input)) return input
    const quotable = input === null && { suggestion: 'Put it into quotes to have the word.' }
    return refuse(context, input, { code: 'wrong-type', expected, ...quotable })
  })
  return withForm(schema, { json: { type: ['string', 'number', 'boolean'] } })
}

function isScalarLiteral(input: unknown): input is string | number | bigint | boolean | Double {
  return (
    typeof input === 'string' ||
    typeof input === 'number' ||
    typeof input === 'bigint' ||
    typeof input === 'boolean' ||
    input instanceof Double
  )
}

function isLiteral(input: unknown): input is Literal {
  return input === null || isScalarLiteral(input) || isList(input) || isMapping(input)
}
