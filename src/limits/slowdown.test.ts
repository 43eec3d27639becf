import { describe, expect, test } from 'vitest'
import { createSlowdownWatch, type SlowdownWatch } from './slowdown.ts'

/** Replies of an endpoint with so many always in flight, one after the other. */
function reply(
  watch: SlowdownWatch,
  { count, cap, latencyAt, tokens = () => 100 }: ReplyOptions,
): number[] {
  const limits: number[] = []
  for (let number = 0; number < count; number += 1) {
    const limit = Math.min(cap, watch.ceiling)
    const latencyMs = latencyAt(limit, number)
    // Little's law: one leaves every latency / limit.
    clock += latencyMs / limit
    watch.note(
      { latencyMs, outputTokens: tokens(number), tokens: 0, limits: null },
      { now: clock, limit, isFull: true },
    )
    limits.push(limit)
  }
  return limits
}

interface ReplyOptions {
  count: number
  cap: number
  latencyAt: (limit: number, number: number) => number
  tokens?: (number: number) => number
}

let clock = 0

/** A run that began with few in flight, as runs do. */
function begun(cap: number, latencyMs: number): SlowdownWatch {
  const watch = createSlowdownWatch(() => cap)
  reply(watch, { count: 32, cap, latencyAt: () => latencyMs })
  return watch
}

describe('requests that wait for each other', () => {
  test('are made fewer until they hardly do', () => {
    const watch = begun(128, 1_000)
    const limits = reply(watch, {
      count: 8_000,
      cap: 128,
      latencyAt: (limit) => 1_000 * Math.max(1, limit / 32),
    })
    expect(limits.at(-1)).toBeGreaterThanOrEqual(32)
    expect(limits.at(-1)).toBeLessThanOrEqual(52)
  })

  test('and more again when the endpoint gets faster', () => {
    const watch = begun(128, 1_000)
    reply(watch, { count: 8_000, cap: 128, latencyAt: (limit) => 1_000 * Math.max(1, limit / 32) })
    const limits = reply(watch, { count: 20_000, cap: 128, latencyAt: () => 1_000 })
    expect(limits.at(-1)).toBe(128)
  })
})

describe('are left alone', () => {
  test.each<[string, ReplyOptions['latencyAt'], ReplyOptions['tokens']]>([
    ['requests that are slower but gain by being many', (limit) => 1_000 + 20 * limit, undefined],
    [
      'answers of other lengths than at the start',
      (_, number) => (number < 4_000 ? 500 : 10_000),
      (number) => (number < 4_000 ? 100 : 2_300),
    ],
  ])('%s', (_, latencyAt, tokens = () => 100) => {
    const watch = begun(64, 1_000)
    const limits = reply(watch, { count: 12_000, cap: 64, latencyAt, tokens })
    const fewer = limits.filter((limit) => limit < 64).length
    expect(fewer / limits.length).toBeLessThan(0.08)
  })
})

test('a limit that is not reached is not lowered', () => {
  const watch = begun(64, 100)
  for (let number = 0; number < 5_000; number += 1) {
    clock += 10
    watch.note(
      { latencyMs: 1_000, outputTokens: 100, tokens: 0, limits: null },
      { now: clock, limit: 64, isFull: false },
    )
  }
  expect(watch.ceiling).toBe(Infinity)
})
