import { pythonFloat } from '../util/python-float.ts'
import { Double } from '../util/value.ts'

/**
 * A config's literal as `JSON.stringify` has to see it: `3.0` stays `3.0`, long integers keep all
 * their digits. Plain numbers stay numbers, so that a provider can read what it knows.
 */
export function rawJson(literal: unknown): unknown {
  if (typeof literal === 'bigint') return exact(literal.toString())
  if (literal instanceof Double) return exact(pythonFloat(literal.value))
  if (Array.isArray(literal)) return literal.map(rawJson)
  if (literal instanceof Map) return rawObject(literal)
  if (typeof literal === 'object' && literal !== null) return rawObject(Object.entries(literal))
  return literal
}

function rawObject(entries: Iterable<[unknown, unknown]>): unknown {
  return Object.fromEntries([...entries].map(([key, value]) => [String(key), rawJson(value)]))
}

/** A config's literal as any JavaScript has it: numbers as JSON reads them. */
export function plainJson(literal: unknown): unknown {
  return JSON.parse(JSON.stringify(rawJson(literal)))
}

/** The number in something `rawJson` made, or null. */
export function numberFrom(value: unknown): number | null {
  if (typeof value === 'number') return value
  if (typeof value !== 'object' || value === null || !('rawJSON' in value)) return null
  return Number(value.rawJSON)
}

function exact(text: string): unknown {
  // Part of ES2026 and of Node 24; the compiler's library does not have it yet.
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}
