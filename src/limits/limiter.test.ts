import { describe, expect, test } from 'vitest'
import { type AdaptiveOptions, createAdaptiveLimiter, createConcurrencyLimiter } from './limiter.ts'

function adaptive(
  options: Partial<AdaptiveOptions> = {},
): ReturnType<typeof createAdaptiveLimiter> {
  return createAdaptiveLimiter({
    name: 'model',
    cap: 16,
    decrease: 0.75,
    increase: 1,
    successesUntilIncrease: 25,
    cooldownMs: 2_000,
    longestCooldownMs: 300_000,
    rampMs: 0,
    ...options,
  })
}

const throttled = { kind: 'throttled', retryAfterMs: null } as const
const ok = { kind: 'ok' } as const

test('a concurrency limiter gives its units and no more', () => {
  const limiter = createConcurrencyLimiter({ name: 'alias', cap: 2 })
  expect(limiter.readyAt(5)).toBe(5)
  limiter.take(5)
  const mark = limiter.take(5)
  expect(limiter.readyAt(5)).toBe(Infinity)
  expect(() => limiter.take(5)).toThrow('limiter alias has no free unit')
  limiter.release(mark, ok, 6)
  expect(limiter.readyAt(6)).toBe(6)
  expect([limiter.inFlight, limiter.limit, limiter.cap]).toEqual([1, 2, 2])
})

describe('throttling', () => {
  test.each([
    [16, [12, 9, 6, 4, 3, 2, 1, 1]],
    [100, [75, 56, 42, 31, 23, 17, 12, 9, 6, 4, 3, 2, 1, 1]],
  ])('fresh 429s from %i', (cap, expected) => {
    const limiter = adaptive({ cap })
    let now = 0
    const limits = expected.map(() => {
      limiter.release(limiter.take(now), throttled, now)
      now += 2_000
      return limiter.limit
    })
    expect(limits).toEqual(expected)
  })

  test('a burst decreases once; a 429 of a request that left after it decreases again', () => {
    const limiter = adaptive({ cap: 8, decrease: 0.5 })
    const burst = Array.from({ length: 8 }, () => limiter.take(0))
    for (const mark of burst) limiter.release(mark, throttled, 10)
    expect(limiter.limit).toBe(4)
    limiter.release(limiter.take(2_010), throttled, 2_020)
    expect(limiter.limit).toBe(2)
  })

  test('nothing leaves during the cool-down, whose end is known', () => {
    const limiter = adaptive()
    limiter.release(limiter.take(0), throttled, 100)
    expect(limiter.readyAt(100)).toBe(2_100)
    expect(() => limiter.take(2_099)).toThrow('no free unit')
    expect(limiter.readyAt(2_100)).toBe(2_100)
    limiter.take(2_100)
  })

  test('Retry-After is obeyed up to the longest cool-down, and never shortened by a later one', () => {
    const limiter = adaptive({ longestCooldownMs: 60_000 })
    const [first, second] = [limiter.take(0), limiter.take(0)]
    limiter.release(first, { kind: 'throttled', retryAfterMs: 7_000_000 }, 0)
    expect(limiter.readyAt(0)).toBe(60_000)
    limiter.release(second, { kind: 'throttled', retryAfterMs: 1_000 }, 10)
    expect(limiter.readyAt(10)).toBe(60_000)
  })
})

describe('recovery', () => {
  test('one more after 25 successes, up to the cap; a 429 starts the count anew', () => {
    const limiter = adaptive()
    limiter.release(limiter.take(0), throttled, 0)
    limiter.release(limiter.take(2_000), throttled, 2_000)
    expect(limiter.limit).toBe(9)
    const succeed = (times: number): void => {
      for (let time = 0; time < times; time += 1) limiter.release(limiter.take(9_000), ok, 9_000)
    }
    succeed(24)
    expect(limiter.limit).toBe(9)
    succeed(1)
    expect(limiter.limit).toBe(10)
    succeed(25 * 100)
    expect(limiter.limit).toBe(16)
    succeed(24)
    limiter.release(limiter.take(9_000), throttled, 9_000)
    const later = 20_000
    for (let time = 0; time < 24; time += 1) limiter.release(limiter.take(later), ok, later)
    expect(limiter.limit).toBe(12)
    limiter.release(limiter.take(later), ok, later)
    expect(limiter.limit).toBe(13)
  })

  test('successes during the cool-down, failures and unused units say nothing', () => {
    const limiter = adaptive({ successesUntilIncrease: 2 })
    const marks = Array.from({ length: 4 }, () => limiter.take(0))
    limiter.release(marks.pop() as number, throttled, 0)
    for (const mark of marks) limiter.release(mark, ok, 1_000)
    expect(limiter.limit).toBe(12)
    for (const kind of ['failed', 'unused'] as const) {
      limiter.release(limiter.take(3_000), { kind }, 3_000)
      limiter.release(limiter.take(3_000), { kind }, 3_000)
    }
    expect(limiter.limit).toBe(12)
    expect(limiter.inFlight).toBe(0)
  })
})

describe('ramp', () => {
  test('grows from 1 to the cap, each step at the time that was foretold', () => {
    const limiter = adaptive({ cap: 5, rampMs: 4_000 })
    expect(limiter.limit).toBe(1)
    const taken: number[] = []
    for (let now = limiter.readyAt(0); now !== Infinity; now = limiter.readyAt(now)) {
      limiter.take(now)
      taken.push(now)
    }
    expect(taken).toEqual([0, 1_000, 2_000, 3_000, 4_000])
    expect(limiter.limit).toBe(5)
  })

  test('a 429 ends it; the limit goes on from where it was', () => {
    const limiter = adaptive({ cap: 101, rampMs: 10_000 })
    const mark = limiter.take(0)
    limiter.release(mark, throttled, 4_000)
    expect(limiter.limit).toBe(30)
    limiter.readyAt(20_000)
    expect(limiter.limit).toBe(30)
  })
})
