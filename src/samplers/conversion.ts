import { CellFailure } from '../graph/failure.ts'
import type { ColumnType } from '../graph/column-type.ts'
import { nearest } from '../util/near-miss.ts'
import { toDouble, toInteger, type Value } from '../util/value.ts'
import type { SampleType } from './define.ts'
import {
  isScalar,
  numberOf,
  roundHalfEven,
  roundInteger,
  roundToPlaces,
  scalarText,
  scalarType,
  unifiedType,
  type Scalar,
} from './scalar-type.ts'
import { datePattern, formatter, namedTimeType, patternProblem } from './strftime.ts'

const numberConversions = ['int', 'float', 'str'] as const

type NumberConversion = (typeof numberConversions)[number]

/** How drawn values become cells. */
export interface Conversion {
  readonly output: ColumnType
  /** Throws a `CellFailure` for a value that has no form in the output type. */
  convert(value: Value, decimalPlaces: number | null): Value
}

/** The one type of what a column's branches draw; null when they do not go together. */
export function unifiedSampleType(types: readonly SampleType[]): SampleType | null {
  const [first] = types
  if (first === undefined) return null
  if (types.every((type) => type === first)) return first
  const scalars = types.filter(
    (type) => type === 'string' || type === 'int64' || type === 'float64',
  )
  return scalars.length === types.length ? unifiedType(scalars) : null
}

/** What is wrong with a `convert_to`, in words; null when nothing is. */
export function conversionProblem(
  converts: 'number' | 'instant' | 'nothing',
  convertTo: string | null,
): string | null {
  if (convertTo === null || converts === 'nothing') return null
  if (converts === 'instant') return patternProblem(convertTo)
  if (isNumberConversion(convertTo)) return null
  return 'int, float or str, for a number or category'
}

const otherNames: ReadonlyMap<string, NumberConversion> = new Map([
  ['integer', 'int'],
  ['long', 'int'],
  ['int64', 'int'],
  ['number', 'float'],
  ['double', 'float'],
  ['float64', 'float'],
  ['string', 'str'],
  ['text', 'str'],
])

/** The `convert_to` that was probably meant. */
export function meantConversion(
  converts: 'number' | 'instant' | 'nothing',
  convertTo: string,
): string | undefined {
  if (converts !== 'number') return undefined
  const word = convertTo.trim().toLowerCase()
  return otherNames.get(word) ?? nearest(word, numberConversions)
}

/** The conversion of a column; `convertTo` has no problem any more. */
export function createConversion(
  converts: 'number' | 'instant' | 'nothing',
  drawn: SampleType,
  convertTo: string | null,
): Conversion {
  if (drawn === 'instant') return instantConversion(convertTo)
  if (converts === 'nothing' || !(drawn === 'string' || drawn === 'int64' || drawn === 'float64')) {
    return { output: drawn, convert: (value) => value }
  }
  const target = convertTo !== null && isNumberConversion(convertTo) ? convertTo : null
  // What is text and stays text has no digits to round.
  const kept = drawn === 'string' && (target === null || target === 'str')
  const numeric = target === 'int' ? 'int64' : target === 'float' ? 'float64' : drawn
  const output = target === 'str' ? 'string' : numeric
  return {
    output,
    convert(value, decimalPlaces) {
      if (!isScalar(value)) return value
      if (kept) return scalarText(value)
      const number = castNumber(value, numeric)
      const rounded = decimalPlaces === null ? number : round(number, decimalPlaces)
      return output === 'string' ? scalarText(rounded) : rounded
    },
  }
}

function isNumberConversion(word: string): word is NumberConversion {
  return numberConversions.some((conversion) => conversion === word)
}

function instantConversion(convertTo: string | null): Conversion {
  const format = formatter(datePattern(convertTo))
  return {
    output: (convertTo === null ? null : namedTimeType(convertTo)) ?? 'string',
    convert: (value) => (typeof value === 'number' ? format(value) : value),
  }
}

const int64End = 2n ** 63n

function castNumber(value: Scalar, type: 'string' | 'int64' | 'float64'): Scalar {
  if (type === 'string') return scalarText(value)
  if (type === 'int64' && scalarType(value) === 'int64') return value
  if (type === 'int64' && typeof value === 'string' && /^\s*[+-]?\d{1,30}\s*$/.test(value)) {
    return fitting(BigInt(value.trim().replace('+', '')), value)
  }
  const number = numberOf(value)
  if (Number.isNaN(number) && typeof value === 'string' && !/^\s*[+-]?nan\s*$/i.test(value)) {
    throw new CellFailure('cast-failed', `'${value}' is not a number, so it has no ${type} form`)
  }
  if (type === 'float64') return toDouble(number)
  if (!Number.isFinite(number)) {
    throw new CellFailure('cast-failed', `${scalarText(value)} is not finite: no integer fits`)
  }
  const rounded = roundHalfEven(number)
  // 0 for -0.
  return Number.isSafeInteger(rounded) ? rounded + 0 : fitting(BigInt(rounded), value)
}

function fitting(integer: bigint, value: Scalar): number | bigint {
  if (integer >= -int64End && integer < int64End) return toInteger(integer)
  throw new CellFailure('cast-failed', `${scalarText(value)} does not fit into 64 bits`)
}

function round(value: Scalar, places: number): Scalar {
  if (typeof value === 'string') return value
  if (scalarType(value) === 'float64') {
    const number = numberOf(value)
    return Number.isFinite(number) ? toDouble(roundToPlaces(number, places)) : value
  }
  return typeof value === 'object' ? value : roundInteger(value, places)
}
