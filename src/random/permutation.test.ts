import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPermutation } from './permutation.ts'

test('is a bijection of [0, n), the same for the same key', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.string(),
      fc.integer({ min: 1, max: 300 }),
      (seed, stream, size) => {
        const permutation = createPermutation(seed, stream, size)
        const again = createPermutation(seed, stream, size)
        const images = new Set<number>()
        for (let index = 0; index < size; index += 1) {
          const image = permutation(index)
          expect(image).toBe(again(index))
          expect(image).toBeGreaterThanOrEqual(0)
          expect(image).toBeLessThan(size)
          images.add(image)
        }
        expect(images.size).toBe(size)
      },
    ),
    { numRuns: 60 },
  )
})

test.each([1, 2, 3, 4, 5, 6])('all orders of %d things are about equally likely', (size) => {
  const keys = 12_000
  const orders = new Map<string, number>()
  let possible = 1
  for (let factor = 2; factor <= size; factor += 1) possible *= factor
  for (let key = 0; key < keys; key += 1) {
    const permutation = createPermutation(BigInt(key), 'seed rows', size)
    const order = Array.from({ length: size }, (_, index) => permutation(index)).join()
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  expect(orders.size).toBe(possible)
  const expected = keys / possible
  let chi2 = 0
  for (const count of orders.values()) chi2 += (count - expected) ** 2 / expected
  const freedom = possible - 1
  expect(chi2).toBeLessThanOrEqual(freedom + 4.5 * Math.sqrt(2 * freedom))
})

test('every index goes everywhere about equally often', () => {
  const size = 37
  const keys = 8_000
  for (const index of [0, 1, 18, 36]) {
    const counts = new Float64Array(size)
    for (let key = 0; key < keys; key += 1) {
      const image = createPermutation(BigInt(key), 'seed', size)(index)
      counts[image] = (counts[image] ?? 0) + 1
    }
    const chi2 = counts.reduce((sum, n) => sum + (n - keys / size) ** 2 / (keys / size), 0)
    expect(chi2).toBeLessThan(size - 1 + 4.5 * Math.sqrt(2 * (size - 1)))
  }
})

test.each([2 ** 32, 1_000_003, 10 ** 12, 2 ** 53 - 1, 2 ** 53])('holds up to size %d', (size) => {
  const permutation = createPermutation(5n, 'big', size)
  const images = new Set<number>()
  for (let step = 0; step < 500; step += 1) {
    images.add(permutation(step))
    images.add(permutation(size - 1 - step))
  }
  expect(images.size).toBe(1000)
  for (const image of images) expect(Number.isSafeInteger(image) && image < size).toBe(true)
  const middle = [...images].filter((image) => image < size / 2).length
  expect(Math.abs(middle - 500)).toBeLessThan(80)
})

test('refuses sizes and indexes that are none', () => {
  for (const size of [0, -1, 1.5, 2 ** 53 + 2]) {
    expect(() => createPermutation(1n, 's', size)).toThrow('A permutation has 1 to 2^53')
  }
  const permutation = createPermutation(1n, 's', 5)
  for (const index of [-1, 5, 0.5]) expect(() => permutation(index)).toThrow('[0, 5)')
})
