import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRequestLog, type LoggedRequest, readRequests } from './request-log.ts'

const count = fc.oneof(fc.nat({ max: 5_000 }), fc.maxSafeNat())
const row = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
/** Prices per million tokens make the first form. */
const cost = fc.oneof(
  fc.constant(null),
  fc.nat({ max: 9_000_000 }).map((tokens) => (tokens * 0.15) / 1e6),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const request: fc.Arbitrary<LoggedRequest> = fc.record({
  outcome: fc.constantFrom('ok', 'failed', 'throttled', 'given-up', 'cached'),
  rows: fc
    .uniqueArray(row, { minLength: 1, maxLength: 4 })
    .map((rows) => rows.toSorted((one, other) => one - other)),
  usage: fc.record({
    inputTokens: count,
    cachedInputTokens: fc.oneof(fc.constant(0), count),
    outputTokens: count,
    reasoningTokens: fc.oneof(fc.constant(0), count),
    images: fc.oneof(fc.constant(0), count),
    cost,
  }),
})

function logOf(requests: readonly LoggedRequest[]): ReturnType<typeof createRequestLog> {
  const log = createRequestLog()
  for (const { rows, outcome, usage } of requests) {
    const [first = 0] = rows
    const sharing = rows.length > 1 ? rows.toReversed() : undefined
    log.add(first, { sharing, outcome, usage })
  }
  return log
}

test('a log of requests is read as it was written, wherever its bytes are', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1 }), (requests) => {
      const { bytes, first, last } = logOf(requests).take()
      const all = requests.flatMap(({ rows }) => rows)
      expect([first, last]).toEqual([Math.min(...all), Math.max(...all)])
      const inside = new Uint8Array([7, ...bytes, 7]).subarray(1, bytes.length + 1)
      expect(readRequests(inside)).toEqual(requests)
    }),
    { numRuns: 300 },
  )
})

test('bytes that are no log are refused, and never read without end', () => {
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 1 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      (requests, at, byte) => {
        const { bytes } = logOf(requests).take()
        const damaged = bytes.slice()
        damaged[at % bytes.length] = byte
        const found = readRequests(damaged)
        expect(found === null || found.length <= bytes.length).toBe(true)
        const cut = readRequests(bytes.subarray(0, bytes.length - 1))
        expect(cut === null || cut.length < requests.length).toBe(true)
      },
    ),
    { numRuns: 300 },
  )
})

test('a request of usual size takes a dozen bytes', () => {
  const usage = {
    inputTokens: 412,
    cachedInputTokens: 0,
    outputTokens: 187,
    reasoningTokens: 0,
    images: 0,
    // Of $0.40 and $1.60 for a million.
    cost: (412 * 0.4 + 187 * 1.6) / 1e6,
  }
  const requests = Array.from({ length: 256 }, (_, at) => ({
    outcome: 'ok' as const,
    rows: [at],
    usage,
  }))
  expect(logOf(requests).take().bytes.length / 256).toBeLessThan(12)
})
