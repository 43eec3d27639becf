import { continuousFamily } from './family.ts'
import { searched, type Shares } from './frozen.ts'

/** The share above x by the integral over the real axis, evenly over the variable's logarithm. */
function shareAbove(x: number): number {
  let sum = 0
  for (const { t, log, sine } of nodes) sum += sine * Math.exp(-t * (log + x))
  return (step * sum) / Math.PI
}

const step = 0.004
const nodes = Array.from({ length: 11_000 }, (_, at) => {
  const log = -40 + at * step
  const t = Math.exp(log)
  return { t, log, sine: Math.sin(Math.PI * t) }
})

/** The share below x by the integral along a vertical line through the saddle: nothing cancels. */
function shareBelow(x: number): number {
  const real = Math.max(0.5, Math.exp(-1 - x))
  const width = 0.02
  let sum = 0
  for (let v = 0; v < 40 + 12 * Math.sqrt(real); v += width) {
    const [log, angle] = [Math.log(real * real + v * v) / 2, Math.atan2(v, real)]
    // s log s + x s - log s, where s = real + i v
    const size = real * log - v * angle + x * real - log
    const turn = real * angle + v * log + x * v - angle
    sum += Math.exp(size) * Math.cos(turn) * (v === 0 ? 0.5 : 1)
  }
  return (width * sum) / Math.PI
}

const { PI } = Math

/** Landau's law of energy loss, in the scale of scipy. */
export const landauFamilies = {
  landau: continuousFamily({}, () =>
    searched(
      (value): Shares => {
        const x = (value * PI) / 2 + Math.log(PI / 2)
        if (x < 1) {
          const below = shareBelow(x)
          return [below, 1 - below]
        }
        const above = shareAbove(x)
        return [1 - above, above]
      },
      { start: 0.6, step: 0.5 },
    ),
  ),
}
