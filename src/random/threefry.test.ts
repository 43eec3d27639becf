import { expect, test } from 'vitest'
import { threefry, threefryKey } from './threefry.ts'

function hex(key: readonly number[], counter: readonly number[]): string {
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = key
  const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter
  const block = new Int32Array(4)
  threefry(threefryKey(k0, k1, k2, k3), c0, c1, c2, c3, block)
  return Array.from(block, (word) => (word >>> 0).toString(16).padStart(8, '0')).join(' ')
}

// kat_vectors of Random123, threefry4x32 with 20 rounds.
test('gives the known answers', () => {
  const ones = [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff]
  expect(hex([0, 0, 0, 0], [0, 0, 0, 0])).toBe('9c6ca96a e17eae66 fc10ecd4 5256a7d8')
  expect(hex(ones, ones)).toBe('2a881696 57012287 f6c7446e a16a6732')
  expect(
    hex(
      [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    ),
  ).toBe('59cd1dbb b8879579 86b5d00c ac8b6d84')
})
