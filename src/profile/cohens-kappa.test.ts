import { expect, test } from 'vitest'
import { cohensKappa } from './cohens-kappa.ts'

test('two readers of fifty proposals agree as published', () => {
  // The example of Wikipedia, "Cohen's kappa": 20 both yes, 15 both no, 5 and 10 apart.
  const pairs = [
    ['yes', 'yes', 20],
    ['yes', 'no', 5],
    ['no', 'yes', 10],
    ['no', 'no', 15],
  ] as const
  expect(cohensKappa(pairs)).toBeCloseTo(0.4, 12)
})

test('there is none where there is nothing to tell apart', () => {
  expect(cohensKappa([])).toBeNull()
  expect(cohensKappa([['yes', 'yes', 9]])).toBeNull()
  expect(cohensKappa([['yes', 'no', 9]])).toBe(0)
})
