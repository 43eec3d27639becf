/** Rows start ≤ row < end, absolute and from 0. */
export interface Interval {
  readonly start: number
  readonly end: number
}
