import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dispatchCase } from '../../test/support/dispatch.ts'
import { createConcurrencyLimiter, type Limiter, type LimiterOutcome } from './limiter.ts'
import { createRateLimiter } from './rate-limiter.ts'

function answered(
  tokens: number,
  quota?: { perMinute?: number; remaining?: number; closedMs?: number },
): LimiterOutcome {
  const told =
    quota === undefined ? null : { perMinute: null, remaining: null, closedMs: 0, ...quota }
  const limits = told === null ? null : { requests: told, tokens: told }
  return { kind: 'ok', reply: { latencyMs: 1_000, tokens, outputTokens: 0, limits } }
}

/** The largest sum of units in any window of a minute, its end excluded. */
function mostInAMinute(taken: readonly { at: number; units: number }[]): number {
  let most = 0
  let sum = 0
  let first = 0
  for (const { at, units } of taken) {
    sum += units
    // Instants are sums of floating-point steps.
    while ((taken[first]?.at ?? Infinity) <= at - 60_000 + 1e-3) {
      sum -= taken[first]?.units ?? 0
      first += 1
    }
    most = Math.max(most, sum)
  }
  return most
}

/** Takes whenever it may, for so long. */
function takeAll(
  limiter: Limiter,
  untilMs: number,
  tokensOf: (number: number) => number = () => 0,
): { at: number; units: number }[] {
  const taken: { at: number; units: number }[] = []
  for (let now = 0; ;) {
    const tokens = tokensOf(taken.length)
    now = limiter.readyAt(now, tokens)
    if (now >= untilMs) return taken
    limiter.take(now, tokens)
    taken.push({ at: now, units: limiter.counts === 'tokens' ? tokens : 1 })
  }
}

describe('requests a minute', () => {
  test.each([1, 3, 59, 60, 600, 30_000])('%i: all of them, and never one more', (perMinute) => {
    const limiter = createRateLimiter({ name: 'm', counts: 'requests', perMinute })
    const taken = takeAll(limiter, 600_000)
    expect(mostInAMinute(taken)).toBeLessThanOrEqual(perMinute)
    expect(taken.length).toBeGreaterThan(0.98 * perMinute * 10)
  })

  test('a second of them may leave at once, also after a long pause', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'requests', perMinute: 600 })
    for (const now of [0, 3_600_000]) {
      for (let count = 0; count < 10; count += 1) limiter.take(now)
      expect(() => limiter.take(now)).toThrow('limiter m has no free unit')
      expect(limiter.readyAt(now) - now).toBeCloseTo(60_000 / 591, 3)
    }
  })

  test('what never left counts nothing; what was refused does', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'requests', perMinute: 60 })
    limiter.release(limiter.take(0), { kind: 'unused' }, 0)
    limiter.release(limiter.take(0), { kind: 'throttled', retryAfterMs: null }, 0)
    expect(limiter.readyAt(0)).toBeCloseTo(1_000, 3)
    expect(limiter.inFlight).toBe(0)
  })
})

describe('tokens a minute', () => {
  test('what a reply used settles what was expected', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'tokens', perMinute: 60_000 })
    const mark = limiter.take(0, 1_000)
    limiter.release(mark, answered(3_000), 0)
    // 2,000 beyond what was there, and 500 to have, at 57,800 a minute.
    expect(limiter.readyAt(0, 500)).toBeCloseTo((2_500 / 57_800) * 60_000, 3)
    limiter.release(limiter.take(10_000, 1_000), answered(200), 10_000)
    expect(limiter.readyAt(10_000, 800)).toBe(10_000)
  })

  test('a refused request used none, one that failed all it was expected to', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'tokens', perMinute: 60_000 })
    limiter.release(limiter.take(0, 1_000), { kind: 'throttled', retryAfterMs: null }, 0)
    expect(limiter.readyAt(0, 1_000)).toBe(0)
    limiter.release(limiter.take(0, 1_000), { kind: 'failed' }, 0)
    expect(limiter.readyAt(0, 1_000)).toBeGreaterThan(1_000)
  })

  test('a request larger than the whole quota leaves once there is nothing to wait for', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'tokens', perMinute: 1_000 })
    const taken = takeAll(limiter, 3_600_000, () => 5_000)
    expect(taken.length).toBeGreaterThan(7)
    expect(taken.length).toBeLessThanOrEqual(12)
  })

  test('never more than the quota in a minute, whatever the requests; nearly all of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4_000, max: 1_000_000 }),
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 20 }),
        (perMinute, sizes) => {
          const limiter = createRateLimiter({ name: 'm', counts: 'tokens', perMinute })
          const taken = takeAll(limiter, 600_000, (at) => 1 + (sizes[at % sizes.length] ?? 0))
          expect(mostInAMinute(taken)).toBeLessThanOrEqual(perMinute + 1e-6)
          const sum = taken.reduce((all, { units }) => all + units, 0)
          const largest = Math.max(perMinute / 60, ...sizes)
          expect(sum).toBeGreaterThan(10 * (0.98 * perMinute - largest) - 2 * largest)
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** The most units that were used in the minute before a request that still left. */
function mostBeforeOne(taken: readonly { at: number; units: number }[]): number {
  let most = 0
  taken.forEach(({ at }, last) => {
    let sum = 0
    for (let before = last - 1; before >= 0; before -= 1) {
      const other = taken[before] as { at: number; units: number }
      if (other.at <= at - 60_000 + 1e-3) break
      sum += other.units
    }
    most = Math.max(most, sum)
  })
  return most
}

test('tokens a minute are a limit from 1 on: in no minute more than it in addition to one request', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20_000 })),
      fc.array(fc.nat(5_000), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0, 1e6, 1e10, 1e13),
      (perMinute, sizes, from) => {
        const limiter = createRateLimiter({ name: 'm', counts: 'tokens', perMinute })
        const taken: { at: number; units: number }[] = []
        for (let now: number = from; taken.length < 400;) {
          const units = 1 + (sizes[taken.length % sizes.length] ?? 0)
          now = Math.max(now, limiter.readyAt(now, units))
          if (now > from + 1e8) break
          limiter.take(now, units)
          taken.push({ at: now, units })
        }
        expect(taken.length).toBeGreaterThan(0)
        expect(mostBeforeOne(taken)).toBeLessThanOrEqual(perMinute + 1e-3)
        // What went beyond is waited out: over any long time it is the limit that counts.
        const { at: last } = taken.at(-1) as { at: number }
        const used = taken.slice(0, -1).reduce((sum, { units }) => sum + units, 0)
        const allowed = perMinute * ((last - from) / 60_000 + 1)
        expect(used).toBeLessThanOrEqual(allowed * 1.001 + 1)
      },
    ),
    { numRuns: 200 },
  )
})

test('a request of a hundred minutes of tokens leaves alone, the next after its debt', () => {
  const limiter = createRateLimiter({ name: 'm', counts: 'tokens', perMinute: 1 })
  limiter.take(0, 100)
  expect(limiter.readyAt(0, 100)).toBeGreaterThan(100 * 60_000)
  expect(limiter.readyAt(0, 100)).toBeLessThan(150 * 60_000)
})

describe('limits that replies tell', () => {
  test('none until then; what left before counts', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'requests', perMinute: null })
    const marks = Array.from({ length: 100 }, () => limiter.take(0))
    expect(limiter.perMinute).toBe(null)
    limiter.release(marks.pop() as number, answered(0, { perMinute: 600 }), 1_000)
    expect(limiter.perMinute).toBe(600)
    expect(limiter.readyAt(1_000)).toBeCloseTo(1_000 + (91 / 591) * 60_000, 3)
  })

  test('less left than thought is believed, more is not', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'requests', perMinute: null })
    const told = (remaining: number): LimiterOutcome => answered(0, { perMinute: 600, remaining })
    limiter.release(limiter.take(0), told(0), 0)
    expect(limiter.readyAt(0)).toBeCloseTo(60_000 / 591, 3)
    limiter.release(limiter.take(1_000), told(600), 1_000)
    limiter.release(limiter.take(1_000), told(600), 1_000)
    for (let count = 0; count < 7; count += 1) limiter.take(1_000)
    expect(limiter.readyAt(1_000)).toBeGreaterThan(1_000)
  })

  test('a quota that is used up closes it until it opens again', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'requests', perMinute: null })
    limiter.release(limiter.take(0), answered(0, { remaining: 0, closedMs: 5_000 }), 100)
    expect([limiter.readyAt(100), limiter.closedUntil]).toEqual([5_100, 5_100])
    expect(limiter.readyAt(5_100)).toBe(5_100)
  })

  test('a declared limit is not changed by replies', () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'requests', perMinute: 60 })
    limiter.release(limiter.take(0), answered(0, { perMinute: 6_000, remaining: 5_999 }), 0)
    expect(limiter.perMinute).toBe(60)
  })
})

test('10,000 waiters: one timer, and one callback per unit', async () => {
  const state = dispatchCase([
    {
      name: 'm',
      limiters: [
        createConcurrencyLimiter({ name: 'm', cap: 64 }),
        createRateLimiter({ name: 'm', counts: 'requests', perMinute: 6 }),
      ],
    },
  ])
  for (let id = 0; id < 10_000; id += 1) state.add(0, { id, group: 0, depth: 0, holdMs: 60_000 })
  state.dispatch()
  expect([state.started.length, state.wakings, state.clock.pending]).toEqual([1, 0, 2])
  await state.clock.advance(9_999)
  expect([state.started.length, state.wakings, state.clock.pending]).toEqual([1, 0, 2])
  await state.clock.advance(20_001)
  expect([state.started.length, state.wakings, state.clock.pending]).toEqual([4, 3, 5])
})

test('a line that waits for tokens does not hold up another', async () => {
  const tokens = createRateLimiter({ name: 'm', counts: 'tokens', perMinute: 6_000 })
  const shared = createConcurrencyLimiter({ name: 'endpoint', cap: 4 })
  const state = dispatchCase([
    { name: 'limited', limiters: [tokens, shared] },
    { name: 'free', limiters: [shared] },
  ])
  for (let id = 0; id < 4; id += 1) {
    state.add(0, { id, group: 0, depth: 0, holdMs: 10, tokens: () => 600 })
    state.add(1, { id: 10 + id, group: 5, depth: 0, holdMs: 10 })
  }
  state.dispatch()
  expect(state.started.map(({ id }) => id)).toEqual([0, 10, 11, 12])
  await state.clock.runUntilIdle()
  expect(state.started).toHaveLength(8)
  expect(tokens.inFlight).toBe(0)
})
