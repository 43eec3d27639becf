import { messageOf } from '../util/errors.ts'
import { parseJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'
import type { Verdict } from './define.ts'

/** A verdict that somebody else gave, or what is wrong with it, at the end of a sentence. */
export function readVerdict(given: Value): Verdict | string {
  if (!(given instanceof Map)) return 'it gave no object'
  if (!given.has('is_valid')) {
    const has = [...given.keys()].join(', ')
    return has === '' ? 'its object is empty' : `its object has only ${has}`
  }
  const isValid = truthOf(given.get('is_valid') ?? null)
  if (isValid === undefined) return 'its is_valid is not true, false or null'
  return new Map([...given, ['is_valid', isValid]])
}

const words: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word) => [word, false] as const),
])

/** As NeMo Data Designer reads it: words and numbers of truth are taken. */
function truthOf(value: Value): boolean | null | undefined {
  if (value === null || typeof value === 'boolean') return value
  if (value === 0 || value === 1) return value === 1
  return typeof value === 'string' ? words.get(value.toLowerCase()) : undefined
}

/** What a function of JavaScript gave, as a value; a text says why it is none. */
export function valueOfAnswer(answer: unknown): { value: Value } | string {
  try {
    const json: string | undefined = JSON.stringify(answer)
    return json === undefined
      ? 'it returned nothing that can be stored'
      : { value: parseJson(json) }
  } catch (error) {
    return `it returned a value that can't be stored: ${messageOf(error)}`
  }
}
