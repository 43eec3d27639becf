import { expect, test } from 'vitest'
import { lz4, lz4Raw } from './lz4.ts'

/** "abcd" as literals, then 20 bytes from 4 back, then "xyz": a match that overlaps itself. */
const block = Uint8Array.of(0x4f, 97, 98, 99, 100, 4, 0, 1, 0x30, 120, 121, 122)
const text = `${'abcd'.repeat(6)}xyz`

function decoded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function frame(content: Uint8Array, length: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(length)
  head.writeUInt32BE(content.length, 4)
  return Buffer.concat([head, content])
}

test('a block with a match that overlaps itself', () => {
  expect(decoded(lz4Raw(block, text.length))).toBe(text)
})

test("the old codec is read as Hadoop's frames, and as a bare block", () => {
  expect(decoded(lz4(block, text.length))).toBe(text)
  expect(decoded(lz4(frame(block, text.length), text.length))).toBe(text)
  const twice = Buffer.concat([frame(block, text.length), frame(block, text.length)])
  expect(decoded(lz4(twice, 2 * text.length))).toBe(text + text)
})

test.each([
  ['a match from before the beginning', Uint8Array.of(0x10, 97, 9, 0), 8, 'outside of it'],
  ['literals that are not there', Uint8Array.of(0x50, 97), 5, 'beyond its end'],
  ['a length that is cut off', Uint8Array.of(0xf0, 255), 500, 'ends too early'],
  ['another length than told', block, 40, 'has 27 bytes, and not 40'],
  ['more than told', block, 10, 'outside of it'],
])('%s is refused', (_what, bytes, length, message) => {
  expect(() => lz4Raw(bytes, length)).toThrow(message)
})
