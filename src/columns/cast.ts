import { CellFailure } from '../graph/failure.ts'
import { type Double, toDouble, toInteger } from '../util/value.ts'

/** The types an expression column can have. */
export const dtypes = ['int', 'float', 'str', 'bool'] as const

export type Dtype = (typeof dtypes)[number]

type Scalar = string | number | bigint | boolean | Double

const casts: Readonly<Record<Dtype, (text: string) => Scalar>> = {
  str: (text) => text,
  int: castInteger,
  float: (text) => toDouble(readFloat(text) ?? refuse(text, 'float', 'a number')),
  bool: castBoolean,
}

/**
 * Rendered text as a value of a dtype, by the rules of Python's constructors; text that is no such
 * value fails the cell.
 */
export function castText(text: string, dtype: Dtype): Scalar {
  return casts[dtype](text)
}

/** A number as dtype `float` has it: what its text would be read as. */
export function castNumber(value: number | Double): number | Double {
  // The text of an integer has no sign for a zero.
  return typeof value === 'number' ? toDouble(value + 0) : value
}

const integerText = /^[-+]?\d+(?:_\d+)*$/

function castInteger(text: string): number | bigint {
  const bare = text.trim()
  // Digits alone keep them all; NeMo Data Designer goes through a double and loses those beyond 2^53.
  if (integerText.test(bare)) return toInteger(BigInt(bare.replaceAll(/[_+]/g, '')))
  return truncated(readFloat(text) ?? NaN, text, 'int')
}

/** Numbers are true unless they truncate to 0, so 0.5 is false; of words only `true` is true. */
function castBoolean(text: string): boolean {
  // What a comparison prints.
  if (text === 'True' || text === 'False') return text === 'True'
  const number = readFloat(text)
  if (number === null || Number.isNaN(number)) return text.trim().toLowerCase() === 'true'
  return truncated(number, text, 'bool') !== 0
}

function truncated(number: number, text: string, dtype: Dtype): number | bigint {
  if (!Number.isFinite(number)) return refuse(text, dtype, 'a finite number')
  return toInteger(BigInt(Math.trunc(number)))
}

const pythonFloat =
  /^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/i
const specialText = /^([-+]?)(?:(nan)|inf(?:inity)?)$/i

/** What Python's `float` reads, or null. */
function readFloat(text: string): number | null {
  const bare = text.trim()
  if (pythonFloat.test(bare)) return Number(bare.includes('_') ? bare.replaceAll('_', '') : bare)
  const special = specialText.exec(bare)
  if (special === null) return null
  if (special[2] !== undefined) return NaN
  return special[1] === '-' ? -Infinity : Infinity
}

function refuse(text: string, dtype: Dtype, expected: string): never {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  throw new CellFailure('cast-failed', `expected ${expected} for dtype ${dtype}, got ${shown}`, {
    field: ['expr'],
  })
}
