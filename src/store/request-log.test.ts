import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { noUsage } from '../graph/request.ts'
import { createRequestBuffer, requestsIn } from './request-buffer.ts'
import {
  createRequestLog,
  type LoggedRequest,
  readRequests,
  type RequestLog,
} from './request-log.ts'

const count = fc.oneof(fc.nat({ max: 5_000 }), fc.maxSafeNat())
const row = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
/** Prices per million tokens make the first form. */
const costs = fc.oneof(
  fc.constant(null),
  fc.nat({ max: 9_000_000 }).map((tokens) => (tokens * 0.15) / 1e6),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
)
const anyRequest: fc.Arbitrary<LoggedRequest> = fc.record({
  key: fc.nat({ max: 3 }),
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
    cost: costs,
  }),
})

function logOf(requests: readonly LoggedRequest[]): RequestLog {
  const log = createRequestLog()
  for (const one of requests) log.add(one)
  return log
}

/** The cost as a log has it: what computing it with doubles lost is not part of it. */
function rounded({ usage, ...request }: LoggedRequest): object {
  const { cost } = usage
  const isExact = cost === null || cost === 0
  return { ...request, usage: { ...usage, cost: isExact ? cost : close(cost) } }
}

function close(cost: number): unknown {
  return expect.toSatisfy((found: number) => Math.abs(found / cost - 1) < 1e-13)
}

test('a log of requests is read as it was written, wherever its bytes are', () => {
  fc.assert(
    fc.property(fc.array(anyRequest, { minLength: 1 }), (requests) => {
      const log = logOf(requests)
      const all = requests.flatMap(({ rows }) => rows)
      expect([log.first, log.last]).toEqual([Math.min(...all), Math.max(...all)])
      const inside = new Uint8Array([7, ...log.bytes(), 7]).subarray(1, log.length + 1)
      expect(readRequests(inside)).toEqual(requests.map(rounded))
    }),
    { numRuns: 300 },
  )
})

test('requests reach the ledger as they are, and those of no cell do not', () => {
  fc.assert(
    fc.property(fc.array(anyRequest), (requests) => {
      const buffer = createRequestBuffer()
      for (const { key, rows, outcome, usage } of requests) {
        const sharing = rows.length > 1 ? rows.toReversed() : undefined
        buffer.add({ route: 'r', column: key, row: rows[0] ?? 0, sharing, outcome, usage })
        buffer.add({ route: 'r', column: null, outcome, usage })
      }
      const expected = requests.map(({ key: column, ...rest }) => ({ column, ...rest }))
      expect([...requestsIn(buffer.take())]).toEqual(expected)
    }),
    { numRuns: 100 },
  )
})

test('bytes that are no log are refused, and never read without end', () => {
  fc.assert(
    fc.property(
      fc.array(anyRequest, { minLength: 1 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      (requests, at, byte) => {
        const bytes = logOf(requests).bytes()
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

test('a request of usual size takes seven bytes: its cost follows from those before', () => {
  const requests = Array.from({ length: 256 }, (_, at): LoggedRequest => {
    const tokens = { inputTokens: 300 + ((at * 37) % 200), outputTokens: 150 + ((at * 91) % 130) }
    const { inputTokens, outputTokens } = tokens
    const cachedInputTokens = at % 4 === 3 ? 128 : 0
    // Of $0.40, $0.10 for those that were kept, and $1.60 for a million.
    const fresh = inputTokens - cachedInputTokens
    const cost = (fresh * 0.4 + cachedInputTokens * 0.1 + outputTokens * 1.6) / 1e6
    const usage = { ...noUsage, ...tokens, cachedInputTokens, cost }
    return { key: 2, outcome: 'ok', rows: [at], usage }
  })
  const log = logOf(requests)
  expect(log.length / 256).toBeLessThan(9)
  const plain = logOf(requests.filter((_, at) => at % 4 !== 3))
  expect(plain.length / 192).toBeLessThan(7.5)
  expect(readRequests(log.bytes())).toEqual(requests.map(rounded))
})
