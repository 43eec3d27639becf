import { pythonFloat } from '../../util/python-float.ts'
import { Double } from '../../util/value.ts'
import { descend, limits, spend, spendItems, spendText } from '../limits.ts'
import {
  Callable,
  failUndefined,
  type Facade,
  isDict,
  isList,
  Lazy,
  Markup,
  Range,
  Tuple,
  Undefined,
  View,
  type Operand,
} from './operand.ts'
import { TemplateError } from '../template-error.ts'

/** Python's `str`: what `{{ … }}` prints. */
export function toText(operand: Operand): string {
  if (typeof operand === 'string') return operand
  if (typeof operand === 'number') return numberText(operand)
  if (operand instanceof Undefined) return operand.strict ? failUndefined(operand) : ''
  if (operand instanceof Markup) return operand.text
  return toRepr(operand, 0)
}

/** Python's `repr`: what stands inside printed lists and objects. */
export function toRepr(operand: Operand, depth = 0): string {
  if (operand === null) return 'None'
  switch (typeof operand) {
    case 'string':
      return quote(operand)
    case 'number':
      return numberText(operand)
    case 'boolean':
      return operand ? 'True' : 'False'
    case 'bigint':
      return integerText(operand)
    default:
  }
  if (operand instanceof Double) return pythonFloat(operand.value)
  descend(depth)
  if (isList(operand)) return `[${join(operand, depth)}]`
  if (isDict(operand)) return dictText(operand, depth)
  if (operand instanceof Tuple) {
    return operand.items.length === 1
      ? `(${join(operand.items, depth)},)`
      : `(${join(operand.items, depth)})`
  }
  if (operand instanceof Markup) return `Markup(${quote(operand.text)})`
  if (operand instanceof Undefined) return operand.strict ? failUndefined(operand) : 'Undefined'
  if (operand instanceof Range) return rangeText(operand)
  if (operand instanceof View) return `dict_${operand.part}([${join([...operand], depth)}])`
  return describeThing(operand)
}

function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value + 0)
  // A whole number this large that is not a `Double` was an integer in the config or the data.
  return Number.isInteger(value) ? BigInt(value).toString() : pythonFloat(value)
}

function integerText(value: bigint): string {
  const text = value.toString()
  // Printing takes more than reading: digits are worked out, not copied.
  spend(text.length >>> 2)
  return text
}

function join(items: readonly Operand[], depth: number): string {
  spendItems(items.length)
  let text = ''
  for (const item of items) {
    if (text !== '') text += ', '
    text += toRepr(item, depth + 1)
    checkSize(text)
  }
  return text
}

function dictText(dict: ReadonlyMap<Operand, Operand>, depth: number): string {
  spendItems(dict.size)
  let text = ''
  for (const [key, value] of dict) {
    if (text !== '') text += ', '
    text += `${toRepr(key, depth + 1)}: ${toRepr(value, depth + 1)}`
    checkSize(text)
  }
  return `{${text}}`
}

// A list may hold the same large text many times over: checked while it grows, not after.
function checkSize(text: string): void {
  if (text.length > limits.characters) spendText(text.length)
}

function rangeText({ start, stop, step }: Range): string {
  return step === 1 ? `range(${start}, ${stop})` : `range(${start}, ${stop}, ${step})`
}

function describeThing(operand: Callable | Lazy | Facade): string {
  if (operand instanceof Callable) {
    throw new TemplateError(
      `${JSON.stringify(operand.name)} is a method here, not a value: write ['${operand.name}'] ` +
        'for a key of that name, or add () to call it',
    )
  }
  if (operand instanceof Lazy) {
    throw new TemplateError(`what "${operand.source}" yields is not text: add |list or |join`)
  }
  return operand.text()
}

// Python prints everything but these, and of the spaces only U+0020.
const unprintable = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/gu

/** A string as Python's `repr`: single quotes unless it holds only those. */
export function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(unprintable, escapeCharacter)
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark
}

/** What Python's `ascii` makes of a `repr`. */
export function toAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, escapeCharacter)
}

function escapeCharacter(character: string): string {
  if (character === ' ') return ' '
  if (character === '\\') return '\\\\'
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  const code = character.codePointAt(0) ?? 0
  if (code < 0x100) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, '0')
}
