import type { Distribution } from '../graph/distribution.ts'
import { isVectorType, type ColumnType } from '../graph/column-type.ts'
import { compareWith, type DeclaredShares, type Fit } from './goodness-of-fit.ts'
import { histogramOf, type Histogram } from './histogram.ts'
import type { Numbers, NumberSummary } from './numbers.ts'
import type { Scalar } from './scalar.ts'
import type { VectorStatistics } from './vectors.ts'
import { counted } from '../util/format.ts'
import { largestNumber, type ColumnSummary } from './column-summary.ts'

/** What is known of a column in addition to its cells. */
export interface ColumnFacts {
  name: string
  /** For people: `sampler`, `llm-text`, `side of answer`; null when the config can't be read. */
  kind: string | null
  type: ColumnType
  /** Left out of the dataset. */
  dropped: boolean
  distribution: Distribution | null
  /** Cells that were skipped, and whether that leaves a null. */
  /** Null where it is not known: of a part that was cut, or made by an older version. */
  skipped: number | null
  skipLeavesNull: boolean
  failures: readonly { code: string; count: number; outcome: 'dropped' | 'null' }[]
  /** Rows of the run that have no record because any cell failed. */
  rowsLost: number
  /** Rows of the run that filters rejected. */
  rowsRejected: number
  tokens: TokenRate | null
}

/** How many tokens a character took, by what a model counted for its answers. */
export interface TokenRate {
  perCharacter: number
  /** The model alias that counted. */
  countedBy: string
}

interface TopValue {
  value: Scalar
  count: number
  declared: number | null
}

/** The statistics of a column over all records. */
export interface ColumnStatistics {
  name: string
  kind: string | null
  type: ColumnType
  dropped: boolean
  cells: number
  nulls: {
    count: number
    /** Null: not known, and among the others. */
    skipped: number | null
    failed: readonly { code: string; count: number }[]
    /** Null as they were made: nulls of a seed, of an expression. */
    other: number
  }
  /** Cells that were skipped; null where it is not known. */
  skipped: number | null
  /** Rows that have no record because this column failed, by code. */
  rowsDropped: readonly { code: string; count: number }[]
  /**
   * Different values; `exact` false: an estimate with a standard error of 2.3 %. Null for vectors,
   * which are not compared.
   */
  distinct: { count: number; exact: boolean } | null
  /**
   * Most frequent values; texts are cut after 120 characters. `complete`: these are all values, with
   * exact counts; otherwise a count may be too small by `error`. `declared` is the share that the
   * config says, where it does.
   */
  top: { complete: boolean; error: number; values: readonly TopValue[] } | null
  /** Finite numbers. */
  numbers: (NumberSummary & { histogram: Histogram | null }) | null
  /** NaN and infinities. */
  notFinite: number
  /** Characters of texts. */
  lengths: (NumberSummary & { histogram: Histogram | null }) | null
  /** An estimate by length. */
  tokens: { mean: number; p50: number; p95: number; perCharacter: number; countedBy: string } | null
  /** Milliseconds since 1970, of columns whose every text is a date. */
  times: (NumberSummary & { histogram: Histogram | null }) | null
  /** Sizes and lengths of vectors. */
  vectors: VectorStatistics | null
  /** Rows that were drawn, too, and are not among the cells: dropped ones and rejected ones. */
  fit: (Fit & { rowsLost: number; rowsRejected: number }) | null
}

/** Values that a list of the most frequent ones has at most. */
const topValues = 24
/** Where not all values are counted, those below this share say nothing. */
const rareShare = 0.01

export function statisticsOf(summary: ColumnSummary, facts: ColumnFacts): ColumnStatistics {
  // The length of a file's name says nothing of it.
  const lengths = facts.type === 'media' ? null : withHistogram(summary.lengths)
  const times = summary.times === null ? null : withHistogram(summary.times)
  const numbers = withHistogram(summary.numbers, countedNumbers(summary))
  const comparison =
    facts.distribution === null
      ? null
      : compareWith(facts.distribution, summary, (times ?? numbers)?.histogram ?? null)
  return {
    name: facts.name,
    kind: facts.kind,
    type: facts.type,
    dropped: facts.dropped,
    cells: summary.cells,
    nulls: nullsOf(summary, facts),
    skipped: facts.skipped,
    rowsDropped: facts.failures.flatMap(({ code, count, outcome }) =>
      outcome === 'dropped' ? [{ code, count }] : [],
    ),
    distinct: isVectorType(facts.type) ? null : distinctOf(summary),
    top: hasNoValues(facts.type) ? null : topOf(summary, comparison?.shares ?? null),
    numbers,
    notFinite: summary.notFinite,
    lengths,
    tokens: tokensOf(lengths, facts.tokens),
    times,
    vectors: summary.vectors.summary(),
    fit:
      comparison === null
        ? null
        : { ...comparison.fit, rowsLost: facts.rowsLost, rowsRejected: facts.rowsRejected },
  }
}

function withHistogram(
  numbers: Numbers,
  values: readonly (readonly [number, number])[] | null = null,
): (NumberSummary & { histogram: Histogram | null }) | null {
  const summary = numbers.summary()
  if (summary === null) return null
  const histogram = histogramOf(numbers, values)
  return values === null
    ? { ...summary, histogram }
    : { ...summary, quantiles: exactQuantiles(values, summary.count), histogram }
}

/** All numbers with their counts, ascending; null when they are not counted one by one. */
function countedNumbers({ frequent, numbers }: ColumnSummary): [number, number][] | null {
  const { error, values } = frequent.store()
  if (error > 0 || numbers.digest.count === 0) return null
  return values
    .map(([value, count]): [number, number] => [Number(value), count])
    .filter(([value]) => Math.abs(value) <= largestNumber)
    .sort(([one], [other]) => one - other)
}

/** As NumPy and pandas have them: between two neighbours in proportion. */
function exactQuantiles(
  values: readonly (readonly [number, number])[],
  all: number,
): NumberSummary['quantiles'] {
  const numberAt = (rank: number): number => {
    let before = 0
    for (const [value, count] of values) {
      before += count
      if (before > rank) return value
    }
    return values.at(-1)?.[0] ?? Number.NaN
  }
  const quantile = (share: number): number => {
    const rank = share * (all - 1)
    const low = numberAt(Math.floor(rank))
    return low + (rank - Math.floor(rank)) * (numberAt(Math.ceil(rank)) - low)
  }
  return {
    p5: quantile(0.05),
    p25: quantile(0.25),
    p50: quantile(0.5),
    p75: quantile(0.75),
    p95: quantile(0.95),
  }
}

function nullsOf(
  { nulls }: ColumnSummary,
  { failures, skipped, skipLeavesNull }: ColumnFacts,
): ColumnStatistics['nulls'] {
  let left = nulls
  // A failure of a row that is not in a part yet is counted, its null is not.
  const take = (count: number): number => {
    const taken = Math.min(count, left)
    left -= taken
    return taken
  }
  const failed = failures.flatMap(({ code, count, outcome }) =>
    outcome === 'null' ? [{ code, count: take(count) }] : [],
  )
  if (skipped === null) return { count: nulls, failed, skipped: null, other: left }
  return { count: nulls, failed, skipped: skipLeavesNull ? take(skipped) : 0, other: left }
}

/** Types whose values are not told one by one. */
function hasNoValues(type: ColumnType): boolean {
  return type === 'json' || type === 'media' || isVectorType(type)
}

/** There can't be more different values than cells with one. */
function distinctOf({ distinct, cells, nulls }: ColumnSummary): { count: number; exact: boolean } {
  const { count, exact } = distinct.count()
  return { count: Math.min(count, cells - nulls), exact }
}

/** Declared values that did not come are reported behind the others. */
function topOf(summary: ColumnSummary, shares: DeclaredShares | null): ColumnStatistics['top'] {
  const { error, values } = summary.frequent.store()
  const present = new Set(values.map(([, , hash]) => hash))
  const missing = [...(shares ?? [])].flatMap(([hash, { value, share }]): TopValue[] =>
    error === 0 && !present.has(hash) ? [{ value, count: 0, declared: share }] : [],
  )
  return {
    complete: error === 0 && values.length <= topValues,
    error,
    values: values
      .filter(([, count]) => error === 0 || count >= rareShare * summary.cells)
      .map(([value, count, hash]): TopValue => ({
        value,
        count,
        declared: shares?.get(hash)?.share ?? null,
      }))
      .concat(missing)
      .slice(0, topValues),
  }
}

function tokensOf(
  lengths: NumberSummary | null,
  rate: TokenRate | null,
): ColumnStatistics['tokens'] {
  if (lengths === null || rate === null) return null
  const { perCharacter } = rate
  return {
    mean: lengths.mean * perCharacter,
    p50: lengths.quantiles.p50 * perCharacter,
    p95: lengths.quantiles.p95 * perCharacter,
    ...rate,
  }
}

/** What a comparison omits, for people; empty where all that was drawn is there. */
export function lostText({
  rowsLost,
  rowsRejected,
}: Pick<NonNullable<ColumnStatistics['fit']>, 'rowsLost' | 'rowsRejected'>): string {
  const parts = [
    ...(rowsLost > 0 ? [counted(rowsLost, 'dropped row')] : []),
    ...(rowsRejected > 0 ? [counted(rowsRejected, 'rejected row')] : []),
  ]
  return parts.length === 0 ? '' : `${parts.join(' and ')} not counted`
}
