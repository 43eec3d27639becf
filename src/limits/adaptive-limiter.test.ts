import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AdaptiveOptions, createAdaptiveLimiter } from './adaptive-limiter.ts'
import type { Limiter } from './limiter.ts'

function adaptive(options: Partial<AdaptiveOptions> = {}): Limiter {
  return createAdaptiveLimiter({
    name: 'model',
    cap: 16,
    decrease: 0.75,
    increase: null,
    cooldownMs: 2_000,
    longestCooldownMs: 300_000,
    rampMs: 0,
    slowdownTrials: false,
    jitter: () => 0,
    ...options,
  })
}

const throttled = { kind: 'throttled', retryAfterMs: null } as const
const ok = { kind: 'ok' } as const

/** Takes all that may be had now. */
function takeAll(limiter: Limiter, now: number): number[] {
  const marks: number[] = []
  while (limiter.readyAt(now) <= now) marks.push(limiter.take(now))
  return marks
}

function releaseAll(limiter: Limiter, marks: readonly number[], now: number): void {
  for (const mark of marks) limiter.release(mark, ok, now)
}

/** Rounds of as many successes as may be in flight; answers the limit after each. */
function rounds(limiter: Limiter, count: number, start: number): number[] {
  return Array.from({ length: count }, (_, round) => {
    const now = start + round * 1_000
    releaseAll(limiter, takeAll(limiter, now), now + 500)
    return limiter.limit
  })
}

describe('a burst of 429s', () => {
  test('decreases once; its later 429s say nothing new', () => {
    const limiter = adaptive({ cap: 8, decrease: 0.5 })
    const burst = takeAll(limiter, 0)
    for (const mark of burst) limiter.release(mark, throttled, 10)
    expect([limiter.limit, limiter.inFlight]).toEqual([4, 0])
  })

  test('nothing leaves during the cool-down, whose end is known', () => {
    const limiter = adaptive()
    limiter.release(limiter.take(0), throttled, 100)
    expect(limiter.readyAt(100)).toBe(2_100)
    expect(() => limiter.take(2_099)).toThrow('no free unit')
    expect(limiter.readyAt(2_100)).toBe(2_100)
  })

  test('Retry-After is obeyed up to the longest cool-down, and never shortened by a later one', () => {
    const limiter = adaptive({ longestCooldownMs: 60_000 })
    const [first, second] = [limiter.take(0), limiter.take(0)]
    limiter.release(first, { kind: 'throttled', retryAfterMs: 7_000_000 }, 0)
    expect(limiter.readyAt(0)).toBe(60_000)
    limiter.release(second, { kind: 'throttled', retryAfterMs: 1_000 }, 10)
    expect([limiter.readyAt(10), limiter.closedUntil]).toEqual([60_000, 60_000])
  })

  test('pauses that no one declared begin short, double, and are never the same', () => {
    let chance = 0
    const limiter = adaptive({ cooldownMs: null, jitter: () => chance })
    let now = 0
    const pauses = [0.5, 0.5, 0.5, 0, 0.9].map((next) => {
      chance = next
      limiter.release(limiter.take(now), throttled, now)
      const pause = limiter.readyAt(now) - now
      now += pause
      return pause
    })
    expect(pauses).toEqual([250, 500, 1_000, 1_500, 4_800])
    for (let time = 0; time < 20; time += 1) {
      now = limiter.readyAt(now)
      limiter.release(limiter.take(now), throttled, now)
    }
    expect(limiter.readyAt(now) - now).toBeLessThanOrEqual(75_000)
  })
})

describe('after the pause', () => {
  test('a few ask first; each success lets two more go', () => {
    const limiter = adaptive({ cap: 64 })
    for (const mark of takeAll(limiter, 0)) limiter.release(mark, throttled, 0)
    expect(limiter.limit).toBe(48)
    const probes = takeAll(limiter, 2_000)
    expect(probes).toHaveLength(6)
    releaseAll(limiter, probes, 2_500)
    const more = takeAll(limiter, 2_500)
    expect(more).toHaveLength(18)
    releaseAll(limiter, more, 3_000)
    expect(takeAll(limiter, 3_000).length).toBeGreaterThanOrEqual(48)
  })

  test('refused probes keep the limit: it is closed, not too small; then a single one asks', () => {
    const limiter = adaptive({ cap: 64 })
    for (const mark of takeAll(limiter, 0)) limiter.release(mark, throttled, 0)
    for (let now = 2_000; now < 600_000; now += 2_000) {
      const probes = takeAll(limiter, now)
      expect(probes.length, `at ${now}`).toBe(now === 2_000 ? 6 : 1)
      for (const mark of probes) limiter.release(mark, throttled, now)
    }
    expect(limiter.limit).toBe(48)
    expect(rounds(limiter, 5, 600_000).at(-1)).toBeGreaterThanOrEqual(48)
  })

  test('what is not refused for a second was let in, and lets others go', () => {
    const limiter = adaptive({ cap: 64 })
    for (const mark of takeAll(limiter, 0)) limiter.release(mark, throttled, 0)
    const taken: number[] = []
    for (let now = 2_000; taken.length < 48; now = limiter.readyAt(now)) {
      limiter.take(now)
      taken.push(now)
    }
    expect([taken[5], taken[6], taken[17], taken[18], taken[47]]).toEqual([
      2_000, 3_000, 3_000, 4_000, 4_000,
    ])
  })

  test('probes that returned unused or failed do not block the next', () => {
    const limiter = adaptive({ cap: 4 })
    limiter.release(limiter.take(0), throttled, 0)
    for (const kind of ['unused', 'failed'] as const) {
      expect(limiter.readyAt(2_000)).toBe(2_000)
      limiter.release(limiter.take(2_000), { kind }, 2_000)
    }
    expect(takeAll(limiter, 2_000)).toHaveLength(1)
  })
})

describe('growing back', () => {
  test('to the limit that held within two rounds, then with patience beyond', () => {
    const limiter = adaptive({ cap: 64, cooldownMs: 1 })
    for (const mark of takeAll(limiter, 0)) limiter.release(mark, throttled, 0)
    const limits = rounds(limiter, 40, 1_000)
    expect(limits[5]).toBe(63)
    expect(limits[39]).toBe(64)
  })

  test('faster than one more per 25 successes', () => {
    const limiter = adaptive({ cap: 256, cooldownMs: 1 })
    for (const mark of takeAll(limiter, 0)) limiter.release(mark, throttled, 0)
    let successes = 0
    for (let now = 1_000; limiter.limit < 255; now += 1_000) {
      const marks = takeAll(limiter, now)
      successes += marks.length
      releaseAll(limiter, marks, now + 500)
      expect(now).toBeLessThan(60_000)
    }
    expect(successes).toBeLessThan((64 * 25) / 2)
  })

  test('by declared steps, where they are declared', () => {
    const limiter = adaptive({ increase: { units: 2, successes: 5 } })
    limiter.release(limiter.take(0), throttled, 0)
    expect(limiter.limit).toBe(12)
    const limits = Array.from({ length: 30 }, () => {
      limiter.release(limiter.take(3_000), ok, 3_000)
      return limiter.limit
    })
    expect([...new Set(limits)]).toEqual([12, 14, 16])
    expect(limits.lastIndexOf(14) - limits.indexOf(14)).toBe(4)
  })

  test('a 429 of a quota that is used up leaves the limit alone', () => {
    const limiter = adaptive({ cap: 8 })
    const limits = {
      requests: { perMinute: 60, remaining: 0, closedMs: 0 },
      tokens: null,
    }
    for (const mark of takeAll(limiter, 0)) limiter.release(mark, { ...throttled, limits }, 0)
    expect([limiter.limit, limiter.readyAt(0)]).toEqual([8, 2_000])
  })
})

describe('timeouts', () => {
  const timeout = { kind: 'failed', timedOut: true } as const

  test('many of them decrease once; one alone says nothing', () => {
    const limiter = adaptive({ cap: 16 })
    const marks = takeAll(limiter, 0)
    limiter.release(marks.pop() as number, timeout, 60_000)
    expect(limiter.limit).toBe(16)
    for (const mark of marks) limiter.release(mark, timeout, 60_000)
    expect(limiter.limit).toBe(12)
    expect(takeAll(limiter, 60_000)).toHaveLength(12)
  })

  test('a few among thousands of replies decrease nothing', () => {
    const limiter = adaptive({ cap: 16 })
    for (let reply = 0; reply < 5_000; reply += 1) {
      limiter.release(limiter.take(reply), reply % 100 === 99 ? timeout : ok, reply)
    }
    expect(limiter.limit).toBe(16)
  })
})

describe('the start', () => {
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

  test('a 429 ends the ramp; the limit continues from where it was', () => {
    const limiter = adaptive({ cap: 101, rampMs: 10_000 })
    const mark = limiter.take(0)
    limiter.release(mark, throttled, 4_000)
    expect(limiter.limit).toBe(30)
    limiter.readyAt(20_000)
    expect(limiter.limit).toBe(30)
  })

  test('without a declared ramp: 32 at once, four times as many with every round of replies', () => {
    const limiter = adaptive({ cap: 600, rampMs: null })
    expect(limiter.limit).toBe(32)
    let marks = takeAll(limiter, 0)
    const limits = [1, 2, 3].map((round) => {
      const next: number[] = []
      for (const mark of marks) {
        limiter.release(mark, ok, round)
        next.push(...takeAll(limiter, round))
      }
      marks = next
      return limiter.limit
    })
    expect(limits).toEqual([128, 512, 600])
    expect(adaptive({ cap: 20, rampMs: null }).limit).toBe(20)
  })
})

test('what is foretold for an instant can be taken then, at any time of a long-lived machine', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.double({ min: 0, max: 1e13, noNaN: true }), fc.constantFrom(0, 1, 1e10, 1e13)),
      fc.integer({ min: 1, max: 5_000 }),
      fc.oneof(fc.constant(null), fc.double({ min: 0.001, max: 1e6, noNaN: true })),
      fc.boolean(),
      fc.array(fc.nat(3), { minLength: 1, maxLength: 80 }),
      (from, cap, rampMs, startsRefused, steps) => {
        const limiter = adaptive({ cap, rampMs })
        let now = from
        const held: number[] = []
        const takeNow = (): void => void held.push(limiter.take(now))
        if (startsRefused) {
          limiter.readyAt(now)
          limiter.release(limiter.take(now), throttled, now)
        }
        for (const step of steps) {
          const at = limiter.readyAt(now)
          if (at <= now) takeNow()
          else if (at !== Infinity) {
            // What a timer that fires exactly on time does.
            now = at
            if (limiter.readyAt(now) <= now) takeNow()
          }
          const mark = step === 0 ? undefined : held.pop()
          if (mark !== undefined) limiter.release(mark, step === 1 ? throttled : ok, now)
        }
        expect(limiter.inFlight).toBe(held.length)
      },
    ),
    { numRuns: 500 },
  )
})

describe('a server that says "at once" with every 429', () => {
  /** Requests sent in so long, one after the other as soon as allowed. */
  function sentIn(ms: number, retryAfterMs: number | null, cooldownMs: number | null): number {
    const limiter = adaptive({ cap: 64, cooldownMs, jitter: () => 0.5 })
    let sent = 0
    for (let now = 0; now < ms; now = Math.max(now + 1, limiter.readyAt(now))) {
      while (limiter.readyAt(now) <= now) {
        const marks = takeAll(limiter, now)
        sent += marks.length
        const outcome = { kind: 'throttled', retryAfterMs } as const
        for (const mark of marks) limiter.release(mark, outcome, now)
      }
    }
    return sent
  }

  test.each([0, -5, Number.NaN])('Retry-After of %d is none: the own pause applies', (told) => {
    expect(sentIn(600_000, told, null)).toBe(sentIn(600_000, null, null))
    expect(sentIn(600_000, told, 2_000)).toBe(sentIn(600_000, null, 2_000))
    expect(sentIn(600_000, told, null)).toBeLessThan(64 + 8 + 20)
  })

  test('one of a millisecond is not shorter than the own pause, up to a second', () => {
    const perMinute = (sentIn(600_000, 1, null) - 64) / 10
    expect(perMinute).toBeGreaterThan(55)
    expect(perMinute).toBeLessThan(65)
  })

  test('one of seconds is obeyed as it is', () => {
    const limiter = adaptive({ cooldownMs: null })
    limiter.release(limiter.take(0), { kind: 'throttled', retryAfterMs: 3_000 }, 0)
    expect(limiter.readyAt(0)).toBe(3_000)
  })
})
