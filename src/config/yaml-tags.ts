import { toDouble, type Double } from '../util/value.ts'
import type { Literal } from './dataset.ts'
import { doubleScalar, flagScalar, integerScalar, timestampScalar } from './yaml-scalars.ts'

/** What `!!` stands for. */
export const standard = 'tag:yaml.org,2002:'

/** The value of a scalar with an explicit tag; undefined when the tag does not fit. */
export function taggedScalar(tag: string, text: string): Literal | undefined {
  switch (tag) {
    case `${standard}str`:
      return text
    case `${standard}null`:
      return null
    case `${standard}bool`:
      return flagScalar(text)
    case `${standard}int`:
      return integerScalar(text)
    case `${standard}float`:
      return doubleScalar(text) ?? doubleOfInteger(text)
    case `${standard}timestamp`:
      return timestampScalar(text)
    case `${standard}binary`:
      return decodeBase64(text)
    default:
      return undefined
  }
}

function doubleOfInteger(text: string): number | Double | undefined {
  const whole = integerScalar(text)
  return whole === undefined ? undefined : toDouble(Number(whole))
}

function decodeBase64(text: string): string | undefined {
  const bare = text.replaceAll(/\s/g, '')
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(bare)) {
    return undefined
  }
  const bytes = Uint8Array.from(atob(bare), (char) => char.charCodeAt(0))
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
