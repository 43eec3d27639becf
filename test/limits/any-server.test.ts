import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { refusedShare, runAgainst } from './case.ts'

const servers = fc.record({
  slots: fc.option(fc.integer({ min: 1, max: 40 })),
  requestsPerMinute: fc.option(fc.integer({ min: 30, max: 3_000 })),
  tokensPerMinute: fc.option(fc.integer({ min: 5_000, max: 500_000 })),
  counting: fc.constantFrom('sliding' as const, 'bucket' as const),
  headers: fc.boolean(),
  retryAfter: fc.boolean(),
  declared: fc.boolean(),
  outage: fc.option(fc.record({ from: fc.nat(30_000), ms: fc.integer({ min: 1, max: 900_000 }) })),
  timesOutBeyond: fc.option(fc.integer({ min: 4, max: 30 })),
  cap: fc.integer({ min: 1, max: 80 }),
  rows: fc.integer({ min: 1, max: 120 }),
  groupRows: fc.integer({ min: 1, max: 50 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
})

test('whatever a server does that waiting can cure, every row is made', async () => {
  await fc.assert(
    fc.asyncProperty(servers, async (shape) => {
      const { slots, requestsPerMinute, tokensPerMinute, outage, timesOutBeyond } = shape
      const { engine, server, end } = await runAgainst({
        server: {
          counting: shape.counting,
          headers: shape.headers,
          retryAfter: shape.retryAfter,
          ...(slots === null ? {} : { slots }),
          ...(requestsPerMinute === null ? {} : { requestsPerMinute }),
          ...(tokensPerMinute === null ? {} : { tokensPerMinute }),
          closedMs: (now) =>
            outage === null || now < outage.from ? 0 : Math.max(0, outage.from + outage.ms - now),
          timesOut: ({ inFlight }) => timesOutBeyond !== null && inFlight > timesOutBeyond,
          latencyMs: ({ number }) => 50 + ((number * 31) % 40) * 50,
          outputTokens: (number) => 5 + ((number * 17) % 60) * 5,
        },
        rate: shape.declared ? { requests: requestsPerMinute, tokens: tokensPerMinute } : {},
        rows: shape.rows,
        groupRows: shape.groupRows,
        cap: shape.cap,
        seed: shape.seed,
      })
      expect(end).toEqual({ kind: 'complete' })
      expect(engine.failures).toEqual([])
      expect(engine.cells).toHaveLength(shape.rows)
      expect(server.inFlight).toBe(0)
      expect(server.maxInFlight).toBeLessThanOrEqual(shape.cap)
      // Declared limits and nothing else that refuses: almost nothing is refused.
      const tokensOfLargest = 400
      const isKnown = shape.declared && slots === null && outage === null
      const isTight = (tokensPerMinute ?? Infinity) < 40 * tokensOfLargest
      expect(refusedShare(server)).toBeLessThan(isKnown && !isTight ? 0.05 : 1)
    }),
    { numRuns: 60 },
  )
})
