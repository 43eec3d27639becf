import { describe, expect, test } from 'vitest'
import { type Breaker, createBreaker } from './breaker.ts'
import type { Evidence, LimiterOutcome } from './limiter.ts'

function failed(evidence: Evidence | null, firstTryOf: number | null = null): LimiterOutcome {
  return { kind: 'failed', evidence, firstTryOf }
}

const ok: LimiterOutcome = { kind: 'ok' }
const gone = failed('unreachable')

function breaker(opensFor: 'unreachable' | 'failing'): Breaker {
  return createBreaker({ name: 'endpoint', opensFor, jitter: () => 0 })
}

/** Requests one after the other, each of which ends at once. */
function pass(one: Breaker, now: number, ...outcomes: readonly LimiterOutcome[]): void {
  for (const outcome of outcomes) one.release(one.take(now), outcome, now)
}

describe('an endpoint that can’t be reached', () => {
  test('is away after three refusals in a row; answers in between count from the start', () => {
    const one = breaker('unreachable')
    pass(one, 0, gone, gone, ok, gone, gone, failed('fails', 1), gone, gone)
    expect([one.openSince, one.readyAt(0)]).toEqual([null, 0])
    pass(one, 10, gone)
    expect([one.openSince, one.readyAt(10), one.nextProbeAt]).toEqual([0, 1_010, 1_010])
    expect(() => one.take(10)).toThrow('no free unit')
  })

  test('is asked by one at a time, after pauses of one to five seconds', () => {
    const one = breaker('unreachable')
    pass(one, 0, gone, gone, gone)
    const pauses: number[] = []
    for (let now = 0; pauses.length < 6;) {
      const at = one.readyAt(now)
      pauses.push(at - now)
      const mark = one.take(at)
      expect([one.readyAt(at + 5_000), one.nextProbeAt, one.probeSince]).toEqual([
        Infinity,
        null,
        at,
      ])
      one.release(mark, gone, at)
      now = at
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
  })

  test('is back with the first answer, whatever it says', () => {
    for (const answer of [
      ok,
      failed('answers'),
      failed('fails'),
      { kind: 'throttled', retryAfterMs: null } as const,
    ]) {
      const one = breaker('unreachable')
      pass(one, 0, gone, gone, gone)
      pass(one, 1_000, answer)
      expect([one.openSince, one.readyAt(1_000), one.inFlight]).toEqual([null, 1_000, 0])
    }
  })

  test('a connection that breaks does not say that it is back', () => {
    const one = breaker('unreachable')
    pass(one, 0, gone, gone, gone)
    pass(one, 1_000, failed('silent', 1))
    expect([one.openSince, one.nextProbeAt]).toEqual([0, 3_000])
  })

  test('one that asked and never left lets the next one ask at once', () => {
    const one = breaker('unreachable')
    pass(one, 0, gone, gone, gone)
    pass(one, 1_000, { kind: 'unused' })
    expect(one.readyAt(1_000)).toBe(1_000)
  })
})

describe('an endpoint that fails', () => {
  const rows = (...numbers: readonly number[]): LimiterOutcome[] =>
    numbers.map((row) => failed(row % 2 === 0 ? 'fails' : 'silent', row))

  test('is away after five different rows that failed at first try, with no answer in between', () => {
    const one = breaker('failing')
    pass(one, 0, ...rows(1, 2, 3, 4), ok, ...rows(1, 2, 3, 4))
    // The same rows again, in other columns or at a later try, say nothing new.
    pass(one, 5, ...rows(4, 3, 2, 1), failed('fails'), failed('silent'), gone, failed(null, 9))
    expect(one.openSince).toBe(null)
    pass(one, 7, ...rows(5))
    expect([one.openSince, one.readyAt(7)]).toEqual([0, 1_007])
  })

  test('answers to what left before let one more ask for each, and do not close it', () => {
    const one = breaker('failing')
    const before = [one.take(0), one.take(0)]
    pass(one, 0, ...rows(1, 2, 3, 4, 5))
    expect(one.readyAt(10)).toBe(1_000)
    for (const mark of before) one.release(mark, ok, 10)
    const asking = [one.take(10), one.take(10)]
    expect([one.openSince, one.readyAt(10)]).toEqual([0, Infinity])
    one.release(asking[0] as number, failed('fails', 6), 20)
    expect([one.openSince, one.probeSince]).toEqual([0, 10])
    one.release(asking[1] as number, ok, 30)
    expect([one.openSince, one.readyAt(30), one.inFlight]).toEqual([null, 30, 0])
  })

  test('once three asked in vain, such answers let no one ask any more', () => {
    const one = breaker('failing')
    const before = Array.from({ length: 10 }, () => one.take(0))
    pass(one, 0, ...rows(1, 2, 3, 4, 5))
    let asked = 0
    for (const mark of before) {
      one.release(mark, ok, 10)
      if (one.readyAt(10) > 10) continue
      asked += 1
      one.release(one.take(10), failed('fails', 9), 10)
    }
    expect([asked, one.openSince, one.inFlight]).toEqual([3, 0, 0])
    expect(one.readyAt(10)).toBe(5_010)
  })

  test('one of an earlier outage does not speak for this one', () => {
    const one = breaker('failing')
    pass(one, 0, ...rows(1, 2, 3, 4, 5))
    const slow = one.take(1_000)
    // Closed by another choice's request of the same opening.
    one.release(slow, ok, 1_500)
    expect(one.openSince).toBe(null)
    const late = one.take(1_600)
    pass(one, 1_700, ...rows(6, 7, 8, 9, 10))
    one.release(late, failed('fails', 11), 1_800)
    expect([one.openSince, one.nextProbeAt]).toEqual([1_700, 2_700])
  })
})
