import type { Constraint } from '../graph/kind.ts'

/** The numbers that bounds leave. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** Whether the ends themselves are omitted. */
  readonly lowOpen: boolean
  readonly highOpen: boolean
}

export const everything: Interval = {
  low: -Infinity,
  high: Infinity,
  lowOpen: false,
  highOpen: false,
}

/** What one more bound leaves. */
export function narrowed(
  interval: Interval,
  operator: Constraint['operator'],
  bound: number,
): Interval {
  const isOpen = operator === 'lt' || operator === 'gt'
  if (operator === 'lt' || operator === 'le') {
    if (bound > interval.high) return interval
    const highOpen = isOpen || (bound === interval.high && interval.highOpen)
    return { ...interval, high: bound, highOpen }
  }
  if (bound < interval.low) return interval
  const lowOpen = isOpen || (bound === interval.low && interval.lowOpen)
  return { ...interval, low: bound, lowOpen }
}

export function isWithin({ low, high, lowOpen, highOpen }: Interval, value: number): boolean {
  return (lowOpen ? value > low : value >= low) && (highOpen ? value < high : value <= high)
}

export function isEmpty({ low, high, lowOpen, highOpen }: Interval): boolean {
  return !(low < high || (low === high && !lowOpen && !highOpen))
}

/** `at least 3`, `above 3 and at most 5`. */
export function intervalText(
  { low, high, lowOpen, highOpen }: Interval,
  show: (value: number) => string = String,
): string {
  const from = low === -Infinity ? null : `${lowOpen ? 'above' : 'at least'} ${show(low)}`
  const to = high === Infinity ? null : `${highOpen ? 'below' : 'at most'} ${show(high)}`
  return [from, to].filter((part) => part !== null).join(' and ') || 'any number'
}

/** How draws become cells: multiples of `size`, each for the draws at most `reach` from it. */
export interface Grid {
  readonly size: number
  readonly reach: number
}

/** The ends of what is left of an interval on a grid; both belong to it, and may be crossed. */
export function onGrid(interval: Interval, { size }: Grid): { low: number; high: number } {
  const { low, high, lowOpen, highOpen } = interval
  return {
    low: Number.isFinite(low) ? firstFrom(low / size, lowOpen) * size : low,
    high: Number.isFinite(high) ? -firstFrom(-high / size, highOpen) * size : high,
  }
}

/** The first whole number from a place on; a place that is one but for rounding counts as one. */
function firstFrom(place: number, open: boolean): number {
  const nearest = Math.round(place)
  const isWhole = Math.abs(place - nearest) <= 1e-9 * Math.max(1, Math.abs(place))
  if (!isWhole) return Math.ceil(place)
  return open ? nearest + 1 : nearest
}
