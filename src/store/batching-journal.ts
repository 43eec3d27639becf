import { storedBytes, toStored, type StoredValue } from '../graph/stored-value.ts'
import type {
  Journal,
  JournaledCell,
  JournaledExchange,
  JournaledFailure,
  RequestRecord,
} from '../rows/journal.ts'
import { addAnswerCounts, type AnswerCounts, noAnswerCounts } from '../profile/answer-counts.ts'
import type { ChoiceUsage } from '../profile/choice-usage.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { latencyClass } from '../limits/latencies.ts'
import { withChoice } from './ledger-choices.ts'
import type { JournalBatch, StoredCell, StoredExchange, StoredFailure } from './ledger-journal.ts'
import { largerOf, type LargestRequest } from './ledger-largest.ts'
import { addToUsage, usageOf, type ColumnUsage } from './ledger-usage.ts'
import { createRequestBuffer, type RequestBuffer } from './request-buffer.ts'
import { noUsage } from '../graph/request.ts'
import type { ColumnSettings } from './run-settings.ts'

const maxBatchRecords = 256
const maxBatchBytes = 1 << 20
const batchDelayMs = 10
/**
 * Batches on their way to the ledger's thread and not committed, in bytes. A thread takes in all
 * messages that are there before it works on the first: more of them would be in its heap as well.
 */
const maxFlyingBytes = 4 << 20
/** What is kept of a model's words about a failed cell. */
const maxRawBytes = 16 * 1024
/** A row, a column and a count, in whatever form. */
const recordOverhead = 32

export interface BatchingJournalOptions {
  clock: Clock
  /** Its columns can change between two records. */
  settings: { readonly columns: readonly ColumnSettings[] }
  /** Makes a batch durable; called in order, answers in order. */
  commit: (batch: JournalBatch) => Promise<void>
  onCommitted: (records: number, bytes: number) => void
}

export interface BatchingJournal {
  readonly journal: Journal
  /** Closes the open batch. */
  post: () => void
  /**
   * Resolves once every closed batch is on its way, so that later calls to the ledger see it; null
   * when that is so.
   */
  whenPosted: () => Promise<void> | null
  /** Resolves once all that was appended before is durable. */
  flush: () => Promise<void>
  /** The error that ended the journal, if one did. */
  readonly failure: Error | null
}

/** Collects records into batches: an idle journal writes at once, a busy one every 10 ms. */
export function createJournal(options: BatchingJournalOptions): BatchingJournal {
  const { clock, settings, commit, onCommitted } = options
  const callbacks: ((error: Error | null) => void)[] = []
  /** By route, of this session: few requests are larger than all before. */
  const largest = new Map<string, LargestRequest>()
  let batch = emptyBatch()
  let timer: Timer | null = null
  /** Rises with every post, so that a `soon` that was overtaken does nothing. */
  let posts = 0
  let scheduled = false
  /** Closed batches that wait until earlier ones are committed. */
  const closed: OpenBatch[] = []
  let allPosted: PromiseWithResolvers<void> | null = null
  let inFlight = 0
  let flyingBytes = 0
  let pendingBytes = 0
  let failure: Error | null = null
  let last: Promise<void> = Promise.resolve()

  function append(bytes: number, add: (batch: OpenBatch) => void): void {
    pendingBytes += bytes
    // Whoever watches has been reported; what comes now is not kept.
    if (failure !== null) return
    add(batch)
    batch.records += 1
    batch.bytes += bytes
    if (batch.records >= maxBatchRecords || batch.bytes >= maxBatchBytes) post()
    else schedule()
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    if (inFlight > 0 || closed.length > 0) {
      timer = clock.after(batchDelayMs, post)
      return
    }
    const mark = posts
    clock.soon(() => {
      if (posts === mark) post()
    })
  }

  function post(): void {
    timer?.cancel()
    timer = null
    scheduled = false
    posts += 1
    if (batch.records === 0 || failure !== null) return
    closed.push(batch)
    batch = emptyBatch()
    send()
  }

  function send(): void {
    for (;;) {
      const [next] = closed
      if (next === undefined) break
      if (flyingBytes > 0 && flyingBytes + next.bytes > maxFlyingBytes && failure === null) {
        allPosted ??= Promise.withResolvers()
        return
      }
      closed.shift()
      inFlight += 1
      flyingBytes += next.bytes
      last = commitBatch(next)
    }
    allPosted?.resolve()
    allPosted = null
  }

  async function commitBatch(full: OpenBatch): Promise<void> {
    const { records, bytes, usage, waiting, cells, exchanges, failures, answers, choices } = full
    try {
      await commit({
        cells,
        exchanges,
        failures,
        usage: [...usage.values()].flat(),
        requests: full.requests.take(),
        answers,
        choices,
        largest: full.largest,
        assumed: full.assumed,
      })
    } catch (error) {
      inFlight -= 1
      flyingBytes -= bytes
      // Later batches fail with the same error: it is reported once.
      if (failure !== null) return
      failure = error instanceof Error ? error : new Error(String(error))
      send()
      for (const callback of callbacks) callback(failure)
      return
    }
    inFlight -= 1
    flyingBytes -= bytes
    pendingBytes -= bytes
    send()
    onCommitted(records, bytes)
    for (const durable of waiting) durable()
    for (const callback of callbacks) callback(null)
  }

  function noteSize(ofBatch: OpenBatch['largest'], { route, usage }: RequestRecord): void {
    const { inputTokens, outputTokens } = usage
    const known = largest.get(route)
    if (inputTokens + outputTokens === 0) return
    if (known !== undefined && inputTokens <= known.input && outputTokens <= known.output) return
    const size = largerOf(known, { input: inputTokens, output: outputTokens })
    largest.set(route, size)
    ofBatch.set(route, size)
  }

  const journal: Journal = {
    cell({ row, column, value }: JournaledCell) {
      const stored = storedValue(settings.columns, column, value)
      append(recordOverhead + storedBytes(stored), ({ cells }) => {
        cells.push({ row, column, value: stored })
      })
    },
    exchange(exchange, durable) {
      const stored = storedExchange(exchange)
      append(recordOverhead + 2 * (stored.hash.length + stored.reply.length), (open) => {
        open.exchanges.push(stored)
        open.waiting.push(durable)
      })
    },
    forget(row, column, turn) {
      append(recordOverhead, ({ exchanges }) => {
        exchanges.push({ row, column, turn, reply: null })
      })
    },
    failure(record) {
      const stored = storedFailure(record)
      const { code, message, raw } = stored
      const characters = code.length + message.length + (raw?.length ?? 0)
      append(recordOverhead + 2 * characters, ({ failures }) => {
        failures.push(stored)
      })
    },
    request(record) {
      append(recordOverhead, (open) => {
        addRequest(open.usage, record)
        open.requests.add(record)
        addAnswer(open.answers, record)
        addChoice(open.choices, record)
        noteSize(open.largest, record)
        open.assumed += record.assumed ?? 0
      })
    },
    get pendingBytes() {
      return pendingBytes
    },
    onDurable(callback) {
      callbacks.push(callback)
    },
  }

  return {
    journal,
    post,
    whenPosted: () => allPosted?.promise ?? null,
    async flush() {
      post()
      await allPosted?.promise
      await last
      if (failure !== null) throw failure
    },
    get failure() {
      return failure
    },
  }
}

interface OpenBatch {
  records: number
  bytes: number
  cells: StoredCell[]
  exchanges: JournalBatch['exchanges'][number][]
  failures: StoredFailure[]
  /** By route, one for each of its columns. */
  usage: Map<string, ColumnUsage[]>
  /** Requests of cells, one by one. */
  requests: RequestBuffer
  /** By route, where there is anything to tell of its answers. */
  answers: Map<string, AnswerCounts>
  /** By route, where a request is larger than all before. */
  largest: Map<string, LargestRequest>
  /** Dollars of requests whose cost nobody knows. */
  assumed: number
  /** By route with several choices. */
  choices: Map<string, readonly ChoiceUsage[]>
  /** To be called when it is durable. */
  waiting: (() => void)[]
}

function emptyBatch(): OpenBatch {
  return {
    records: 0,
    bytes: 0,
    cells: [],
    exchanges: [],
    failures: [],
    usage: new Map(),
    requests: createRequestBuffer(),
    answers: new Map(),
    largest: new Map(),
    assumed: 0,
    choices: new Map(),
    waiting: [],
  }
}

function addRequest(
  totals: OpenBatch['usage'],
  { route, column = null, outcome, isCut = false, usage }: RequestRecord,
): void {
  let ofRoute = totals.get(route)
  if (ofRoute === undefined) {
    ofRoute = []
    totals.set(route, ofRoute)
  }
  let total = ofRoute.find((one) => one.column === column)
  if (total === undefined) {
    total = { route, column, ok: 0, cut: 0, throttled: 0, failed: 0, ...noUsage }
    ofRoute.push(total)
  }
  // Nothing was sent for one from the cache; its route stands there all the same.
  if (outcome === 'given-up') total.failed += 1
  else if (outcome !== 'cached') total[outcome] += 1
  if (isCut) total.cut += 1
  addToUsage(total, usage)
}

/** Nearly every answer is a plain one, and costs nothing here. */
function addAnswer(
  totals: OpenBatch['answers'],
  { route, outcome, toolCalls = 0, isCorrection = false, outputMode, usage }: RequestRecord,
): void {
  const isCached = outcome === 'cached'
  if (toolCalls === 0 && !isCorrection && outputMode === undefined && !isCached) return
  const counts = {
    toolTurns: toolCalls > 0 ? 1 : 0,
    toolCalls,
    corrections: isCorrection ? 1 : 0,
    cached: isCached ? 1 : 0,
    byMode: outputMode === undefined ? {} : { [outputMode]: { answers: 1, ...usage } },
  }
  totals.set(route, addAnswerCounts(totals.get(route) ?? noAnswerCounts, counts))
}

function addChoice(
  totals: OpenBatch['choices'],
  { route, outcome, usage, via }: RequestRecord,
): void {
  if (via === undefined) return
  const { choice, latencyMs } = via
  const one: ChoiceUsage = {
    choice,
    ok: outcome === 'ok' ? 1 : 0,
    throttled: outcome === 'throttled' ? 1 : 0,
    failed: outcome === 'failed' ? 1 : 0,
    givenUp: outcome === 'given-up' ? 1 : 0,
    latencies: latencyMs === null ? {} : { [latencyClass(latencyMs)]: 1 },
    ...usage,
  }
  totals.set(route, withChoice(totals.get(route) ?? [], one))
}

function storedValue(
  columns: readonly ColumnSettings[],
  column: number,
  value: JournaledCell['value'],
): StoredValue {
  const settings = columns[column]
  if (settings === undefined) throw new RangeError(`the run has no column ${column}`)
  return toStored(settings.type, value)
}

/** What requests cost, and what their answers were, as one batch of records has it. */
export function sumOfRequests(
  records: readonly RequestRecord[],
): Pick<JournalBatch, 'usage' | 'requests' | 'answers' | 'choices' | 'largest' | 'assumed'> {
  const { usage, requests, answers, choices, largest } = emptyBatch()
  let assumed = 0
  for (const record of records) {
    addRequest(usage, record)
    requests.add(record)
    assumed += record.assumed ?? 0
    addAnswer(answers, record)
    addChoice(choices, record)
    const { inputTokens: input, outputTokens: output } = record.usage
    if (input + output > 0)
      largest.set(record.route, largerOf(largest.get(record.route), { input, output }))
  }
  const sums = { usage: [...usage.values()].flat(), answers, choices, largest, assumed }
  return { ...sums, requests: requests.take() }
}

/** An exchange as the ledger takes it. */
export function storedExchange({ hash, reply, usage, ...rest }: JournaledExchange): StoredExchange {
  return { ...rest, hash, reply: reply.toWellFormed(), usage: usageOf(usage) }
}

/** A failure as the ledger takes it, its raw text capped. */
export function storedFailure(failure: JournaledFailure): StoredFailure {
  const { row, column, code, message, attempts, raw, usage, outcome } = failure
  return {
    row,
    column,
    code: code.toWellFormed(),
    message: message.toWellFormed(),
    attempts,
    raw: raw === undefined ? null : capBytes(raw.toWellFormed(), maxRawBytes),
    outcome,
    usage: usageOf(usage),
  }
}

/** The longest start of a text that has at most `max` bytes in UTF-8. */
function capBytes(text: string, max: number): string {
  const bytes = new Uint8Array(max)
  const { read } = new TextEncoder().encodeInto(text, bytes)
  return text.slice(0, read)
}
