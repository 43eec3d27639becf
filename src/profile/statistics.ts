import type { Distribution } from '../graph/distribution.ts'
import type { ColumnType } from '../graph/kind.ts'
import { fitOf, type Fit } from './fit.ts'
import { histogramOf, type Histogram } from './histogram.ts'
import type { Numbers, NumberSummary } from './numbers.ts'
import type { Scalar } from './scalar.ts'
import type { ColumnSummary } from './summary.ts'

/** What is known of a column beside its cells. */
export interface ColumnFacts {
  name: string
  /** For people: `sampler`, `llm-text`, `side of answer`; null when the config can't be read. */
  kind: string | null
  type: ColumnType
  /** Left out of the dataset. */
  dropped: boolean
  distribution: Distribution | null
  /** Cells that were skipped, and whether that leaves a null. */
  skipped: number
  skipLeavesNull: boolean
  failures: readonly { code: string; count: number; outcome: 'dropped' | 'null' }[]
  tokens: TokenRate | null
}

/** How many tokens a character took, by what a model counted for its answers. */
export interface TokenRate {
  perCharacter: number
  /** The model alias that counted. */
  countedBy: string
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
    skipped: number
    failed: readonly { code: string; count: number }[]
    /** Null as they were made: nulls of a seed, of an expression. */
    other: number
  }
  skipped: number
  /** Rows that have no record because this column failed, by code. */
  rowsDropped: readonly { code: string; count: number }[]
  /** Different values; `exact` false: an estimate with a standard error of 2.3 %. */
  distinct: { count: number; exact: boolean }
  /**
   * Most frequent values; texts are cut after 120 characters. `complete`: these are all values, with
   * exact counts; otherwise a count may be too small by `error`.
   */
  top: {
    complete: boolean
    error: number
    values: readonly { value: Scalar; count: number }[]
  } | null
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
  fit: Fit | null
}

/** Values that a list of the most frequent ones has at most. */
const topValues = 24
/** Where not all values are counted, those below this share say nothing. */
const rareShare = 0.01

export function statisticsOf(summary: ColumnSummary, facts: ColumnFacts): ColumnStatistics {
  const lengths = withHistogram(summary.lengths)
  const times = summary.times === null ? null : withHistogram(summary.times)
  const numbers = withHistogram(summary.numbers)
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
    distinct: distinctOf(summary),
    top: facts.type === 'json' ? null : topOf(summary),
    numbers,
    notFinite: summary.notFinite,
    lengths,
    tokens: tokensOf(lengths, facts.tokens),
    times,
    fit:
      facts.distribution === null
        ? null
        : fitOf(summary, facts.distribution, (times ?? numbers)?.histogram ?? null),
  }
}

function withHistogram(numbers: Numbers): (NumberSummary & { histogram: Histogram | null }) | null {
  const summary = numbers.summary()
  return summary === null ? null : { ...summary, histogram: histogramOf(numbers) }
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
  return { count: nulls, failed, skipped: skipLeavesNull ? take(skipped) : 0, other: left }
}

/** There can't be more different values than cells with one. */
function distinctOf({ distinct, cells, nulls }: ColumnSummary): ColumnStatistics['distinct'] {
  const { count, exact } = distinct.count()
  return { count: Math.min(count, cells - nulls), exact }
}

function topOf(summary: ColumnSummary): ColumnStatistics['top'] {
  const { error, values } = summary.frequent.store()
  return {
    complete: error === 0 && values.length <= topValues,
    error,
    values: values
      .filter(([, count]) => error === 0 || count >= rareShare * summary.cells)
      .slice(0, topValues)
      .map(([value, count]) => ({ value, count })),
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
