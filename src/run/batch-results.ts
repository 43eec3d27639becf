import type { Graph, GraphColumn } from '../graph/graph.ts'
import { RequestError } from '../graph/request-error.ts'
import { isCut, noUsage, type Usage } from '../graph/request.ts'
import { replyText } from '../graph/reply-text.ts'
import type { BatchApi, BatchResult, BatchStatus } from '../models/batch-api.ts'
import { requestFailure } from '../rows/cell-outcome.ts'
import type { JournaledFailure } from '../rows/journal.ts'
import { StoppingFailure } from '../rows/stopping-failure.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import { toolCallsOf } from '../scheduler/request-records.ts'
import type { SchedulerEvent } from '../scheduler/scheduler-event.ts'
import type { Batch, OpenBatchRequest } from '../store/ledger-batch.ts'
import type { BatchResults, Batches } from '../store/run-store.ts'
import type { BatchEvent } from './batch-event.ts'
import { requestNumber } from './batch-spool.ts'

/** A batch that its provider has. */
export type SentBatch = Batch & { handle: string }

export interface BatchCollectorOptions {
  graph: Pick<Graph, 'columns'>
  batches: Batches
  cost: CostLimit | null
  /** What a reply of a batch cost; null where that is not known. */
  costOf: (place: string, usage: Usage) => number | null
  /** What tells a place from the others of its model; '' where there is one. */
  choiceOf: (place: string) => string
  maxAttempts: number
  /** Whether the run cancels its batches: one that was cancelled is no reason to stop. */
  cancels: boolean
  /** Notes how a cell ended; answers whether so many failed that the run stops. */
  isTooMany: (failed: boolean, code: string | null) => boolean
  signal: AbortSignal
  emit: (event: BatchEvent | SchedulerEvent) => void
}

/** Why the run stops after the results of a batch are kept. */
export interface BatchStop {
  reason: string
  error: RequestError | null
}

/** Brings the results of batches into the ledger. */
export interface BatchCollector {
  /** Answers why the run stops, or null. */
  collect(batch: SentBatch, api: BatchApi, status: BatchStatus): Promise<BatchStop | null>
}

/** Results that are kept in one step. */
const CHUNK = 256

interface Numbered {
  number: number
  /** Null where the provider has none. */
  result: BatchResult | null
}

export function createBatchCollector(options: BatchCollectorOptions): BatchCollector {
  const { batches, cost, graph, maxAttempts } = options
  /** Of requests that failed and are asked again. */
  const attempts = new Map<string, number>()
  let isShut = false

  async function collect(
    batch: SentBatch,
    api: BatchApi,
    status: BatchStatus,
  ): Promise<BatchStop | null> {
    const counts = { answered: 0, failed: 0, again: 0 }
    const settling = { batch, counts, stop: null as BatchStop | null }
    let chunk: Numbered[] = []
    let strangeResults = 0
    let firstStrange: string | null = null
    for await (const result of api.results(status, options.signal)) {
      const number = requestNumber(result.id, batch)
      if (number === null) {
        // The number of them and the first one are reported.
        strangeResults += 1
        firstStrange ??= result.id
        continue
      }
      chunk.push({ number, result })
      if (chunk.length < CHUNK) continue
      await keep(settling, chunk)
      chunk = []
    }
    await keep(settling, chunk)
    await keepMissing(settling, status)
    await batches.end(batch.id, status.outcome ?? 'completed')
    cost?.release(batch.reserved)
    const { route, handle } = batch
    if (firstStrange !== null) {
      const told = { results: strangeResults, id: firstStrange }
      options.emit({ type: 'batch-strange', route, batch: handle, ...told })
    }
    const outcome = status.outcome ?? 'completed'
    options.emit({ type: 'batch-collected', route, batch: handle, outcome, ...counts })
    return settling.stop ?? stopOf(batch, status, options.cancels)
  }

  interface Settling {
    batch: SentBatch
    counts: { answered: number; failed: number; again: number }
    stop: BatchStop | null
  }

  /** Requests without a result: the provider did not process them, or lost the result. */
  async function keepMissing(settling: Settling, status: BatchStatus): Promise<void> {
    const wasMade = status.outcome === 'completed'
    for (let from = 0; ;) {
      const numbers = await batches.numbers(settling.batch.id, from, CHUNK)
      const last = numbers.at(-1)
      if (last === undefined) return
      const results = numbers.map((number) => {
        const id = `${number}`
        return { number, result: wasMade ? null : { id, again: 'expired' as const } }
      })
      await keep(settling, results)
      from = last + 1
    }
  }

  async function keep(settling: Settling, chunk: readonly Numbered[]): Promise<void> {
    if (chunk.length === 0) return
    // The first result of a request counts.
    const results = new Map<number, BatchResult | null>()
    for (const { number, result } of chunk) if (!results.has(number)) results.set(number, result)
    const numbers = [...results.keys()]
    const open = await batches.requests(settling.batch.id, numbers)
    const kept = {
      numbers: open.map(({ number }) => number),
      exchanges: [] as BatchResults['exchanges'][number][],
      failures: [] as JournaledFailure[],
      requests: [] as BatchResults['requests'][number][],
    }
    for (const request of open) settle(settling, request, results.get(request.number) ?? null, kept)
    await batches.collect(settling.batch.id, kept)
    for (const failure of kept.failures) tell(failure)
  }

  function settle(
    settling: Settling,
    request: OpenBatchRequest,
    result: BatchResult | null,
    kept: {
      exchanges: BatchResults['exchanges'][number][]
      failures: JournaledFailure[]
      requests: BatchResults['requests'][number][]
    },
  ): void {
    const { batch, counts } = settling
    const { route, place } = batch
    const choice = options.choiceOf(place)
    const via = choice === '' ? {} : { via: { choice, latencyMs: null } }
    const { row, column, turn, hash } = request
    const otherwise = batch.reserved / batch.requests
    if (result !== null && 'reply' in result) {
      const usage = priced(place, result.reply.usage)
      const reply = { ...result.reply, usage }
      const assumed = cost === null ? 0 : cost.spend(place, usage, otherwise)
      const about = { isCut: isCut(reply), toolCalls: toolCallsOf(reply) }
      kept.requests.push({ route, column, row, outcome: 'ok', usage, assumed, ...about, ...via })
      attempts.delete(keyOf(request))
      counts.answered += 1
      options.isTooMany(false, null)
      if (column === null) return
      kept.exchanges.push({ row, column, turn, hash, reply: replyText(reply), usage })
      return
    }
    if (result !== null && 'again' in result) {
      counts.again += 1
      return
    }
    const error = result === null ? noResult(batch) : result.error
    const spent = error.usage === null ? null : priced(place, error.usage)
    if (spent !== null) cost?.spend(place, spent, 0)
    kept.requests.push({ route, column, row, outcome: 'failed', usage: spent ?? noUsage, ...via })
    const { kind } = error.problem
    // A quota that is used up fails no cell: its request is sent again later.
    if (kind === 'endpoint-stopped') {
      settling.stop ??= { reason: error.message, error }
      counts.again += 1
      return
    }
    const tries = (attempts.get(keyOf(request)) ?? 0) + 1
    const mayRetry = kind !== 'refused' && kind !== 'suspect'
    if (column === null || (mayRetry && tries < maxAttempts) || isShut) {
      if (mayRetry) attempts.set(keyOf(request), tries)
      counts.again += 1
      return
    }
    attempts.delete(keyOf(request))
    counts.failed += 1
    const failure = failureOf(error, columnAt(column), { row, attempts: tries, usage: spent })
    kept.failures.push(failure)
    if (failure.outcome === 'stopped') {
      const stopping = new StoppingFailure(columnAt(column).name, row, requestFailure(error))
      settling.stop ??= { reason: stopping.message, error: null }
    }
    if (options.isTooMany(true, error.code)) isShut = true
  }

  function columnAt(id: number): GraphColumn {
    return graph.columns[id] as GraphColumn
  }

  function priced(place: string, usage: Usage): Usage {
    return usage.cost === null ? { ...usage, cost: options.costOf(place, usage) } : usage
  }

  function tell({ row, column, code, message, outcome }: JournaledFailure): void {
    options.emit({
      type: 'cell-failed',
      column: columnAt(column).name,
      row,
      code,
      message,
      kept: outcome === 'null',
      stops: outcome === 'stopped',
    })
  }

  return { collect }
}

function keyOf({ row, column, turn }: OpenBatchRequest): string {
  return `${row} ${column} ${turn}`
}

function failureOf(
  error: RequestError,
  column: GraphColumn,
  { row, attempts, usage }: { row: number; attempts: number; usage: Usage | null },
): JournaledFailure {
  const { code, message, raw } = requestFailure(error)
  const { onFailure } = column
  return {
    row,
    column: column.id,
    code,
    message,
    attempts,
    ...(raw === undefined ? {} : { raw }),
    ...(usage === null ? {} : { usage }),
    outcome: onFailure === 'drop' ? 'dropped' : onFailure === 'null' ? 'null' : 'stopped',
  }
}

function noResult({ handle }: SentBatch): RequestError {
  return new RequestError(
    'bad-reply',
    `The results of batch ${handle} have none for this request. rowsmith sends it again.`,
    { kind: 'transient' },
  )
}

/** A batch that somebody else ended is not sent again automatically. */
function stopOf(
  { handle, route }: SentBatch,
  status: BatchStatus,
  cancels: boolean,
): BatchStop | null {
  if (status.outcome === 'cancelled') {
    if (cancels) return null
    return {
      reason: `batch ${handle} of ${route} was cancelled at its provider; rowsmith uses its answers, and the same command requests the rest`,
      error: null,
    }
  }
  if (status.outcome !== 'failed') return null
  const why = status.error === null ? 'it does not say why' : `it says: ${status.error}`
  return {
    reason: `batch ${handle} of ${route} was not taken by its provider (${why}); its requests remain, and the same command sends them again`,
    error: null,
  }
}
