import { JsonSyntaxError, parseJson } from '../../util/json.ts'
import type { Value } from '../../util/value.ts'
import { spendText } from '../limits.ts'
import {
  failUndefined,
  isDict,
  isList,
  textOf,
  typeName,
  Undefined,
  type Operand,
} from './operand.ts'
import { TemplateError } from '../template-error.ts'

// A loop reads many members of one text.
let lastText = ''
let lastValue: Value | undefined

/** The object or list that a text is as JSON; undefined for any other text. */
function structureOf(text: string): Value | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  spendText(text.length)
  if (text !== lastText) {
    lastValue = parsed(text)
    lastText = text
  }
  return lastValue
}

function parsed(text: string): Value | undefined {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined
    throw error
  }
}

/** `text.name` where the text is a JSON object: what a model or a seed wrote is often one. */
export function memberOfJson(text: string, name: string): Operand | undefined {
  const value = structureOf(text)
  return value !== undefined && isDict(value) ? value.get(name) : undefined
}

/** `text | fromjson`: the value of a text that is JSON; what is not text stays as it is. */
export function fromJson(operand: Operand): Operand {
  if (operand instanceof Undefined) failUndefined(operand)
  const text = textOf(operand)
  if (text === undefined) {
    if (isDict(operand) || isList(operand) || operand === null) return operand
    throw new TemplateError(`"fromjson" needs a text, not ${typeName(operand)}`)
  }
  spendText(text.length)
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw new TemplateError(`"fromjson" got a text that is not JSON: ${error.message}`)
  }
}
