import { stringifyJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'

/** A value as the text that is judged: text as it is, everything else as JSON. */
export function textOfValue(value: Value): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}
