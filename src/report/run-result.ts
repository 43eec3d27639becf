import type { Verdict } from '../profile/finding.ts'
import type { Agreement, JudgedScore } from '../profile/judgements.ts'
import type { ColumnStatistics } from '../profile/statistics.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import { type ProcessorCount, readPassRecord } from '../processors/pass-counts.ts'
import { decidedOf } from '../rows/row-outcome.ts'
import type { RejectionSummary } from '../store/ledger-parts.ts'
import { addToUsage, type ColumnUsage, type RouteUsage } from '../store/ledger-usage.ts'
import type { FoundMode } from '../graph/found-mode.ts'
import type { MixedColumn } from './mixed-columns.ts'
import { noUsage, type Usage } from '../graph/request.ts'

/** Rows by outcome; they add up to the requested rows. */
export interface RowCounts extends OutcomeTotals {
  requested: number
  remaining: number
}

/** How far the selection of a run is. */
export interface SelectionResult {
  /** Rows that are to be accepted. */
  target: number
  accepted: number
  /** Rows that were decided for it. */
  candidates: number
  /** Rows made at most. */
  most: number
}

/** The result of a run, over all its sessions. */
export interface RunResult {
  dir: string
  rows: RowCounts
  /** Null where the config has no `select`. */
  selection: SelectionResult | null
  /** Rows that filters rejected, by filter and code. */
  rejections: readonly RejectionSummary[]
  /** Files of the final dataset; empty while rows remain. */
  files: { path: string; rows: number }[]
  /** The processors' counts; null if the dataset has the records of its rows. */
  processed: Processed | null
  /** Datasets next to it, made by processors such as `schema_transform`. */
  datasets: readonly BesideDataset[]
  /** Requests that left this machine. */
  requests: number
  /** Answers from the cache, without a request. */
  cached: number
  /** They add up to the requests; `givenUp`: another request for the same cell was answered first. */
  requestOutcomes: { succeeded: number; throttled: number; failed: number; givenUp: number }
  usage: Usage
  /** The same by model alias, by server of tools, by service: and what the answers were. */
  usageByRoute: readonly RouteUsage[]
  /** The same by column; what was asked next to the dataset stands in none. */
  usageByColumn: readonly ColumnCost[]
  /** How models are held to the form of their answers, as far as it was determined. */
  outputModes: readonly FoundMode[]
  /** Columns whose cells were kept when their config changed, such as their model. */
  mixed: readonly MixedColumn[]
  /** Wall time of this session. */
  seconds: number
  end: RunEnd
  /** Path of the report page; null when a large run was interrupted, or it can't be written. */
  report: string | null
  /** Statistics of every column over the records made so far; null when a large run was interrupted. */
  columns: readonly ColumnStatistics[] | null
  /** What judges gave, score by score. */
  judges: readonly JudgedScore[]
  /** How far judges agree; empty where the config compares none. */
  agreement: readonly Agreement[]
  /** Whether the dataset is likely to be of use; null when a large run was interrupted. */
  verdict: Verdict | null
}

/** Requests of a column and what they cost, over all sessions. */
export interface ColumnCost extends Usage {
  column: string
  requests: number
  answers: number
}

/** Records of rows that went into processors, and the output. */
export interface Processed {
  /** The names of the processors. */
  by: string
  recordsIn: number
  recordsOut: number
  /** What each of them counted: records it omitted by reason, texts it replaced by column and kind. */
  counts: readonly ProcessorCount[]
}

/** A dataset next to the run's own. */
export interface BesideDataset {
  name: string
  files: { path: string; rows: number }[]
}

/** Null for a dataset whose records are those of the rows. */
export function processedOf(
  record: string,
  rows: OutcomeTotals,
  files: readonly { rows: number }[],
): Processed | null {
  if (record === '') return null
  const { titles, counts } = readPassRecord(record)
  return {
    by: titles,
    counts,
    recordsIn: rows.accepted + rows.nullKept,
    recordsOut: files.reduce((sum, file) => sum + file.rows, 0),
  }
}

/** How a run ended: complete, stopped with a reason, or interrupted. */
export type RunEnd =
  | { kind: 'complete' }
  /** By itself, with rows remaining: an endpoint refused, or too many cells failed. */
  | { kind: 'stopped'; reason: string }
  | { kind: 'interrupted' }

export function rowCounts(requested: number, totals: OutcomeTotals): RowCounts {
  return { requested, ...totals, remaining: requested - decidedOf(totals) }
}

export function requestTotals(
  usage: readonly RouteUsage[],
): Pick<RunResult, 'requests' | 'cached' | 'requestOutcomes' | 'usage' | 'usageByRoute'> {
  const sum = (pick: (route: RouteUsage) => number): number =>
    usage.reduce((total, route) => total + pick(route), 0)
  const succeeded = sum(({ ok }) => ok)
  const throttled = sum((route) => route.throttled)
  const failed = sum((route) => route.failed)
  const givenUp = sum((route) => route.givenUp)
  const all: Usage = { ...noUsage }
  for (const route of usage) addToUsage(all, route)
  return {
    requests: succeeded + throttled + failed + givenUp,
    cached: sum(({ cached }) => cached),
    requestOutcomes: { succeeded, throttled, failed, givenUp },
    usage: all,
    usageByRoute: usage,
  }
}

/** Usage of the columns that asked for anything, in the order of the config. */
export function columnCosts(
  usage: readonly ColumnUsage[],
  columns: readonly { name: string }[],
): ColumnCost[] {
  return columns.flatMap(({ name: column }, position) => {
    const own = usage.filter((one) => one.column === position)
    if (own.length === 0) return []
    const sum: ColumnCost = { column, requests: 0, answers: 0, ...noUsage }
    for (const one of own) {
      sum.requests += one.ok + one.throttled + one.failed
      sum.answers += one.ok
      addToUsage(sum, one)
    }
    return [sum]
  })
}
