import type { AliasUse, ColumnSample, RowUse } from './usage-sample.ts'

/** An estimated figure: in nine of ten runs it lies within this range. */
export interface Range {
  readonly expected: number
  /** Null if the variation between rows is unknown. */
  readonly low: number | null
  readonly high: number | null
}

/** A forecast of the requests, tokens, cost and time for making cells. */
export interface Forecast {
  /** Rows that are made. */
  readonly rows: number
  /**
   * Its basis: the usage of requests of some rows; prompts rendered for some rows, which say nothing about
   * answers; or nothing.
   */
  readonly basis: 'rows' | 'prompts' | 'nothing'
  /** Rows in the sample: those of the column with the fewest. */
  readonly sampleRows: number
  readonly requests: Range
  readonly inputTokens: Range
  readonly outputTokens: Range
  /** Dollars, of the models with a known price; null without any. */
  readonly cost: Range | null
  /** Models with an unknown price, which `cost` does not include. */
  readonly unknown: readonly string[]
  /** From the latency of answers and the allowed concurrency; null without known latencies. */
  readonly seconds: Range | null
  /** Aliases whose requests go in batches: the time of these is not in `seconds`. */
  readonly batched: readonly string[]
  /** Columns with unknown answers: the forecast does not include their tokens and cost. */
  readonly withoutAnswers: readonly string[]
  /** What these come to at most, where `max_tokens` bounds all of them; null otherwise. */
  readonly most: { readonly outputTokens: number; readonly cost: number | null } | null
  /** Columns whose cells may send several requests, without samples: each cell counts as one request. */
  readonly atLeast: readonly string[]
  readonly columns: readonly ColumnForecast[]
}

/** The forecast for one column; expected figures. */
export interface ColumnForecast {
  readonly column: string
  readonly cells: number
  readonly requests: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Null where no price is known. */
  readonly cost: number | null
}

export interface ForecastColumn {
  column: string
  /** Cells that are to be made. */
  cells: number
  sample: ColumnSample
  /** Requests that so many cells need at least, where that is known. */
  requestsOf: (cells: number) => number
  /** For a column without requests: its sample has rendered prompts. */
  prompts?: {
    /** Tokens of an answer at most, and dollars of so many; null where nothing bounds it. */
    most: { outputTokens: number; cost: number | null } | null
    /** Whether a cell may ask more than once. */
    asksMore: boolean
  }
}

/** The concurrency and rates of an alias. */
export interface AliasPace {
  /** Its requests go in batches, whose duration is unknown. */
  isBatch: boolean
  atOnce: number
  requestsPerMinute: number | null
  tokensPerMinute: number | null
}

export interface ForecastOptions {
  rows: number
  columns: readonly ForecastColumn[]
  paceOf: (alias: string) => AliasPace
}

/** Extrapolates the usage of some rows' cells to all cells that are to be made. */
export function extrapolate({ rows, columns, paceOf }: ForecastOptions): Forecast {
  const made = columns.filter(({ cells }) => cells > 0)
  const sampled = made.filter(({ sample }) => sample.rows > 0)
  const range = (of: (use: RowUse) => number): Range => rangeOf(sampled, rows, of)
  const requests = range((use) => use.requests)
  const priced = sampled.flatMap(({ sample }) => sample.aliases)
  const isPriced = priced.some(({ answers, unpriced }) => answers > unpriced)
  const prompted = sampled.filter(({ prompts }) => prompts !== undefined)
  return {
    rows,
    basis: sampled.length === 0 ? 'nothing' : prompted.length > 0 ? 'prompts' : 'rows',
    sampleRows: sampled.length === 0 ? 0 : Math.min(...sampled.map(({ sample }) => sample.rows)),
    requests,
    inputTokens: range((use) => use.inputTokens),
    outputTokens: range((use) => use.outputTokens),
    cost: isPriced ? range((use) => use.cost) : null,
    unknown: unpricedIn(priced),
    seconds: secondsOf(sampled, requests, paceOf),
    batched: [...new Set(priced.map(({ alias }) => alias))].filter(
      (alias) => paceOf(alias).isBatch,
    ),
    withoutAnswers: prompted.map(({ column }) => column),
    most: mostOf(prompted),
    atLeast: prompted.filter(({ prompts }) => prompts?.asksMore).map(({ column }) => column),
    columns: made.map(columnForecast),
  }
}

/** The most that unknown answers can use. */
function mostOf(columns: readonly ForecastColumn[]): Forecast['most'] {
  if (columns.length === 0) return null
  let outputTokens = 0
  let cost: number | null = 0
  for (const { cells, prompts, requestsOf } of columns) {
    if (prompts === undefined || prompts.most === null || prompts.asksMore) return null
    const requests = requestsOf(cells)
    outputTokens += requests * prompts.most.outputTokens
    cost = cost === null || prompts.most.cost === null ? null : cost + requests * prompts.most.cost
  }
  return { outputTokens, cost }
}

/** `alias (model)` of those that were answered without a known price. */
function unpricedIn(aliases: readonly AliasUse[]): string[] {
  const names = aliases
    .filter(({ unpriced }) => unpriced > 0)
    .map(({ alias, model }) => (alias === model ? alias : `${alias} (${model})`))
  return [...new Set(names)]
}

function columnForecast({ column, cells, sample, requestsOf }: ForecastColumn): ColumnForecast {
  const { rows, aliases } = sample
  const isPriced = aliases.some(({ answers, unpriced }) => answers > unpriced)
  const total = (of: (use: RowUse) => number): number => cells * meanOf(sample, of)
  return {
    column,
    cells,
    requests: rows === 0 ? requestsOf(cells) : Math.round(total((use) => use.requests)),
    inputTokens: Math.round(total((use) => use.inputTokens)),
    outputTokens: Math.round(total((use) => use.outputTokens)),
    cost: isPriced ? total((use) => use.cost) : null,
  }
}

function meanOf({ uses }: ColumnSample, of: (use: RowUse) => number): number {
  return uses.length === 0 ? 0 : uses.reduce((sum, use) => sum + of(use), 0) / uses.length
}

/**
 * Columns of the same rows vary together, so their usage is summed row by row first. Columns with other
 * rows are assumed to vary together too, which makes the range wider, never narrower.
 */
function rangeOf(
  columns: readonly ForecastColumn[],
  rows: number,
  of: (use: RowUse) => number,
): Range {
  let expected = 0
  let spread = 0
  let isKnown = columns.length > 0
  for (const group of Map.groupBy(columns, sampledRows).values()) {
    const [first] = group
    if (first === undefined) continue
    const { rows: count, uses, isMean } = first.sample
    const totals = uses.map((_, at) =>
      group.reduce((sum, { cells, sample }) => sum + cells * of(sample.uses[at] as RowUse), 0),
    )
    const mean = totals.reduce((sum, total) => sum + total, 0) / totals.length
    expected += mean
    if (mean === 0) continue
    if (count < 2) isKnown = false
    // Where the variation between rows is unknown, its deviation is assumed to equal the usage.
    const deviation = isMean ? mean : deviationOf(totals, mean)
    spread += quantile(count - 1) * deviation * Math.sqrt(1 / count + 1 / Math.max(1, rows))
  }
  if (!isKnown || expected === 0) {
    return { expected, low: expected === 0 ? 0 : null, high: expected === 0 ? 0 : null }
  }
  // Usage is never negative and has a long tail: the range is a factor in both directions.
  const factor = 1 + spread / expected
  return { expected, low: expected / factor, high: expected * factor }
}

function sampledRows({ column, sample: { which, isMean } }: ForecastColumn): string {
  return isMean ? `mean of ${column}` : which
}

function deviationOf(totals: readonly number[], mean: number): number {
  const squares = totals.reduce((sum, total) => sum + (total - mean) ** 2, 0)
  return Math.sqrt(squares / Math.max(1, totals.length - 1))
}

/**
 * Student's quantiles for nine of ten, by degrees of freedom from 1; for more of them a little above,
 * since use has a long tail of which few rows have their share.
 */
const quantiles = [6.31, 2.92, 2.35, 2.13, 2.02, 1.98, 1.97, 1.96, 1.95, 1.94]

function quantile(freedom: number): number {
  return quantiles[freedom - 1] ?? 1.75 + 1.8 / freedom
}

/** Aliases work side by side: the slowest of them is what a run waits for. */
function secondsOf(
  columns: readonly ForecastColumn[],
  requests: Range,
  paceOf: (alias: string) => AliasPace,
): Range | null {
  const byAlias = new Map<string, { requests: number; tokens: number; ms: number }>()
  for (const { cells, sample } of columns) {
    const factor = cells / sample.rows
    for (const { alias, requests: sent, tokens, ms } of sample.aliases) {
      const sum = byAlias.get(alias) ?? { requests: 0, tokens: 0, ms: 0 }
      sum.requests += sent * factor
      sum.tokens += tokens * factor
      sum.ms += ms * factor
      byAlias.set(alias, sum)
    }
  }
  let expected = 0
  for (const [alias, { requests: sent, tokens, ms }] of byAlias) {
    const { isBatch, atOnce, requestsPerMinute, tokensPerMinute } = paceOf(alias)
    if (isBatch) continue
    const minutes = [
      ms / 60_000 / atOnce,
      sent / (requestsPerMinute ?? Infinity),
      tokens / (tokensPerMinute ?? Infinity),
    ]
    expected = Math.max(expected, 60 * Math.max(...minutes))
  }
  if (expected === 0) return null
  // Answers take longer at higher concurrency; a few rows do not show by how much.
  const factor = 1.25 * (requests.high === null ? 1.25 : requests.high / requests.expected)
  return { expected, low: expected / factor, high: expected * factor }
}
