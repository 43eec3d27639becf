import { isTimeType, isVectorType, type ColumnType } from '../graph/column-type.ts'
import { createDistinct, type Distinct, type StoredDistinct } from './distinct.ts'
import { createFrequent, type Frequent, type StoredFrequent } from './frequent.ts'
import { createNumbers, type Numbers, type StoredNumbers } from './numbers.ts'
import { hashTexts } from './hash.ts'
import { hashScalar, type Scalar } from './scalar.ts'
import { timeOf } from './time.ts'
import type { ValueCounts } from './value-counts.ts'
import { createVectors, type StoredVectors, type Vectors } from './vectors.ts'

/** What is known of the cells of a column, in memory that does not depend on their number. */
export interface ColumnSummary {
  addAll(values: readonly (Scalar | Float32Array)[]): void
  /** Cells whose values were counted: quicker where they repeat. */
  addCounts(counts: ValueCounts): void
  merge(stored: StoredSummary): void
  readonly cells: number
  readonly nulls: number
  /** Numbers that are NaN, infinite or beyond ±1e140, which are not in `numbers`. */
  readonly notFinite: number
  readonly distinct: Distinct
  /** Values, without those of JSON and media columns. */
  readonly frequent: Frequent
  /** Values of a number column. */
  readonly numbers: Numbers
  /** Characters (code points) of texts, and of JSON as text. */
  readonly lengths: Numbers
  /** Milliseconds since 1970, while every text is a date; null once one was not. */
  readonly times: Numbers | null
  /** Of a vector column, which has nothing else but cells and nulls. */
  readonly vectors: Vectors
  store(): StoredSummary
}

export interface StoredSummary {
  cells: number
  nulls: number
  notFinite: number
  distinct: StoredDistinct
  frequent: StoredFrequent
  numbers: StoredNumbers | null
  lengths: StoredNumbers | null
  times: StoredNumbers | null
  /** Absent without a vector. */
  vectors?: StoredVectors
}

/** Squares of larger numbers, summed up, would be infinite. */
export const largestNumber = 1e140

/** Different values are counted exactly up to `exactDistinct`. */
export function createSummary(
  type: ColumnType,
  { exactDistinct }: { exactDistinct: number },
): ColumnSummary {
  const distinct = createDistinct(exactDistinct)
  const frequent = createFrequent()
  const numbers = createNumbers()
  const lengths = createNumbers()
  const vectors = createVectors()
  // Most of these are different, and say nothing.
  const isCounted = type !== 'json' && type !== 'media'
  let times: Numbers | null = type === 'string' || isTimeType(type) ? createNumbers() : null
  let cells = 0
  let nulls = 0
  let notFinite = 0

  function addTimes(texts: readonly string[], weights: readonly number[] | null): void {
    for (let at = 0; at < texts.length && times !== null; at += 1) {
      const time = timeOf(texts[at] as string)
      if (time === null) times = null
      else times.add(time, weights?.[at] ?? 1)
    }
  }

  function addScalars(values: readonly Scalar[]): void {
    const present = values.includes(null) ? values.filter((value) => value !== null) : values
    nulls += values.length - present.length
    cells += values.length
    // It has no null any more.
    const hashes = addPresent(present as readonly Present[], null)
    if (isCounted) frequent.addAll(hashes, present)
  }

  function addCounts({ values, times: weights, nulls: without }: ValueCounts): void {
    nulls += without
    cells += weights.reduce((sum, weight) => sum + weight, without)
    const hashes = addPresent(values, weights)
    if (isCounted) frequent.addCounts(hashes, values, weights)
  }

  /** Gives the values' hashes; without weights each came once. */
  function addPresent(values: readonly Present[], weights: readonly number[] | null): Float64Array {
    const hashes = areTexts(values) ? addTexts(values, weights) : hashesOf(values)
    distinct.addAll(hashes)
    if (areNumbers(values)) addNumbers(values, weights)
    return hashes
  }

  function addNumbers(
    values: readonly (number | bigint)[],
    weights: readonly number[] | null,
  ): void {
    const once = new Float64Array(weights === null ? values.length : 0)
    let count = 0
    for (let at = 0; at < values.length; at += 1) {
      // JSON would make 0 of -0, later.
      const number = Number(values[at]) + 0
      const weight = weights?.[at] ?? 1
      if (!(Math.abs(number) <= largestNumber)) {
        notFinite += weight
      } else if (weights === null) {
        once[count] = number
        count += 1
      } else {
        numbers.add(number, weight)
      }
    }
    numbers.addAll(once.subarray(0, count))
  }

  function addTexts(texts: readonly string[], weights: readonly number[] | null): Float64Array {
    const { hashes, characters } = hashTexts(texts)
    /** Cells by their number of characters: often there are few. */
    const byLength = new Map<number, number>()
    for (let at = 0; at < characters.length; at += 1) {
      const length = characters[at] as number
      byLength.set(length, (byLength.get(length) ?? 0) + (weights?.[at] ?? 1))
    }
    for (const [length, weight] of byLength) lengths.add(length, weight)
    addTimes(texts, weights)
    return hashes
  }

  function addVectors(values: readonly (Float32Array | null)[]): void {
    cells += values.length
    for (const value of values) {
      if (value === null) nulls += 1
      else vectors.add(value)
    }
  }

  return {
    // A column has values of its own type only.
    addAll: isVectorType(type) ? addVectors : addScalars,
    addCounts,
    merge(stored) {
      cells += stored.cells
      nulls += stored.nulls
      notFinite += stored.notFinite
      distinct.merge(stored.distinct)
      frequent.merge(stored.frequent)
      if (stored.numbers !== null) numbers.merge(stored.numbers)
      if (stored.lengths !== null) lengths.merge(stored.lengths)
      if (stored.times === null) times = null
      else times?.merge(stored.times)
      if (stored.vectors !== undefined) vectors.merge(stored.vectors)
    },
    get cells() {
      return cells
    },
    get nulls() {
      return nulls
    },
    get notFinite() {
      return notFinite
    },
    distinct,
    frequent,
    numbers,
    lengths,
    vectors,
    get times() {
      return times
    },
    store: () => ({
      ...storedVectors(vectors),
      cells,
      nulls,
      notFinite,
      distinct: distinct.store(),
      frequent: frequent.store(),
      numbers: storedNumbers(numbers),
      lengths: storedNumbers(lengths),
      // Of a column without a text yet every text is a date.
      times: times?.store() ?? null,
    }),
  }
}

function storedVectors(vectors: Vectors): Pick<StoredSummary, 'vectors'> {
  const stored = vectors.store()
  return stored === null ? {} : { vectors: stored }
}

function storedNumbers(numbers: Numbers): StoredNumbers | null {
  const all = numbers.store()
  return all.count === 0 ? null : all
}

type Present = Exclude<Scalar, null>

/** A column has values of one type. */
function areTexts(values: readonly Present[]): values is readonly string[] {
  return typeof values[0] === 'string'
}

function areNumbers(values: readonly Present[]): values is readonly (number | bigint)[] {
  return typeof values[0] === 'number' || typeof values[0] === 'bigint'
}

function hashesOf(values: readonly Present[]): Float64Array {
  const hashes = new Float64Array(values.length)
  for (let at = 0; at < values.length; at += 1) hashes[at] = hashScalar(values[at] as Present)
  return hashes
}
