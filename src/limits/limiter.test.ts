import { expect, test } from 'vitest'
import { createConcurrencyLimiter } from './limiter.ts'

test('a concurrency limiter gives its units and no more', () => {
  const limiter = createConcurrencyLimiter({ name: 'alias', cap: 2 })
  expect(limiter.readyAt(5)).toBe(5)
  limiter.take(5)
  const mark = limiter.take(5)
  expect(limiter.readyAt(5)).toBe(Infinity)
  expect(() => limiter.take(5)).toThrow('limiter alias has no free unit')
  limiter.release(mark, { kind: 'ok' }, 6)
  expect(limiter.readyAt(6)).toBe(6)
  expect([limiter.inFlight, limiter.limit, limiter.cap]).toEqual([1, 2, 2])
})
