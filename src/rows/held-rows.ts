import type { Interval } from '../plan/interval.ts'

/** Rows whose inputs from outside (a seed) are in memory until they are released. */
export interface HeldRows {
  /** The row behind the last one held; at least one is. */
  end: number
  readonly release: () => void
}

/**
 * Gets the first of the given rows into memory, as many as fit a bounded window; answers at once
 * when they are there.
 */
export type HoldRows = (rows: Interval) => HeldRows | Promise<HeldRows>

const nothing = (): void => undefined

/** For runs that read nothing from outside. */
export const holdNothing: HoldRows = ({ end }) => ({ end, release: nothing })
