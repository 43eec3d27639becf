import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVirtualClock } from './virtual-clock.ts'

test('timers fire in the order of time, then of making', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 40 }), async (delays) => {
      const clock = createVirtualClock()
      const fired: [number, number][] = []
      for (const [index, delay] of delays.entries()) {
        clock.after(delay, () => fired.push([clock.now(), index]))
      }
      await clock.runUntilIdle()
      const expected = delays
        .map((delay, index): [number, number] => [delay, index])
        .sort(([a, i], [b, j]) => a - b || i - j)
      expect(fired).toEqual(expected)
      expect(clock.pending).toBe(0)
    }),
    { numRuns: 50 },
  )
})

test('time stands still until it is moved, and stops where it was told to', async () => {
  const clock = createVirtualClock({ wallTime: 1000 })
  const fired: string[] = []
  clock.after(10, () => fired.push('ten'))
  clock.after(11, () => fired.push('eleven'))
  expect(clock.now()).toBe(0)
  await clock.advance(10)
  expect(fired).toEqual(['ten'])
  expect([clock.now(), clock.wallTime(), clock.pending]).toEqual([10, 1010, 1])
  await clock.advance(0.5)
  expect(fired).toEqual(['ten'])
  await clock.advance(100)
  expect(fired).toEqual(['ten', 'eleven'])
  expect(clock.now()).toBe(110.5)
})

test('promises and soon-callbacks settle before time moves', async () => {
  const clock = createVirtualClock()
  const seen: string[] = []
  async function chain(): Promise<void> {
    for (let depth = 0; depth < 50; depth++) await Promise.resolve()
    seen.push(`promises at ${clock.now()}`)
    clock.soon(() => clock.soon(() => seen.push(`nested at ${clock.now()}`)))
  }
  clock.after(1, () => {
    seen.push('timer')
    clock.soon(() => seen.push(`soon at ${clock.now()}`))
    void chain()
  })
  clock.after(1, () => seen.push('same instant'))
  clock.after(2, () => seen.push('later'))
  await clock.runUntilIdle()
  expect(seen).toEqual([
    'timer',
    'promises at 1',
    'soon at 1',
    'nested at 1',
    'same instant',
    'later',
  ])
})

test('a chain of timers made on the way fires within one advance', async () => {
  const clock = createVirtualClock()
  let count = 0
  const again = (): void => {
    count++
    clock.after(10, again)
  }
  clock.after(10, again)
  await clock.advance(1000)
  expect(count).toBe(100)
  await expect(clock.runUntilIdle({ maxMs: 50 })).rejects.toThrow(/not idle after 50 ms/)
})

test('a cancelled timer never fires and is not pending', async () => {
  const clock = createVirtualClock()
  let fired = 0
  const timers = [1, 2, 3].map((delay) => clock.after(delay, () => fired++))
  timers[1]?.cancel()
  timers[1]?.cancel()
  expect(clock.pending).toBe(2)
  await clock.runUntilIdle()
  timers[0]?.cancel()
  expect([fired, clock.pending, clock.now()]).toEqual([2, 0, 3])
})

test('what a callback throws reaches whoever moves time', async () => {
  const clock = createVirtualClock()
  clock.after(5, () => {
    throw new Error('from the callback')
  })
  await expect(clock.advance(10)).rejects.toThrow('from the callback')
})
