import { toInteger } from '../../util/value.ts'
import { isAscii } from './string-case.ts'
import { strip } from './string-split.ts'

/** Python's `int(text, base)`; undefined for what is not an integer. */
export function parseInteger(text: string, base: number): number | bigint | undefined {
  const match = /^([-+]?)(?:0([box])_?)?([0-9a-z]+(?:_[0-9a-z]+)*)$/i.exec(
    withPlainDigits(trimmedNumber(text)),
  )
  if (match === null) return undefined
  const [, sign, prefix, written = ''] = match
  const prefixed = prefix === undefined ? undefined : prefixes[prefix.toLowerCase()]
  // `0b1` is a binary number only where binary was asked for (or any base, 0).
  if (prefixed !== undefined && base !== 0 && base !== prefixed) {
    return parseDigits(`0${prefix}${written}`, base, sign === '-')
  }
  if (base === 0 && prefixed === undefined && /^0+[1-9]/.test(written)) return undefined
  return parseDigits(written, prefixed ?? (base === 0 ? 10 : base), sign === '-')
}

const prefixes: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16 }

function parseDigits(
  written: string,
  base: number,
  negative: boolean,
): number | bigint | undefined {
  const digits = written.replaceAll('_', '').toLowerCase()
  // Python refuses longer ones, and so does the size of an integer here.
  if (digits.length > 4300) return undefined
  let value = 0n
  if (base === 10 && /^[0-9]+$/.test(digits)) value = BigInt(digits)
  else {
    for (const digit of digits) {
      const number = Number.parseInt(digit, 36)
      if (number >= base) return undefined
      value = value * BigInt(base) + BigInt(number)
    }
  }
  return toInteger(negative ? -value : value)
}

/** Python's `float(text)`; undefined for what is not a number. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = withPlainDigits(trimmedNumber(text))
  const word = /^([-+]?)(inf|infinity|nan)$/i.exec(trimmed)
  if (word !== null) {
    const magnitude = word[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY
    return word[1] === '-' ? -magnitude : magnitude
  }
  const number =
    /^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/i
  if (trimmed.length > 100_000 || !number.test(trimmed)) return undefined
  return Number(trimmed.replaceAll('_', ''))
}

// Of a text of ASCII, Python takes off what C calls a space, otherwise what Python does.
function trimmedNumber(text: string): string {
  return isAscii(text) ? text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '') : strip(text, null, 'both')
}

/** Digits of any script count, as in Python: each script has its ten in a row. */
function withPlainDigits(text: string): string {
  return text.replaceAll(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0
    let first = code
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1
    return String((code - first) % 10)
  })
}
