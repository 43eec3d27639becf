import type { Value } from '../util/value.ts'

/** What the cells of a column are drawn from, as far as its config says so. */
export type Distribution =
  | ListedDistribution
  | ContinuousDistribution
  | DiscreteDistribution
  | UniqueDistribution

/** A list of values. */
export interface ListedDistribution {
  shape: 'listed'
  /** For people: `category of 3 values`. */
  label: string
  /** Values are cells, each there once; shares sum to 1. */
  shares: readonly { value: Value; share: number }[]
}

/** Numbers, or times in milliseconds since 1970. */
export interface ContinuousDistribution {
  shape: 'continuous'
  label: string
  of: 'number' | 'time'
  /** The share of draws that is not above a number, before rounding. */
  cdf: (value: number) => number
  rounding: Rounding | null
}

/** Whole numbers, of which there may be no end. */
export interface DiscreteDistribution {
  shape: 'discrete'
  label: string
  /** The share of draws that is not above a number. */
  cdf: (value: number) => number
}

/** How draws become cells. */
export interface Rounding {
  /** The draws that become a cell lie from the first number to the second. */
  draws: (cell: number) => readonly [number, number]
  /** The largest cell that is not above a number. */
  below: (value: number) => number
}

/** No value comes twice. */
interface UniqueDistribution {
  shape: 'unique'
  label: string
}
