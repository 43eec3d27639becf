import type { SQLInputValue } from 'node:sqlite'
import { noUsage, type Usage } from '../graph/request.ts'
import {
  readCount,
  readNullableNumber,
  readText,
  type LedgerFile,
  type SqlRow,
} from './ledger-file.ts'
import { type AnswerCounts, noAnswerCounts } from '../profile/answer-counts.ts'
import type { ChoiceUsage } from '../profile/choice-usage.ts'
import { readAnswerCounts } from './ledger-answers.ts'
import { readChoiceUsage } from './ledger-choices.ts'
import { columnAt, type KeyedColumn } from './ledger-config.ts'

/** Requests and what they cost. */
interface RequestUsage extends Usage {
  route: string
  ok: number
  /** Of `ok`, answers that ended before the model was done: at a limit of tokens, or by a filter. */
  cut: number
  throttled: number
  failed: number
}

/** Requests of a route, and what its answers were. */
export interface RouteUsage extends RequestUsage, AnswerCounts {
  /** Requests, not among the failed, for which a second one was answered first. */
  givenUp: number
  /** The same by choice, where a route has several. */
  choices: readonly ChoiceUsage[]
}

/** Requests of a route for one column; null for those that were made for none. */
export interface ColumnUsage extends RequestUsage {
  column: number | null
}

/** Adds what a request cost to a sum; a sum has a cost once one request has one. */
export function addToUsage(sum: Usage, usage: Usage): void {
  sum.inputTokens += usage.inputTokens
  sum.cachedInputTokens += usage.cachedInputTokens
  sum.outputTokens += usage.outputTokens
  sum.reasoningTokens += usage.reasoningTokens
  sum.images += usage.images
  const { cost } = usage
  if (cost !== null) sum.cost = (sum.cost ?? 0) + cost
}

export function usageOf(usage: Usage | undefined): Usage {
  return { ...noUsage, ...usage }
}

/** The columns of every table that has usage, in the order of `usageValues`. */
export const usageColumns =
  'input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, images, cost'
/** A placeholder for each. */
export const usagePlaces = '?, ?, ?, ?, ?, ?'
/** Sums of each, under their own names. */
export const usageSums = `sum(input_tokens) AS input_tokens,
  sum(cached_input_tokens) AS cached_input_tokens, sum(output_tokens) AS output_tokens,
  sum(reasoning_tokens) AS reasoning_tokens, sum(images) AS images, sum(cost) AS cost`
/** For ON CONFLICT DO UPDATE SET. */
export const usageAdded = `input_tokens = input_tokens + excluded.input_tokens,
  cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
  output_tokens = output_tokens + excluded.output_tokens,
  reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
  images = images + excluded.images,
  cost = CASE WHEN excluded.cost IS NULL THEN cost ELSE ifnull(cost, 0) + excluded.cost END`

/** For UPDATE SET, with the values of `usageValues`. */
export const usageSubtracted = `input_tokens = input_tokens - ?,
  cached_input_tokens = cached_input_tokens - ?, output_tokens = output_tokens - ?,
  reasoning_tokens = reasoning_tokens - ?, images = images - ?, cost = cost - ifnull(?, 0)`

export function usageValues(usage: Usage): SQLInputValue[] {
  const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, images, cost } = usage
  return [inputTokens, cachedInputTokens, outputTokens, reasoningTokens, images, cost]
}

export function readUsageOf(row: SqlRow, table: string): Usage {
  const count = (key: string): number => readCount(row, key, `${table}.${key}`)
  return {
    inputTokens: count('input_tokens'),
    cachedInputTokens: count('cached_input_tokens'),
    outputTokens: count('output_tokens'),
    reasoningTokens: count('reasoning_tokens'),
    images: count('images'),
    cost: readNullableNumber(row, 'cost', `${table}.cost`),
  }
}

/** Adds requests to those of a session; inside a transaction. */
export function addUsage(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  session: number,
  usage: ColumnUsage,
): void {
  ledger.run(
    `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ${usagePlaces}) ON CONFLICT DO UPDATE SET
      ok = ok + excluded.ok, cut = cut + excluded.cut, throttled = throttled + excluded.throttled,
      failed = failed + excluded.failed, ${usageAdded}`,
    session,
    usage.route,
    usage.column === null ? 0 : columnAt(columns, usage.column).key,
    usage.ok,
    usage.cut,
    usage.throttled,
    usage.failed,
    ...usageValues(usage),
  )
}

/** Usage of all sessions and columns, by route. */
export function readUsage(ledger: LedgerFile): RouteUsage[] {
  const answers = readAnswerCounts(ledger)
  const byChoice = readChoiceUsage(ledger)
  return ledger
    .all(`SELECT route, ${requestSums}, ${usageSums} FROM usage GROUP BY route ORDER BY route`)
    .map(readRequests)
    .map((requests) => {
      const choices = byChoice.get(requests.route) ?? []
      const givenUp = choices.reduce((sum, choice) => sum + choice.givenUp, 0)
      return {
        ...requests,
        // The ledger has them as failed ones.
        failed: requests.failed - givenUp,
        givenUp,
        choices,
        ...(answers.get(requests.route) ?? noAnswerCounts),
      }
    })
}

/** Usage of all sessions by column and route; columns of an older config are omitted. */
export function readColumnUsage(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
): ColumnUsage[] {
  const positions = new Map(columns.map(({ key }, position) => [key, position]))
  const rows = ledger.all(
    `SELECT column_key, route, ${requestSums}, ${usageSums} FROM usage
    GROUP BY column_key, route ORDER BY column_key, route`,
  )
  return rows.flatMap((row): ColumnUsage[] => {
    const key = readCount(row, 'column_key', 'usage.column_key')
    const column = key === 0 ? null : positions.get(key)
    return column === undefined ? [] : [{ column, ...readRequests(row) }]
  })
}

const requestSums =
  'sum(ok) AS ok, sum(cut) AS cut, sum(throttled) AS throttled, sum(failed) AS failed'

function readRequests(row: SqlRow): RequestUsage {
  return {
    route: readText(row, 'route', 'usage.route'),
    ok: readCount(row, 'ok', 'usage.ok'),
    cut: readCount(row, 'cut', 'usage.cut'),
    throttled: readCount(row, 'throttled', 'usage.throttled'),
    failed: readCount(row, 'failed', 'usage.failed'),
    ...readUsageOf(row, 'usage'),
  }
}
