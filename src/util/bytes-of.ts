import { Double, type Cell } from './value.ts'

/** A slot of an array: what a number, a boolean or a null takes. */
const SLOT = 8
/** What a text, a list or an object takes in addition to its content. */
const HEAD = 16
/** A key and its place in an object. */
const ENTRY = 32

/**
 * Bytes a value takes in memory, about: the one estimate that every budget counts with.
 *
 * Texts are counted with two bytes a unit, although V8 keeps many with one.
 */
export function bytesOf(value: Cell): number {
  if (typeof value === 'string') return HEAD + 2 * value.length
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? HEAD : SLOT
  return value instanceof Float32Array ? HEAD + value.byteLength : bytesOfObject(value)
}

/** With a separate list instead of recursion: a value may be nested as deeply as its text was long. */
function bytesOfObject(value: object): number {
  let bytes = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const part = open.pop()
    bytes += SLOT
    if (typeof part === 'string') {
      bytes += HEAD + 2 * part.length
    } else if (typeof part === 'bigint' || part instanceof Double) {
      bytes += HEAD
    } else if (Array.isArray(part)) {
      bytes += HEAD
      for (const item of part) {
        if (typeof item === 'number') bytes += SLOT
        else open.push(item)
      }
    } else if (part instanceof Map) {
      bytes += HEAD
      for (const [key, item] of part) {
        bytes += ENTRY + 2 * String(key).length
        open.push(item)
      }
    }
  }
  return bytes
}
