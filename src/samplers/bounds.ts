import { CellFailure } from '../graph/failure.ts'
import type { Row } from '../graph/kind.ts'
import type { Random } from '../random/random.ts'
import type { Value } from '../util/value.ts'
import { conversionOf, sampleTypeOf, type SamplerColumn } from './column.ts'
import {
  everything,
  type Grid,
  type Interval,
  intervalText,
  isWithin,
  narrowed,
  onGrid,
} from './number-interval.ts'
import { drawBetween } from './scipy/draw-frozen.ts'

/** Draws of a row until one is within its bounds. */
const mostAttempts = 10_000

/** How the draws of a branch become cells; null where they stay as they are. */
export function gridOf(column: SamplerColumn, params: unknown): Grid | null {
  const { sampler } = column
  const places = sampler.decimalPlaces?.(params) ?? null
  const drawn = sampleTypeOf(column)
  const output = conversionOf(column)?.output
  const coarse = places === null ? 1 : 10 ** -Math.min(0, places)
  if (drawn === 'int64') return { size: coarse, reach: coarse > 1 ? coarse / 2 : 0 }
  // Rounded to whole numbers, and then to tens or hundreds.
  if (output === 'int64') return { size: coarse, reach: coarse > 1 ? coarse / 2 + 0.5 : 0.5 }
  return places === null ? null : { size: 10 ** -places, reach: 10 ** -places / 2 }
}

/** The draws that become cells of an interval. */
export function drawsFor(interval: Interval, grid: Grid | null): { low: number; high: number } {
  if (grid === null) return interval
  const { low, high } = onGrid(interval, grid)
  return { low: low - grid.reach, high: high + grid.reach }
}

/** The bounds that are numbers; those by other columns differ from row to row. */
export function fixedInterval({ constraints }: Pick<SamplerColumn, 'constraints'>): Interval {
  return constraints.reduce(
    (interval, { operator, rhs }) =>
      typeof rhs === 'number' ? narrowed(interval, operator, rhs) : interval,
    everything,
  )
}

export interface BoundedDraw {
  column: SamplerColumn
  params: unknown
  /** Draws without bounds. */
  sample: (random: Random, row: Row) => Value
  /** A draw as the number that bounds are compared with: that of its cell. */
  comparable: (value: Value) => number
  /** The same of another column's cell. */
  bound: (name: string) => (row: Row) => number
}

/**
 * Draws of a branch whose cells are within the column's bounds.
 *
 * Where the distribution has an inverse, only what lies within is drawn. The rest is drawn again, by
 * the row's further draws: so a cell depends on its row and the columns it is compared with, as ever.
 */
export function drawWithin(options: BoundedDraw): (random: Random, row: Row) => Value {
  const { column, params, sample, comparable } = options
  const frozen = column.sampler.frozen?.(params) ?? null
  const grid = gridOf(column, params)
  const others = column.constraints.flatMap(({ operator, rhs }) =>
    typeof rhs === 'string' ? [{ operator, name: rhs, value: options.bound(rhs) }] : [],
  )
  const fixed = fixedInterval(column)

  function drawInside(interval: Interval): typeof sample | null {
    if (frozen === null) return sample
    const { low, high } = drawsFor(interval, grid)
    return drawBetween(frozen, low, high)
  }

  const fixedDraw = others.length === 0 ? drawInside(fixed) : null
  return (random, row) => {
    let interval = fixed
    for (const { operator, name, value } of others) {
      const number = value(row)
      if (Number.isNaN(number)) throw unmet(column, `'${name}' is not a number in this row`)
      interval = narrowed(interval, operator, number)
    }
    const draw = others.length === 0 ? fixedDraw : drawInside(interval)
    if (draw === null) throw unmet(column, `nothing is ${intervalText(interval)}`)
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const value = draw(random, row)
      if (isWithin(interval, comparable(value))) return value
    }
    throw unmet(column, `none of ${mostAttempts} draws was within them`)
  }
}

function unmet({ name }: SamplerColumn, why: string): CellFailure {
  return new CellFailure('constraint-unmet', `the constraints of '${name}' can't be met: ${why}`)
}
