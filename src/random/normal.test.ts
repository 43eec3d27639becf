import { expect, test } from 'vitest'
import { normalQuantile } from './normal.ts'

// Known quantiles of the standard normal: both tails, the seams at 0.075 and r = 5, the centre.
test.each([
  [0.5, 0],
  [0.25, -0.6744897501960817],
  [0.001, -3.090232306167813],
  [1e-20, -9.262340089798409],
  [0.975, 1.959963984540054],
  [0.9, 1.2815515655446004],
  [0.05, -1.6448536269514729],
  [1e-10, -6.361340902404056],
])('quantile of %d is %d', (probability, expected) => {
  expect(Math.abs(normalQuantile(probability) - expected)).toBeLessThanOrEqual(
    4e-15 * Math.max(1, Math.abs(expected)),
  )
})

test('is odd around one half and finite at the ends of what uniform() gives', () => {
  for (const distance of [0.1, 0.3, 0.42, 0.43, 0.49, 0.4999]) {
    expect(normalQuantile(0.5 + distance)).toBeCloseTo(-normalQuantile(0.5 - distance), 11)
  }
  expect(normalQuantile(0)).toBeCloseTo(-8.29, 2)
  expect(normalQuantile(1 - 2 ** -53)).toBeCloseTo(8.21, 2)
})
