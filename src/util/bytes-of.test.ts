import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from './bytes-of.ts'
import { parseJson } from './json.ts'
import { Double, type Value } from './value.ts'

test('a value of any kind counts with its content', () => {
  const text = 'x'.repeat(10_000)
  expect(bytesOf(text)).toBeGreaterThanOrEqual(20_000)
  expect(bytesOf([text])).toBeGreaterThan(bytesOf(text))
  expect(bytesOf(new Map([['key', text]]))).toBeGreaterThan(bytesOf(text))
  expect(bytesOf(new Map([[text, null]]))).toBeGreaterThan(bytesOf(text))
  expect(bytesOf(Array.from({ length: 1536 }, (_, at) => at / 7))).toBeGreaterThanOrEqual(8 * 1536)
  expect(bytesOf(new Float32Array(1536))).toBeGreaterThanOrEqual(4 * 1536)
  expect(bytesOf(new Double(3))).toBeGreaterThan(bytesOf(3))
  expect(bytesOf(2n ** 62n)).toBeGreaterThan(bytesOf(2))
  for (const scalar of [null, true, false, 0, 1.5]) expect(bytesOf(scalar)).toBe(8)
})

test('nesting is no limit', () => {
  let nested: Value = 'core'
  for (let depth = 0; depth < 100_000; depth += 1) nested = [nested]
  expect(bytesOf(nested)).toBeGreaterThan(100_000 * 8)
})

test('what a JSON text holds never counts less than its texts', () => {
  const check = fc.property(fc.json(), (json) => {
    const value = parseJson(json)
    let texts = 0
    JSON.parse(json, (_key: string, item: unknown) => {
      texts += typeof item === 'string' ? item.length : 0
      return item
    })
    expect(bytesOf(value)).toBeGreaterThanOrEqual(2 * texts)
  })
  fc.assert(check)
})
