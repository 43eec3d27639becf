import { expect, test } from 'vitest'
import { noUsage } from '../graph/request.ts'
import { createTokenEstimate } from './token-estimate.ts'

function usage(inputTokens: number, outputTokens: number) {
  return { ...noUsage, inputTokens, outputTokens }
}

test('before the first reply: four characters a token, and an answer of a usual length', () => {
  expect(createTokenEstimate(null).expected(400)).toBe(356)
  expect(createTokenEstimate(20).expected(400)).toBe(120)
})

test('replies teach how long answers are and how many characters a token has', () => {
  const estimate = createTokenEstimate(null)
  expect(estimate.learn(600, usage(200, 1_000))).toBe(1_200)
  expect(estimate.expected(300)).toBe(1_100)
  for (let reply = 0; reply < 500; reply += 1) estimate.learn(300, usage(100, 40))
  expect(estimate.expected(300)).toBe(141)
})

test('an answer is never expected to be longer than max_tokens', () => {
  const estimate = createTokenEstimate(50)
  estimate.learn(0, usage(10, 900))
  expect(estimate.expected(0)).toBe(50)
})

test('a provider that does not count used what was expected', () => {
  const estimate = createTokenEstimate(100)
  expect(estimate.learn(400, usage(0, 0))).toBe(200)
  expect(estimate.expected(400)).toBe(200)
})
