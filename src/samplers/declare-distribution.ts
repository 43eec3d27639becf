import { CellFailure } from '../graph/failure.ts'
import type { Distribution, ListedDistribution, Rounding } from '../graph/distribution.ts'
import type { Value } from '../util/value.ts'
import { cellText, conversionOf, referencedSampler, type SamplerColumn } from './column.ts'
import type { Conversion } from './conversion.ts'
import { drawsFor, fixedInterval, gridOf } from './bounds.ts'
import { intervalText, isWithin } from './number-interval.ts'
import { isScalar, numberOf, type Scalar } from './scalar-type.ts'
import { shareOf } from './scipy/draw-frozen.ts'
import { shareBetween } from './scipy/frozen.ts'

/** The distribution of a list in which a value may stand more than once. */
export function listedDistribution(
  label: string,
  shares: ListedDistribution['shares'],
): ListedDistribution {
  return { shape: 'listed', label, shares }
}

/** Of the numbers from `low` to `high`; equal bounds are a constant. */
export function uniformCdf(low: number, high: number, value: number): number {
  if (value < low) return 0
  return value >= high ? 1 : (value - low) / (high - low)
}

/**
 * What the cells of a sampler column are drawn from; null when other columns decide it (conditions,
 * an offset from another column) or a conversion leaves nothing to compare.
 */
export function cellDistribution(
  column: SamplerColumn,
  find: (name: string) => SamplerColumn | null,
): Distribution | null {
  const { sampler, params, conditions } = column
  const conversion = conversionOf(column)
  if (conversion === null || conditions.length > 0) return null
  const drawn = sampler.distribution?.(params, {
    shares: (name) => sharesByText(find(name), find),
    textOf(name, written) {
      const parent = find(name)
      return (parent === null ? null : referencedSampler(parent))?.textOf(written) ?? written
    },
  })
  if (drawn === null || drawn === undefined) return null
  const cells = converted(drawn, conversion, column)
  return cells === null || column.constraints.length === 0 ? cells : constrained(cells, column)
}

/** What bounds leave of a distribution of cells; null where other columns are the bounds. */
function constrained(cells: Distribution, column: SamplerColumn): Distribution | null {
  if (column.constraints.some(({ rhs }) => typeof rhs === 'string')) return null
  const interval = fixedInterval(column)
  const label = `${cells.label}, ${intervalText(interval)}`
  if (cells.shape === 'unique') return null
  if (cells.shape === 'listed') {
    const kept = cells.shares.filter(
      ({ value }) => isScalar(value) && isWithin(interval, numberOf(value)),
    )
    const total = kept.reduce((sum, { share }) => sum + share, 0)
    const shares = kept.map(({ value, share }) => ({ value, share: share / total }))
    return { ...cells, label, shares }
  }
  const grid = gridOf(column, column.params)
  const { low, high } = drawsFor(interval, grid)
  const frozen = column.sampler.frozen?.(column.params) ?? null
  if (frozen === null) return null
  const start = frozen.shares(frozen.kind === 'discrete' ? Math.ceil(low) - 1 : low)
  const share = shareOf(frozen, low, high)
  const cdf = (value: number): number => {
    if (value < low) return 0
    return value >= high ? 1 : shareBetween(start, frozen.shares(value)) / share
  }
  return { ...cells, label, cdf }
}

/** The cells of a parameter object that lists its values, with their shares; null for any other. */
export function cellShares(
  column: SamplerColumn,
  params: unknown,
): { value: Scalar; share: number }[] | null {
  const { sampler } = column
  // What refers to other columns can't tell without them.
  if (sampler.references !== undefined) return null
  const drawn = sampler.distribution?.(params, {
    shares: () => null,
    textOf: (_name, written) => written,
  })
  const conversion = conversionOf(column)
  if (drawn?.shape !== 'listed' || conversion === null) return null
  const cells = convertedList(drawn, conversion, sampler.decimalPlaces?.(params) ?? null)
  return (
    cells?.shares.flatMap(({ value, share }) => (isScalar(value) ? [{ value, share }] : [])) ?? null
  )
}

function converted(
  drawn: Distribution,
  conversion: Conversion,
  { sampler, params, convertTo }: SamplerColumn,
): Distribution | null {
  const places = sampler.decimalPlaces?.(params) ?? null
  if (drawn.shape === 'unique') return drawn
  if (drawn.shape === 'listed') return convertedList(drawn, conversion, places)
  if (drawn.shape === 'discrete') {
    // Text isn't compared as numbers, and whole tens or hundreds are no longer all of them.
    return conversion.output === 'string' || (places ?? 0) < 0 ? null : drawn
  }
  if (drawn.of === 'time') return convertTo === null ? drawn : null
  if (conversion.output === 'int64') {
    return { ...drawn, rounding: toNearest(10 ** -Math.min(0, places ?? 0)) }
  }
  if (conversion.output !== 'float64') return null
  return places === null ? drawn : { ...drawn, rounding: toNearest(10 ** -places) }
}

function toNearest(size: number): Rounding {
  return {
    draws: (cell) => [cell - size / 2, cell + size / 2],
    // A cell such as 0.3 is a little less than three times 0.1.
    below: (value) => Math.floor(value / size + 1e-6) * size,
  }
}

/** Values that become one cell are one value. */
function convertedList(
  { shares, ...drawn }: ListedDistribution,
  conversion: Conversion,
  places: number | null,
): ListedDistribution | null {
  const cells = new Map<string, { value: Value; share: number }>()
  for (const { value, share } of shares) {
    const cell = convertedCell(value, conversion, places)
    // A value without a form in the output type fails where it is drawn.
    if (cell === null) return null
    const same = cells.get(cell.text)
    if (same === undefined) cells.set(cell.text, { value: cell.value, share })
    else same.share += share
  }
  return { ...drawn, shares: [...cells.values()] }
}

function convertedCell(
  value: Value,
  conversion: Conversion,
  places: number | null,
): { text: string; value: Value } | null {
  try {
    const cell = conversion.convert(value, places)
    return isScalar(cell) ? { text: cellText(cell, conversion), value: cell } : null
  } catch (error) {
    if (error instanceof CellFailure) return null
    throw error
  }
}

function sharesByText(
  parent: SamplerColumn | null,
  find: (name: string) => SamplerColumn | null,
): ReadonlyMap<string, number> | null {
  // One that refers to others in turn could refer to itself: a fault that is reported elsewhere.
  if (parent?.sampler.references !== undefined) return null
  const distribution = parent === null ? null : cellDistribution(parent, find)
  const conversion = parent === null ? null : conversionOf(parent)
  if (distribution?.shape !== 'listed' || conversion === null) return null
  return new Map(
    distribution.shares.flatMap(({ value, share }): [string, number][] =>
      isScalar(value) ? [[cellText(value, conversion), share]] : [],
    ),
  )
}
