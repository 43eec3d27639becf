import { CellFailure } from '../graph/failure.ts'
import type { Value } from '../util/value.ts'
import { gridOf } from './bounds.ts'
import { type DatetimeUnit, nextUnit, truncate } from './calendar.ts'
import { branchesOf, conversionOf, sampleTypeOf, type SamplerColumn } from './column.ts'
import { cellShares } from './declare-distribution.ts'
import type { InstantRange } from './define.ts'
import { type Grid, type Interval, onGrid } from './number-interval.ts'
import { isScalar, numberOf } from './scalar-type.ts'
import { shareOf } from './scipy/draw-frozen.ts'
import type { Frozen } from './scipy/frozen.ts'
import { datePattern, finestUnit } from './strftime.ts'

/** One end of what cells may be. */
export interface End {
  readonly value: number
  /** Whether the end itself is omitted. */
  readonly isOpen: boolean
}

/** The cells that draws may become, as the numbers that bounds are compared with. */
export interface CellDomain {
  readonly low: number
  readonly high: number
  /** Where its cells begin within a lower end; infinite where there are none. */
  readonly from: (end: End) => End
  /** Where they end within an upper end. */
  readonly upTo: (end: End) => End
  /** Whether any of its cells is likely to be within bounds. */
  readonly leaves: (interval: Interval) => boolean
  /** No two draws are ever equal. */
  readonly isContinuous: boolean
}

type FindSampler = (name: string) => SamplerColumn | null

/** The cells of one parameter object of a column. */
export function branchDomain(
  column: SamplerColumn,
  params: unknown,
  find: FindSampler,
): CellDomain {
  const { sampler } = column
  if (sampleTypeOf(column) === 'instant') {
    const range = instantsOf(column, params, find, new Set())
    return range === null ? anything : dates(range, textUnit(column))
  }
  const shares = cellShares(column, params)
  if (shares !== null) {
    return listed(shares.flatMap(({ value, share }) => (share > 0 ? [numberOf(value)] : [])))
  }
  const values = sampler.listed?.(params)
  if (values !== undefined) return listed(values.flatMap((value) => cellOf(column, params, value)))
  const grid = gridOf(column, params)
  const frozen = sampler.frozen?.(params) ?? null
  if (frozen !== null) return drawn(frozen, grid)
  const pieces = sampler.pieces?.(params).map((piece) => {
    return typeof piece === 'number' ? listed(cellOf(column, params, piece)) : drawn(piece, grid)
  })
  return pieces === undefined || pieces.length === 0 ? anything : together(pieces)
}

/** The cells of a column under all of its conditions. */
export function columnDomain(column: SamplerColumn, find: FindSampler): CellDomain {
  return together(branchesOf(column).map((params) => branchDomain(column, params, find)))
}

/** The unit that dates are compared by: the finest one that their text tells. */
export function textUnit({ convertTo }: SamplerColumn): DatetimeUnit {
  return finestUnit(datePattern(convertTo)) ?? 's'
}

export function isCoarser(one: DatetimeUnit, other: DatetimeUnit): boolean {
  return nextUnit(0, one) > nextUnit(0, other)
}

function together(domains: readonly CellDomain[]): CellDomain {
  const [first] = domains
  if (first === undefined) return anything
  if (domains.length === 1) return first
  return {
    low: Math.min(...domains.map(({ low }) => low)),
    high: Math.max(...domains.map(({ high }) => high)),
    from: (end) => domains.map(({ from }) => from(end)).reduce((a, b) => (isLess(a, b) ? a : b)),
    upTo: (end) => domains.map(({ upTo }) => upTo(end)).reduce((a, b) => (isMore(a, b) ? a : b)),
    leaves: (interval) => domains.some(({ leaves }) => leaves(interval)),
    isContinuous: domains.every(({ isContinuous }) => isContinuous),
  }
}

/** Whether a lower end leaves more. */
function isLess(one: End, other: End): boolean {
  return one.value < other.value || (one.value === other.value && !one.isOpen)
}

/** Whether an upper end leaves more. */
function isMore(one: End, other: End): boolean {
  return one.value > other.value || (one.value === other.value && !one.isOpen)
}

const none: End = { value: Infinity, isOpen: false }
const noneBelow: End = { value: -Infinity, isOpen: false }

/** Of columns of which nothing is known. */
const anything: CellDomain = {
  low: -Infinity,
  high: Infinity,
  from: (end) => end,
  upTo: (end) => end,
  leaves: () => true,
  isContinuous: false,
}

/** Cells that can be counted, by the first one from an end on, and the last one up to an end. */
function steps(
  [low, high]: readonly [number, number],
  first: (end: End) => number,
  last: (end: End) => number,
): CellDomain {
  const from = (end: End): End => {
    const value = end.value < low ? low : first(end)
    return value <= high ? { value, isOpen: false } : none
  }
  const upTo = (end: End): End => {
    const value = end.value > high ? high : last(end)
    return value >= low ? { value, isOpen: false } : noneBelow
  }
  return {
    low,
    high,
    from,
    upTo,
    leaves: ({ low: least, lowOpen, high: most, highOpen }) =>
      from({ value: least, isOpen: lowOpen }).value <=
      upTo({ value: most, isOpen: highOpen }).value,
    isContinuous: false,
  }
}

function listed(numbers: readonly number[]): CellDomain {
  const sorted = numbers.filter((number) => !Number.isNaN(number)).toSorted((a, b) => a - b)
  const ends = [sorted[0] ?? Infinity, sorted.at(-1) ?? -Infinity] as const
  return steps(
    ends,
    ({ value, isOpen }) =>
      sorted.find((number) => (isOpen ? number > value : number >= value)) ?? Infinity,
    ({ value, isOpen }) =>
      sorted.findLast((number) => (isOpen ? number < value : number <= value)) ?? -Infinity,
  )
}

/** Dates are the beginnings of the coarser of two units: that of the draws, and that of their text. */
function dates({ first, last, unit }: InstantRange, told: DatetimeUnit): CellDomain {
  const size = isCoarser(told, unit) ? told : unit
  const next = (instant: number): number => nextUnit(instant, size)
  const start = (instant: number): number => truncate(instant, size)
  return steps(
    [start(first), start(last)],
    ({ value, isOpen }) => (!isOpen && start(value) === value ? value : next(value)),
    ({ value, isOpen }) => start(isOpen ? value - 1 : value),
  )
}

/** Draws with an inverse; on a grid they are rounded. */
function drawn(frozen: Frozen, grid: Grid | null): CellDomain {
  const { low, high } = frozen
  if (grid === null) {
    return {
      low,
      high,
      from: (end) => (end.value < low ? { value: low, isOpen: false } : end),
      upTo: (end) => (end.value > high ? { value: high, isOpen: false } : end),
      leaves: (interval) => shareOf(frozen, interval.low, interval.high) > 0,
      isContinuous: true,
    }
  }
  const { reach } = grid
  const cells = onGrid(
    { low: low - reach, high: high + reach, lowOpen: false, highOpen: false },
    grid,
  )
  const least = ({ value, isOpen }: End): number =>
    onGrid({ low: value, lowOpen: isOpen, high: Infinity, highOpen: false }, grid).low
  const most = ({ value, isOpen }: End): number =>
    onGrid({ low: -Infinity, lowOpen: false, high: value, highOpen: isOpen }, grid).high
  return {
    ...steps([cells.low, cells.high], least, most),
    leaves(interval) {
      const within = onGrid(interval, grid)
      if (within.low > within.high) return false
      return shareOf(frozen, within.low - reach, within.high + reach) > 0
    },
  }
}

/** The number of the cell that a value becomes; nothing where it has no form as one. */
function cellOf(column: SamplerColumn, params: unknown, value: Value): number[] {
  const conversion = conversionOf(column)
  if (conversion === null) return []
  try {
    const cell = conversion.convert(value, column.sampler.decimalPlaces?.(params) ?? null)
    return isScalar(cell) ? [numberOf(cell)] : []
  } catch (error) {
    if (error instanceof CellFailure) return []
    throw error
  }
}

/** The instants a branch draws; null where it can't be determined. */
function instantsOf(
  column: SamplerColumn,
  params: unknown,
  find: FindSampler,
  visited: ReadonlySet<string>,
): InstantRange | null {
  const seen = new Set([...visited, column.name])
  const range = column.sampler.instants?.(params, (name) => {
    const other = seen.has(name) ? null : find(name)
    if (other === null || sampleTypeOf(other) !== 'instant') return null
    const ranges = branchesOf(other).map((branch) => instantsOf(other, branch, find, seen))
    const known = ranges.filter((one) => one !== null)
    if (known.length < ranges.length) return null
    return {
      first: Math.min(...known.map(({ first }) => first)),
      last: Math.max(...known.map(({ last }) => last)),
      unit: 's',
    }
  })
  return range !== undefined && range !== null && range.first <= range.last ? range : null
}
