import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearest } from './near-miss.ts'

const keys = ['name', 'column_type', 'drop', 'skip', 'propagate_skip', 'model_alias', 'prompt']

test.each([
  ['modle_alias', 'model_alias'],
  ['model-alias', 'model_alias'],
  ['modelAlias', 'model_alias'],
  ['Prompt', 'prompt'],
  ['promt', 'prompt'],
  ['columntype', 'column_type'],
  ['nmae', 'name'],
  ['skipp', 'skip'],
  ['model_aliases_of_all', 'model_alias'],
  ['model_alias_of_all', undefined],
  ['temperature', undefined],
  ['x', undefined],
  ['', undefined],
])('%s means %s', (word, meant) => {
  expect(nearest(word, keys)).toBe(meant)
})

test('the nearest of several wins, the earlier of equals', () => {
  expect(nearest('colour', ['colours', 'color', 'colour_'])).toBe('colours')
  expect(nearest('writer-1', ['writer-2', 'writer-3'])).toBe('writer-2')
})

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
  ['abcd', 'acbd', 1],
])('distance of %o and %o is %d', (left, right, distance) => {
  expect(editDistance(left, right)).toBe(distance)
})

test('distance is symmetric, zero only for equal words, and bounded by the longer one', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (left, right) => {
      const distance = editDistance(left, right)
      expect(distance).toBe(editDistance(right, left))
      expect(distance === 0).toBe(left === right)
      expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length))
      expect(distance).toBeGreaterThanOrEqual(Math.abs(left.length - right.length))
    }),
  )
})
