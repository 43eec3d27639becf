import { nothingLoaded, type Row } from '../graph/kind.ts'
import type { Random } from '../random/random.ts'
import type { Value } from '../util/value.ts'
import { truncate } from './calendar.ts'
import { drawWithin } from './bounds.ts'
import { cellText, conversionOf, sampleTypeOf, writtenText, type SamplerColumn } from './column.ts'
import { createCondition, type ReadVariable } from './condition.ts'
import type { Conversion } from './conversion.ts'
import type { SamplerContext, SampleType } from './define.ts'
import { isScalar, numberOf } from './scalar-type.ts'
import { datePattern, defaultPattern, finestUnit, formatter } from './strftime.ts'

/** What a sampler column's draws are made from, once per run. */
export interface DrawContext {
  /** A sampler column by its name; null for any other. */
  sampler(name: string): SamplerColumn | null
  /** Reads the cells of a column that may be referred to; undefined when there is none. */
  cells(name: string): ReadVariable | undefined
  /** Randomness of a stream; a column's own stream has the column's name. */
  random(stream: string): Random
}

/** Draws the cells of a sampler column. */
export function createCellDraw(column: SamplerColumn, context: DrawContext): ReadVariable {
  const { conversion } = resolved(column)
  return createDraw(column, context, (value, places) => conversion.convert(value, places))
}

/**
 * Draws the instants of a datetime or timedelta column, before they become text.
 *
 * Cells of a row are pure functions of (run seed, column, row), so another column can make them
 * again: by the column's own sampler, conditions and randomness, whatever its format omits.
 */
function createInstantDraw(column: SamplerColumn, context: DrawContext): (row: Row) => number {
  const draw = createDraw(column, context, (value) => value)
  return (row) => Number(draw(row))
}

function createDraw(
  column: SamplerColumn,
  context: DrawContext,
  finish: (value: Value, decimalPlaces: number | null) => Value,
): ReadVariable {
  const { sampler } = column
  const random = context.random(column.name)
  const samplerContext = createSamplerContext(column, context)

  function branch(params: unknown, place: number): ReadVariable {
    const loaded = column.loaded?.[place] ?? nothingLoaded
    const sample = sampler.prepare(params, samplerContext, loaded)
    const decimalPlaces = sampler.decimalPlaces?.(params) ?? null
    if (column.constraints.length === 0) {
      return (row) => finish(sample(random.at(row.index), row), decimalPlaces)
    }
    const within = drawWithin({
      column,
      params,
      sample,
      comparable: comparableOf(column, decimalPlaces),
      bound: (name) => boundReader(name, context),
    })
    return (row) => finish(within(random.at(row.index), row), decimalPlaces)
  }

  const base = branch(column.params, 0)
  if (column.conditions.length === 0) return base
  const branches = column.conditions
    .map(({ source, params }, at) => ({
      holds: createCondition(source, column.name, (name) => variableReader(name, context)),
      draw: branch(params, at + 1),
    }))
    .toReversed()
  return (row) => {
    for (const { holds, draw } of branches) if (holds(row)) return draw(row)
    return base(row)
  }
}

/** The number of the cell that a draw becomes; dates are cut down to what their text tells. */
function comparableOf(column: SamplerColumn, decimalPlaces: number | null) {
  if (sampleTypeOf(column) === 'instant') {
    const cut = cutToText(column)
    return (value: Value) => cut(Number(value))
  }
  const { conversion } = resolved(column)
  return (value: Value) => {
    const cell = conversion.convert(value, decimalPlaces)
    return isScalar(cell) ? numberOf(cell) : Number.NaN
  }
}

/** The number of another column's cell in a row. */
function boundReader(name: string, context: DrawContext): (row: Row) => number {
  const column = referenced(name, context)
  if (sampleTypeOf(column) === 'instant') {
    const instant = createInstantDraw(column, context)
    const cut = cutToText(column)
    return (row) => cut(instant(row))
  }
  const cells = context.cells(name)
  return (row) => {
    const cell = cells?.(row) ?? null
    return isScalar(cell) ? numberOf(cell) : Number.NaN
  }
}

function cutToText({ convertTo }: SamplerColumn): (instant: number) => number {
  const unit = finestUnit(datePattern(convertTo))
  return unit === null ? (instant) => instant : (instant) => truncate(instant, unit)
}

/** Conditions see dates as ISO text, whatever pattern the cells have; all else as in the cells. */
function variableReader(name: string, context: DrawContext): ReadVariable | undefined {
  const column = context.sampler(name)
  if (column === null || column.convertTo === null || sampleTypeOf(column) !== 'instant') {
    return context.cells(name)
  }
  const instant = createInstantDraw(column, context)
  const format = formatter(defaultPattern)
  return (row) => format(instant(row))
}

function createSamplerContext(column: SamplerColumn, context: DrawContext): SamplerContext {
  return {
    text(name) {
      const cells = context.cells(name)
      const { conversion } = resolved(referenced(name, context))
      return (row) => {
        const cell = cells?.(row) ?? null
        return isScalar(cell) ? cellText(cell, conversion) : null
      }
    },
    textOf(name) {
      const { sampleType, conversion } = resolved(referenced(name, context))
      return writtenText(sampleType, conversion)
    },
    instant: (name) => createInstantDraw(referenced(name, context), context),
    permutationSeed() {
      const random = context.random(`${column.name}/permutation`).at(0)
      return (BigInt(random.bits()) << 32n) | BigInt(random.bits())
    },
  }
}

function referenced(name: string, context: DrawContext): SamplerColumn {
  const column = context.sampler(name)
  if (column === null) throw new RangeError(`'${name}' is not a sampler column.`)
  return column
}

/** The checks of `describe` come before any draw: here the config is right. */
function resolved(column: SamplerColumn): { sampleType: SampleType; conversion: Conversion } {
  const sampleType = sampleTypeOf(column)
  const conversion = conversionOf(column)
  if (sampleType === null || conversion === null) {
    throw new RangeError(`Column '${column.name}' was not checked before its values were drawn.`)
  }
  return { sampleType, conversion }
}
