import { describe, expect, test } from 'vitest'
import { refusedShare, runAgainst, usedIn } from './case.ts'

const REQUESTS = 600
const TOKENS = 100_000

/** Answers of very different lengths: 40 to 1,400 tokens, 400 on average. */
function outputTokens(number: number): number {
  return 40 + ((number * 7_919) % 97) * (number % 11 === 0 ? 14 : 7)
}

describe.each(['sliding', 'bucket'] as const)('a server that counts with a %s', (counting) => {
  test.each([
    ['declared in the config', false],
    ['told by its replies', true],
  ])('600 requests a minute, %s', async (_, headers) => {
    const { server, end, engine } = await runAgainst({
      server: {
        requestsPerMinute: REQUESTS,
        tokensPerMinute: TOKENS,
        counting,
        headers,
        latencyMs: ({ number }) => 800 + ((number * 31) % 17) * 100,
      },
      rate: headers ? {} : { requests: REQUESTS, tokens: TOKENS },
      rows: 6_500,
      cap: 64,
    })
    expect(end).toEqual({ kind: 'complete' })
    expect(engine.failures).toEqual([])
    expect(server.answered).toBe(6_500)
    expect(usedIn(server, 10).requests).toBeGreaterThan(0.95 * 10 * REQUESTS)
    expect(refusedShare(server)).toBeLessThan(0.01)
  })

  test.each(
    [0, 1, 2].flatMap((shift) => [
      ['declared in the config', false, shift] as const,
      ['told by its replies', true, shift] as const,
    ]),
  )('100,000 tokens a minute, %s, answers %#', async (_, headers, shift) => {
    const { server, end, engine } = await runAgainst({
      server: {
        requestsPerMinute: REQUESTS,
        tokensPerMinute: TOKENS,
        counting,
        headers,
        outputTokens: (number) => outputTokens(number + 31 * shift),
        latencyMs: (call) => 500 + call.outputTokens * 15,
      },
      rate: headers ? {} : { requests: REQUESTS, tokens: TOKENS },
      promptCharacters: (row) => 200 + (row % 40) * 50,
      rows: 1_700,
      seed: shift + 1,
      cap: 64,
    })
    expect(end).toEqual({ kind: 'complete' })
    expect(engine.failures).toEqual([])
    expect(server.answered).toBe(1_700)
    expect(usedIn(server, 10).tokens).toBeGreaterThan(0.95 * 10 * TOKENS)
    expect(refusedShare(server)).toBeLessThan(0.01)
  })
})

test('a quota holds at a small buffer_size too', async () => {
  const { server, minutes } = await runAgainst({
    server: { requestsPerMinute: REQUESTS, latencyMs: () => 300 },
    rate: { requests: REQUESTS },
    rows: 3_000,
    cap: 64,
    groupRows: 2,
  })
  expect(server.refused).toBe(0)
  expect(server.answered / (minutes * REQUESTS)).toBeGreaterThan(0.95)
})
