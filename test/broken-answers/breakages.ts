import { stringifyJson } from '../../src/util/json.ts'
import type { Value } from '../../src/util/value.ts'
import type { Draw } from './values.ts'

type Fields = ReadonlyMap<string, Value>

/** An answer as a model might give it, and whether it was cut. */
export interface Broken {
  text: string
  cut?: boolean
  /** The value can't be determined from the text any more: it must not be made up. */
  lost?: boolean
}

/** Ways in which small models break JSON, by name. */
export const breakages: Readonly<Record<string, (value: Fields, draw: Draw) => Broken>> = {
  'as it is': (value) => ({ text: stringifyJson(value) }),
  'in a fence': (value) => ({ text: `\`\`\`json\n${pretty(value)}\n\`\`\`` }),
  'in a fence of no language, with words': (value) => ({
    text: `Here it is:\n\n\`\`\`\n${pretty(value)}\n\`\`\`\n\nDoes that help?`,
  }),
  'with words around it': (value) => ({
    text: `Sure! ${stringifyJson(value)} I hope it helps (see [1]).`,
  }),
  'behind thinking': (value) => ({
    text: `<think>\nPerhaps {"title": "no"}?\n</think>\n${stringifyJson(value)}`,
  }),
  'behind a first try': (value) => ({
    text: `\`\`\`json\n{"draft": true}\n\`\`\`\nBetter:\n\`\`\`json\n${pretty(value)}\n\`\`\``,
  }),
  'with commas too many': (value) => ({ text: pretty(value).replaceAll(/\n( *[}\]])/g, ',\n$1') }),
  'with commas too few': (value) => ({ text: pretty(value).replaceAll(/,\n/g, '\n') }),
  'as Python writes it': (value) => ({ text: python(value) }),
  'with bare keys': (value) => ({ text: pretty(value).replaceAll(/"(\w+)": /g, '$1: ') }),
  'with curly quotes': (value) => ({
    text: pretty(value).replaceAll(/"([^"\n]*)"/g, '“$1”'),
  }),
  'with comments': (value) => ({
    text: `// the answer\n${pretty(value).replaceAll(/,\n/g, ', // next\n')}`,
  }),
  'with quotes inside of texts': (value) => ({
    text: pretty(mapTexts(value, (text) => `${text} "so" he said`)).replaceAll('\\"', '"'),
  }),
  'with line breaks inside of texts': (value) => ({
    text: stringifyJson(mapTexts(value, (text) => `${text}\nand more`)).replaceAll('\\n', '\n'),
  }),
  'without its last bracket': (value) => ({ text: pretty(value).replace(/\n\}$/, '') }),
  'with numbers as texts': (value) => ({
    text: stringifyJson(mapScalars(value, (one) => (typeof one === 'number' ? grouped(one) : one))),
  }),
  'with words for booleans': (value) => ({
    text: stringifyJson(
      mapScalars(value, (one) => (typeof one === 'boolean' ? (one ? 'Yes' : 'no') : one)),
    ),
  }),
  'with words in another case': (value) => ({
    text: pretty(value)
      .replaceAll('"very_good"', '"Very good"')
      .replaceAll('"Bad"', '"BAD"')
      .replaceAll('"card"', '"Card"'),
  }),
  'with keys in another form': (value) => ({
    text: pretty(value).replaceAll(/"(\w)(\w*)": /g, (_, first: string, rest: string) => {
      return `"${first.toUpperCase()}${rest.replaceAll('_', ' ')}": `
    }),
  }),
  'with one thing for a list of it': (value) => ({
    text: stringifyJson(mapLists(value, (items) => (items.length === 1 ? items[0] : items))),
  }),
  'with null for what is not there': (value) => ({
    text: stringifyJson(new Map<string, Value>([...value, ['reply', null]])),
  }),
  'with more fields': (value) => ({
    text: stringifyJson(new Map<string, Value>([['note', 'none'], ...value, ['id', 7]])),
  }),
  'in one more object': (value) => ({
    text: stringifyJson(new Map<string, Value>([['answer', value]])),
  }),
  'with objects as texts': (value) => ({
    text: stringifyJson(
      new Map([...value].map(([key, one]) => [key, one instanceof Map ? stringifyJson(one) : one])),
    ),
  }),
  'cut at the token limit': (value, draw) => {
    const text = pretty(value)
    return { text: text.slice(0, 1 + draw(text.length - 2)), cut: true, lost: true }
  },
  'cut without a word': (value, draw) => {
    const text = stringifyJson(value)
    return { text: text.slice(0, 1 + draw(text.length - 2)), lost: true }
  },
}

function pretty(value: Value): string {
  return stringifyJson(value, { indent: 2 })
}

function python(value: Value): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return `'${value.replaceAll("'", "\\'")}'`
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`
  if (!(value instanceof Map)) return stringifyJson(value)
  const fields: Fields = value
  return `{${[...fields].map(([key, one]) => `'${key}': ${python(one)}`).join(', ')}}`
}

function grouped(number: number): string {
  return number.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

function mapScalars(value: Value, change: (scalar: Value) => Value): Value {
  if (Array.isArray(value)) return value.map((item: Value) => mapScalars(item, change))
  if (!(value instanceof Map)) return change(value)
  const fields: Fields = value
  return new Map([...fields].map(([key, one]) => [key, mapScalars(one, change)]))
}

/** The texts that are free: those of a list of words would not be words any more. */
function mapTexts(value: Value, change: (text: string) => string): Value {
  return mapScalars(value, (one) =>
    typeof one === 'string' && !fixed.has(one) ? change(one) : one,
  )
}

const fixed: ReadonlySet<string> = new Set(['very_good', 'mixed', 'Bad', 'card', 'transfer'])

function mapLists(value: Value, change: (items: readonly Value[]) => Value | undefined): Value {
  if (Array.isArray(value))
    return change(value.map((item: Value) => mapLists(item, change))) ?? null
  if (!(value instanceof Map)) return value
  const fields: Fields = value
  return new Map([...fields].map(([key, one]) => [key, mapLists(one, change)]))
}

/** What was meant by an answer that has other texts. */
export function intendedBy(name: string, value: Fields): Value {
  if (name === 'with quotes inside of texts')
    return mapTexts(value, (text) => `${text} "so" he said`)
  if (name === 'with line breaks inside of texts')
    return mapTexts(value, (text) => `${text}\nand more`)
  return value
}
