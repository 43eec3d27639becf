import { Double, toDouble, toInteger } from '../../util/value.ts'
import { add, arithmetic, multiply, negate, toFloat, toNumeric } from '../values/arithmetic.ts'
import { isLess } from '../values/compare.ts'
import { iterate } from '../values/iterate.ts'
import { spend } from '../limits.ts'
import { attributePath } from './member.ts'
import { divideHalfEven, roundFloat } from '../values/number-format.ts'
import { parseFloatText, parseInteger } from '../values/number-parse.ts'
import {
  failUndefined,
  orElse,
  textOf,
  typeName,
  Undefined,
  type Operand,
} from '../values/operand.ts'
import {
  flagArgument,
  integerArgument,
  powerOfTen,
  textArgument,
  type Bound,
  type Definition,
  type RenderContext,
} from '../values/operation.ts'
import { TemplateError } from '../template-error.ts'

export const numberFilters = {
  abs: {
    apply: (operand) => {
      const numeric = toNumeric(operand)
      if (numeric === undefined) return refuse('abs', operand)
      if (numeric.float) return toDouble(Math.abs(Number(numeric.value)))
      return numeric.value < 0 ? negate(numeric.value) : numeric.value
    },
  },
  int: {
    parameters: ['default?', 'base?'],
    apply: (operand, [fallback = 0, base]) =>
      toInt(operand, integerArgument(base, 10, 'base')) ?? fallback,
  },
  float: {
    parameters: ['default?'],
    apply: (operand, [fallback = new Double(0)]) => {
      if (operand instanceof Undefined) failUndefined(operand)
      const text = textOf(operand)
      const numeric = toNumeric(operand)
      const value = text === undefined ? numeric && toFloat(numeric.value) : parseFloatText(text)
      return value === undefined ? fallback : toDouble(value)
    },
  },
  round: {
    parameters: ['precision?', 'method?'],
    apply: (operand, [precision, method]) =>
      round(
        operand,
        integerArgument(precision, 0, 'precision'),
        textArgument(method, 'common', 'method'),
      ),
  },
  sum: {
    parameters: ['attribute?', 'start?'],
    apply: (operand, [attribute = null, start = 0], context) => {
      const keyOf = attribute === null ? null : attributePath(attribute)
      if (textOf(start) !== undefined) throw new TemplateError('"sum" adds no texts: use |join')
      let total = start
      for (const item of iterate(operand)) {
        spend(1)
        total = add(total, keyOf === null ? item : keyOf(item, context))
      }
      return total
    },
  },
  min: {
    parameters: ['case_sensitive?', 'attribute?'],
    apply: (operand, given, context) => extreme(operand, given, context, (a, b) => isLess(a, b)),
  },
  max: {
    parameters: ['case_sensitive?', 'attribute?'],
    apply: (operand, given, context) => extreme(operand, given, context, (a, b) => isLess(b, a)),
  },
} satisfies Record<string, Definition>

/** Texts are compared without case unless that is asked for. */
export function sortKey(
  attribute: Operand | undefined,
  caseSensitive: boolean,
  fallback?: Operand,
): (item: Operand, context: RenderContext) => Operand {
  const path = attributePath(attribute ?? null, fallback)
  return (item, context) => {
    const value = path(item, context)
    const text = caseSensitive ? undefined : textOf(value)
    if (text === undefined) return value
    // Sorting keeps a separate text for each item.
    if (text.length > 31) spend(text.length >>> 5)
    return text.toLowerCase()
  }
}

function extreme(
  operand: Operand,
  [caseSensitive, attribute]: Bound,
  context: RenderContext,
  isBetter: (a: Operand, b: Operand) => boolean,
): Operand {
  const keyOf = sortKey(attribute, flagArgument(caseSensitive, false))
  let best: Operand | undefined
  let bestKey: Operand = null
  for (const item of iterate(operand)) {
    spend(1)
    const key = keyOf(item, context)
    if (best !== undefined && !isBetter(key, bestKey)) continue
    best = item
    bestKey = key
  }
  return orElse(best, () => context.missing('there is no item to choose from: the list is empty'))
}

function toInt(operand: Operand, base: number): Operand | undefined {
  if (operand instanceof Undefined) failUndefined(operand)
  const text = textOf(operand)
  if (text !== undefined) {
    const float = parseInteger(text, base) ?? parseFloatText(text)
    if (float === undefined || typeof float === 'bigint') return float
    return Number.isFinite(float) ? toInteger(BigInt(Math.trunc(float))) : undefined
  }
  const numeric = toNumeric(operand)
  if (numeric === undefined || Number.isNaN(numeric.value)) return undefined
  if (!numeric.float) return numeric.value
  if (!Number.isFinite(numeric.value)) throw new TemplateError('infinity cannot be an integer')
  return toInteger(BigInt(Math.trunc(Number(numeric.value))))
}

function round(operand: Operand, precision: number, method: string): Operand {
  const numeric = toNumeric(operand)
  if (numeric === undefined) return refuse('round', operand)
  if (method === 'common') {
    if (numeric.float) {
      const rounded = roundFloat(Number(numeric.value), precision)
      return toDouble(rounded)
    }
    return precision >= 0 ? numeric.value : roundInteger(BigInt(numeric.value), -precision)
  }
  if (method !== 'ceil' && method !== 'floor') {
    throw new TemplateError('"method" must be common, ceil or floor')
  }
  const scale = powerOfTen(precision)
  const scaled = toNumeric(multiply(operand, scale))
  // An integer keeps all its digits.
  if (scaled?.float === false) return arithmetic('/', scaled.value, scale)
  const float = Number(scaled?.value)
  if (!Number.isFinite(float)) throw new TemplateError('a number without end cannot be rounded')
  const whole = BigInt(method === 'ceil' ? Math.ceil(float) : Math.floor(float))
  return arithmetic('/', toInteger(whole), scale)
}

function roundInteger(value: bigint, zeros: number): Operand {
  if (zeros > 20_000) return 0
  const unit = 10n ** BigInt(zeros)
  const magnitude = divideHalfEven(value < 0n ? -value : value, unit) * unit
  return toInteger(value < 0n ? -magnitude : magnitude)
}

function refuse(name: string, operand: Operand): never {
  if (operand instanceof Undefined) failUndefined(operand)
  throw new TemplateError(`"${name}" needs a number, not ${typeName(operand)}`)
}
