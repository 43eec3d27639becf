interface Search {
  start: number
  /** Width of the first interval; it doubles until the root is inside. */
  step: number
  /** Ends that the search does not cross. */
  low?: number
  high?: number
}

/** The root of a function that grows, by Brent's method; an end when the root lies beyond it. */
export function solve(
  grows: (x: number) => number,
  { start, step, low = -Infinity, high = Infinity }: Search,
): number {
  let a = Math.min(high, Math.max(low, start))
  let atA = grows(a)
  if (atA === 0) return a
  const direction = atA < 0 ? 1 : -1
  let b = a
  let atB = atA
  for (let width = step; atB * atA > 0; width *= 2) {
    if (b === low && direction < 0) return low
    if (b === high && direction > 0) return high
    a = b
    atA = atB
    b = Math.min(high, Math.max(low, b + direction * width))
    if (!Number.isFinite(b)) return b
    atB = grows(b)
  }
  return brent(grows, [a, atA], [b, atB])
}

function brent(
  grows: (x: number) => number,
  [first, atFirst]: readonly [number, number],
  [second, atSecond]: readonly [number, number],
): number {
  let [a, atA, b, atB] = [first, atFirst, second, atSecond]
  let [c, atC] = [a, atA]
  let width = b - a
  let before = width
  for (let round = 0; round < 200; round += 1) {
    if (Math.abs(atC) < Math.abs(atB)) {
      ;[a, b, c] = [b, c, b]
      ;[atA, atB, atC] = [atB, atC, atB]
    }
    const tolerance = 2e-16 * Math.abs(b) + 1e-300
    const half = (c - b) / 2
    if (Math.abs(half) <= tolerance || atB === 0) return b
    if (Math.abs(before) >= tolerance && Math.abs(atA) > Math.abs(atB)) {
      const step = interpolated([a, atA], [b, atB], [c, atC])
      const isSound = Math.abs(step) < Math.min(1.5 * Math.abs(half), Math.abs(before) / 2)
      before = isSound && step * half > 0 ? width : half
      width = isSound && step * half > 0 ? step : half
    } else {
      width = half
      before = half
    }
    ;[a, atA] = [b, atB]
    b += Math.abs(width) > tolerance ? width : Math.sign(half) * tolerance
    atB = grows(b)
    if (atB > 0 === atC > 0) {
      ;[c, atC] = [a, atA]
      width = b - a
      before = width
    }
  }
  return b
}

type Point = readonly [place: number, value: number]

/** The step from b to where a secant, or a parabola through three points, is 0. */
function interpolated([a, atA]: Point, [b, atB]: Point, [c, atC]: Point): number {
  const s = atB / atA
  if (a === c) return (-(c - b) * s) / (s - 1) || 0
  const q = atA / atC
  const r = atB / atC
  const top = s * ((c - b) * q * (q - r) - (b - a) * (r - 1))
  const bottom = (q - 1) * (r - 1) * (s - 1)
  return -top / bottom || 0
}
