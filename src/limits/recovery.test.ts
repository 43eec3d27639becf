import { expect, test } from 'vitest'
import { createRecovery } from './recovery.ts'

/** Successes until the limit is at least so high. */
function successesTo(target: number, from: number, recovery = createRecovery()): number {
  let limit = from
  for (let successes = 1; successes < 1e6; successes += 1) {
    limit = recovery.grow(limit)
    if (limit >= target) return successes
  }
  throw new Error(`still at ${limit} after a million successes`)
}

test.each([8, 32, 128, 512])('back to the limit that held, %i, in two rounds', (held) => {
  const recovery = createRecovery()
  const decreased = Math.floor(held * 0.75)
  recovery.refused({ at: held + 1, now: decreased })
  expect(successesTo(held, decreased, recovery)).toBeLessThanOrEqual(2 * held)
})

test('most of the way in the first round', () => {
  const recovery = createRecovery()
  recovery.refused({ at: 101, now: 75 })
  expect(successesTo(96, 75, recovery)).toBeLessThan(100)
})

test('one more only after 200 successes there, and later each time the same border refuses', () => {
  const recovery = createRecovery()
  const waits = [1, 2, 3].map(() => {
    recovery.refused({ at: 33, now: 24 })
    const back = successesTo(32, 24, recovery)
    return back + successesTo(33, 32, recovery)
  })
  expect(waits[0]).toBeGreaterThan(200)
  expect(waits[1]).toBeGreaterThan(1.8 * (waits[0] as number) - 64)
  expect(waits[2]).toBeGreaterThan(1.8 * (waits[1] as number) - 64)
})

test('where nothing refuses any more it speeds up', () => {
  const recovery = createRecovery()
  recovery.refused({ at: 33, now: 24 })
  const first = successesTo(40, 24, recovery)
  const next = successesTo(64, 40, recovery)
  expect(next).toBeLessThan(2 * first)
})

test('after an overload it does not hurry back to what was too much', () => {
  const recovery = createRecovery()
  recovery.overloaded(24)
  expect(successesTo(25, 24, recovery)).toBeGreaterThan(200)
})
