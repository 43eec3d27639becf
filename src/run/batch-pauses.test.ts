import { expect, test } from 'vitest'
import { RequestError } from '../graph/request-error.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { createPollPauses } from './batch-pauses.ts'

test('pauses grow up to the interval of the run config, and a provider may ask for longer ones', async () => {
  const clock = createVirtualClock()
  const waiting = createPollPauses({ clock, longestMs: 10_000 }).begin()
  const throttled = new RequestError('throttled', 'wait', {
    kind: 'throttled',
    retryAfterMs: 90_000,
  })
  const ends: number[] = []
  async function poll(): Promise<void> {
    for (const error of [null, null, null, null, null, null, null, throttled, null]) {
      expect(await waiting.pause(error)).toBe(true)
      ends.push(clock.now())
    }
  }
  const polled = poll()
  await clock.runUntilIdle()
  await polled
  const pauses = ends.map((end, at) => end - (ends[at - 1] ?? 0))
  expect(pauses).toEqual([1000, 1500, 2250, 3375, 5062.5, 7593.75, 10_000, 90_000, 10_000])
})

test('nothing is waited for once the run ends', async () => {
  const clock = createVirtualClock()
  const pauses = createPollPauses({ clock, longestMs: 60_000 })
  const waiting = pauses.begin()
  const paused = waiting.pause(null)
  pauses.end()
  expect(await paused).toBe(false)
  expect(await waiting.pause(null)).toBe(false)
  expect(clock.pending).toBe(0)
})
