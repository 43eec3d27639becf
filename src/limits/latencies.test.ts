import { expect, test } from 'vitest'
import { addLatencies, createRecentLatencies, latencyClass, latencyQuantile } from './latencies.ts'

test('a percentile is never below what it must be, and less than a tenth above', () => {
  const times = Array.from({ length: 1_000 }, (_, at) => 3 + at * 7)
  const counts = times.map((ms) => ({ [latencyClass(ms)]: 1 })).reduce(addLatencies, {})
  for (const share of [0.01, 0.5, 0.95, 1]) {
    const exact = times[Math.ceil(share * times.length) - 1] ?? 0
    const found = latencyQuantile(counts, share) ?? 0
    expect(found).toBeGreaterThanOrEqual(exact)
    expect(found).toBeLessThan(1.1 * exact)
  }
  expect(latencyQuantile({}, 0.5)).toBeNull()
})

test('what was counted long ago counts for less', () => {
  const recent = createRecentLatencies()
  for (let at = 0; at < 10_000; at += 1) recent.add(100)
  expect(recent.count).toBeLessThan(2_000)
  for (let at = 0; at < 4_000; at += 1) recent.add(1_000)
  expect(recent.quantile(0.5)).toBeGreaterThan(999)
})
