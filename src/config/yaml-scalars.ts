import { toDouble, toInteger, type Double } from '../util/value.ts'

type Scalar = null | boolean | number | bigint | string | Double

/**
 * What a plain (unquoted) YAML scalar means: YAML 1.1 as PyYAML's safe loader reads it.
 *
 * Its patterns are stricter than the specification's: `1e3`, `0o17` and `-.5` are text.
 */
export function plainScalar(text: string): Scalar {
  if (nulls.has(text)) return null
  const flag = flags.get(text)
  if (flag !== undefined) return flag
  return integerScalar(text) ?? doubleScalar(text) ?? timestampScalar(text) ?? text
}

const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL'])

const flags: ReadonlyMap<string, boolean> = new Map(
  ['yes', 'no', 'true', 'false', 'on', 'off'].flatMap((word, index) =>
    [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()].map(
      (spelling) => [spelling, index % 2 === 0] as const,
    ),
  ),
)

/** Whether the text is one of YAML 1.1's words for true and false; undefined when neither. */
export function flagScalar(text: string): boolean | undefined {
  return flags.get(text)
}

const integerPattern =
  /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/

// Python refuses longer ones too; reading them would take quadratic time.
const mostDigits = 4300

/** The whole number the text spells: decimal, 0b, 0x, leading-zero octal or base 60. */
export function integerScalar(text: string): number | bigint | undefined {
  if (!integerPattern.test(text) || text.length > mostDigits) return undefined
  const bare = text.replaceAll('_', '')
  const digits = bare.replace(/^[-+]/, '')
  const size = wholeNumber(digits)
  if (size === undefined) return undefined
  return toInteger(bare.startsWith('-') ? -size : size)
}

function wholeNumber(digits: string): bigint | undefined {
  if (digits === '0b' || digits === '0x') return undefined
  if (digits.includes(':')) {
    return digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n)
  }
  if (/^0[0-7]/.test(digits)) return BigInt(`0o${digits.slice(1)}`)
  return BigInt(digits)
}

const doublePattern =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/

/** The double the text spells; an exponent needs its sign. */
export function doubleScalar(text: string): number | Double | undefined {
  const word = /^([-+]?)\.(?:inf|Inf|INF)$/.exec(text)
  if (word !== null) return word[1] === '-' ? -Infinity : Infinity
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return NaN
  if (!doublePattern.test(text)) return undefined
  const bare = text.replaceAll('_', '')
  const negative = bare.startsWith('-')
  const digits = bare.replace(/^[-+]/, '')
  const size = digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return toDouble(negative ? -size : size)
}

const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/
const timePattern =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|[-+]\d\d?(?::\d\d)?))?$/

/** A date or time as ISO text, the form it takes in a config; undefined when there is no such day. */
export function timestampScalar(text: string): string | undefined {
  const date = datePattern.exec(text)
  if (date !== null) {
    const [, year = '', month = '', day = ''] = date
    return isDay(year, month, day) ? text : undefined
  }
  const match = timePattern.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction, zone] =
    match
  if (!isDay(year, month, day)) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const offset = zone === undefined ? '' : zoneOffset(zone)
  if (offset === undefined) return undefined
  const micros = (fraction ?? '').slice(0, 6).padEnd(6, '0')
  return (
    `${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${second}` +
    (Number(micros) === 0 ? '' : `.${micros}`) +
    offset
  )
}

function two(digits: string): string {
  return digits.padStart(2, '0')
}

function isDay(year: string, month: string, day: string): boolean {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  if (y < 1 || m < 1 || m > 12 || d < 1) return false
  // Years below 100 would be taken as 19xx; 2000 added keeps the leap years.
  return d <= new Date(Date.UTC(y < 100 ? y + 2000 : y, m, 0)).getUTCDate()
}

function zoneOffset(zone: string): string | undefined {
  if (zone === 'Z') return '+00:00'
  const [hours = '', minutes = '00'] = zone.slice(1).split(':')
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const zero = Number(hours) === 0 && Number(minutes) === 0
  return `${zero ? '+' : zone.charAt(0)}${two(hours)}:${minutes}`
}
