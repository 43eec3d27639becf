import type { Frozen, Shares } from './frozen.ts'

/** A distribution of whole numbers by its masses, relative to one another or not. */
export function fromMasses(low: number, masses: Float64Array): Frozen {
  if (masses.length > 2 * largestTable) throw new TooWide()
  const total = masses.reduce((sum, mass) => sum + mass, 0)
  const below = new Float64Array(masses.length)
  const above = new Float64Array(masses.length)
  let sum = 0
  for (let at = 0; at < masses.length; at += 1) {
    sum += masses[at] ?? 0
    below[at] = sum / total
  }
  sum = 0
  for (let at = masses.length - 1; at >= 0; at -= 1) {
    above[at] = sum / total
    sum += masses[at] ?? 0
  }
  const last = masses.length - 1
  below[last] = 1
  const guide = guideOf(below)
  return {
    kind: 'discrete',
    low,
    high: low + last,
    shares(x) {
      const at = Math.floor(x) - low
      if (at < 0) return [0, 1]
      return at >= last ? [1, 0] : [below[at] ?? 1, above[at] ?? 0]
    },
    quantile(share) {
      let at = guide[Math.min(guide.length - 1, Math.floor(share * guide.length))] ?? 0
      // A share that is reached exactly belongs to the next value: draws are in [0, 1).
      while (at < last && (below[at] ?? 1) <= share) at += 1
      return low + at
    },
  }
}

/** Where the search for a share starts, by its first digits. */
function guideOf(below: Float64Array): Int32Array {
  const guide = new Int32Array(below.length)
  let at = 0
  for (let slot = 0; slot < guide.length; slot += 1) {
    while (at < below.length - 1 && (below[at] ?? 1) <= slot / guide.length) at += 1
    guide[slot] = at
  }
  return guide
}

/** Values a table may have. */
const largestTable = 400_000

/** A distribution of more values than are kept in a table. */
export class TooWide extends RangeError {
  constructor() {
    super(`more than ${largestTable} different values`)
    this.name = 'TooWide'
  }
}

/** Whole numbers around a mode, by the ratio of each mass to the one before it, as far as it counts. */
export function fromRatios(
  { low, high, mode }: { low: number; high: number; mode: number },
  ratio: (value: number) => number,
): Frozen {
  const upper: number[] = [1]
  for (let value = mode + 1, mass = 1; value <= high; value += 1) {
    mass *= ratio(value)
    if (!(mass > negligible)) break
    if (upper.push(mass) > largestTable) throw new TooWide()
  }
  const lower: number[] = []
  for (let value = mode, mass = 1; value > low; value -= 1) {
    mass /= ratio(value)
    if (!(mass > negligible)) break
    if (lower.push(mass) > largestTable) throw new TooWide()
  }
  return fromMasses(mode - lower.length, Float64Array.from([...lower.toReversed(), ...upper]))
}

/** Of the mass of the mode: all that is omitted is less than a draw can tell. */
const negligible = 1e-30

/** A distribution of whole numbers by its shares, however far it goes. */
export function fromShares(
  { low, high = Infinity, start = low }: { low: number; high?: number; start?: number },
  shares: (value: number) => Shares,
): Frozen {
  return {
    kind: 'discrete',
    low,
    high,
    shares(x) {
      const value = Math.floor(x)
      if (value < low) return [0, 1]
      return value >= high ? [1, 0] : shares(value)
    },
    quantile(below, above) {
      if (above <= 0) return high
      const isEnough = (value: number): boolean => {
        if (value >= high) return true
        if (value < low) return false
        const [under, over] = shares(value)
        return below <= above ? under > below : over < above
      }
      return firstThat(isEnough, start)
    },
  }
}

/** The smallest whole number from which on something holds; found from `start` on, both ways. */
function firstThat(holds: (value: number) => boolean, start: number): number {
  let [short, enough] = [start - 1, start]
  if (holds(start)) {
    for (let width = 1; holds(short) && width < 2 ** 62; width *= 2) {
      enough = short
      short -= width
    }
  } else {
    short = start
    enough = start + 1
    for (let width = 1; !holds(enough) && width < 2 ** 62; width *= 2) {
      short = enough
      enough += width
    }
  }
  while (enough - short > 1) {
    const middle = Math.floor(short + (enough - short) / 2)
    if (middle <= short || middle >= enough) break
    if (holds(middle)) enough = middle
    else short = middle
  }
  return enough
}
