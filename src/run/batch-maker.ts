import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunConfig } from '../config/run-config.ts'
import type { Graph } from '../graph/graph.ts'
import { RequestError } from '../graph/request-error.ts'
import type { Usage } from '../graph/request.ts'
import type { BatchApi } from '../models/batch-api.ts'
import { RowSet } from '../plan/row-set.ts'
import type { DeferredRequests } from '../rows/deferred-requests.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import { createErrorWindow } from '../scheduler/error-window.ts'
import type { SchedulerEvent, Snapshot } from '../scheduler/scheduler-event.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { SchedulerEnd } from '../scheduler/stopping.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Clock } from '../util/clock.ts'
import { addSnapshots } from './add-snapshots.ts'
import { createBatchDelivery } from './batch-delivery.ts'
import type { BatchEvent } from './batch-event.ts'
import { createPollPauses } from './batch-pauses.ts'
import { type BatchStop, createBatchCollector } from './batch-results.ts'
import { type BatchPlace, createBatchSpool, type SpooledBatch } from './batch-spool.ts'
import { createExchangeHash } from './exchange-hash.ts'
import { createOpenBatches } from './open-batches.ts'
import type { RowMaker } from './select-rows.ts'

export interface BatchMakerOptions {
  clock: Clock
  store: RunStore
  graph: Pick<Graph, 'columns'>
  runConfig: Pick<
    RunConfig,
    | 'batch_requests'
    | 'batch_wait'
    | 'batch_poll'
    | 'max_attempts'
    | 'max_outage'
    | 'disable_early_shutdown'
    | 'shutdown_error_rate'
    | 'shutdown_error_window'
  >
  /** Batches at a place of a model; null where it has none, or is no longer in the config. */
  apiAt: (place: string) => BatchApi | null
  /** Where the requests of an alias may go in batches; empty for one whose requests go by themselves. */
  placesOf: (route: string) => readonly BatchPlace[]
  /** Cancels the batches that providers have, keeps what they had answered, and makes nothing. */
  cancels: boolean
  identityOf: (alias: string) => unknown
  cost: CostLimit | null
  /** Distinguishes a place from the others of its model; '' where there is only one. */
  choiceOf: (place: string) => string
  /** What a reply of a batch cost at a place. */
  costOf: (place: string, usage: Usage) => number | null
  /** Whether rows are made only until enough are accepted. */
  isSelection: boolean
  /** An engine that makes what can be made without waiting for a batch. */
  createEngine: (round: BatchRound) => Promise<Scheduler>
  newName: () => string
  emit: (event: BatchEvent | SchedulerEvent) => void
}

/** The state of one engine, which works until all remaining rows wait for batches. */
export interface BatchRound {
  /** Rows with an outcome. */
  decided: RowSet
  /** Rows that wait for a batch. */
  waiting: RowSet
  deferred: DeferredRequests
}

/** Folder of requests that are not sent yet, in the run folder. */
export const spoolName = 'batches'

/**
 * Makes rows some of whose requests go in batches: an engine makes all that can be made, and its
 * requests for batches are sent together. When one of them is answered, its answers are in the ledger, and the
 * next engine continues with the rows that waited for them, as a run that was interrupted continues.
 */
export function createBatchMaker(options: BatchMakerOptions): RowMaker {
  const { clock, cost, emit, store, runConfig } = options
  const { batches } = store
  const controller = new AbortController()
  const directory = join(store.directory, spoolName)
  const longestMs = runConfig.batch_poll * 1000
  const pauses = createPollPauses({ clock, longestMs })
  const failures = createErrorWindow({
    rate: runConfig.shutdown_error_rate,
    size: runConfig.shutdown_error_window,
  })
  const maxOutageMs = runConfig.max_outage * 1000
  let engine: Scheduler | null = null
  let earlier: Snapshot | null = null
  let stop: BatchStop | null = null
  let draining = false
  /** Batches that are being sent, one after the other. */
  let sending: Promise<void> = Promise.resolve()
  let thrown: { error: unknown } | null = null
  /** Rows that waited for a batch when the engine was made: it knows nothing of them. */
  let waitingRows = 0

  const delivery = createBatchDelivery({
    clock,
    batches,
    apiAt: options.apiAt,
    pauses,
    cost,
    settleMs: longestMs,
    maxOutageMs,
    signal: controller.signal,
    emit,
  })
  const collector = createBatchCollector({
    graph: options.graph,
    batches,
    cost,
    costOf: options.costOf,
    choiceOf: options.choiceOf,
    maxAttempts: runConfig.max_attempts,
    cancels: options.cancels,
    isTooMany,
    signal: controller.signal,
    emit,
  })
  const open = createOpenBatches({
    clock,
    batches,
    directory: store.directory,
    apiAt: options.apiAt,
    delivery,
    collector,
    cost,
    maxOutageMs,
    cancels: options.cancels,
    signal: controller.signal,
    isEnding: () => ended() !== null,
    stopFor,
    emit,
  })
  const spool = createBatchSpool({
    clock,
    directory,
    placesOf: options.placesOf,
    exchangeHash: createExchangeHash(options.identityOf),
    cost,
    mostRequests: runConfig.batch_requests,
    longestWaitMs: runConfig.batch_wait * 1000,
    newName: options.newName,
    ready: send,
  })

  function isTooMany(failed: boolean): boolean {
    if (runConfig.disable_early_shutdown || !failures.note(failed) || stop !== null) return false
    const { shutdown_error_rate: rate, shutdown_error_window: window } = runConfig
    emit({ type: 'early-shutdown', rate, window })
    const share = `${Math.round(rate * 100)} %`
    stop = {
      reason: `at least ${share} of the last ${window} cells failed (shutdown_error_rate)`,
      error: null,
    }
    return true
  }

  function send(batch: SpooledBatch): void {
    sending = sendBehind(sending, batch)
  }

  /** Never rejects: nothing awaits it while an engine works. */
  async function sendBehind(before: Promise<void>, batch: SpooledBatch): Promise<void> {
    await before
    try {
      if (stop === null && thrown === null && !draining) await delivery.send(batch)
      else cost?.release(batch.reserved)
      await open.refresh()
    } catch (error) {
      fail(error)
    }
  }

  /** An error of a provider stops the run with rows remaining; a bug is thrown. */
  function fail(error: unknown): void {
    if (controller.signal.aborted) return
    if (error instanceof RequestError) return stopFor({ reason: error.message, error })
    thrown ??= { error }
    engine?.abort()
  }

  function stopFor(why: BatchStop): void {
    if (stop !== null) return
    stop = why
    emit({ type: 'batch-stopped', reason: why.reason })
  }

  async function run(): Promise<SchedulerEnd> {
    try {
      return await rounds()
    } finally {
      await sending
      spool.discard()
      await rm(directory, { recursive: true, force: true })
      await tellLeft()
    }
  }

  async function rounds(): Promise<SchedulerEnd> {
    await open.takeUp()
    if (options.cancels) return await cancelAll()
    await open.look()
    for (;;) {
      const stopped = ended()
      if (stopped !== null) return stopped
      const end = await pass()
      if (thrown !== null) throw thrown.error
      if (end.kind !== 'complete') return end
      spool.flush()
      await sending
      await open.refresh()
      if (stop === null && open.all.length === 0) return await lastEnd()
      await waitForOne()
    }
  }

  async function cancelAll(): Promise<SchedulerEnd> {
    const { length } = open.all
    if (length > 0) emit({ type: 'batches-cancelling', batches: length })
    while (open.all.length > 0 && ended() === null) await waitForOne()
    const stopped = ended()
    if (stopped !== null) return stopped
    if (await isMade()) return { kind: 'complete' }
    const reason = length === 0 ? 'it waits for no batch' : 'its batches are cancelled'
    return { kind: 'stopped', reason: `${reason}; rows remain`, error: null }
  }

  function ended(): SchedulerEnd | null {
    if (thrown !== null) throw thrown.error
    if (draining) return { kind: 'interrupted' }
    return stop === null ? null : { kind: 'stopped', ...stop }
  }

  async function pass(): Promise<SchedulerEnd> {
    const { rows: target } = store.settings
    const decided = RowSet.fromIntervals(await store.decidedNow()).intersect(0, target)
    const waiting = RowSet.fromIntervals(await batches.rows()).intersect(0, target)
    waitingRows = waiting.count
    spool.begin(waitingRows)
    // A row whose filter rejected it meanwhile waits for nothing.
    const still = waiting.subtract(decided)
    engine = await options.createEngine({ decided, waiting: still, deferred: spool })
    if (controller.signal.aborted) engine.abort()
    else if (draining) engine.drain()
    const end = await engine.run()
    earlier = snapshot()
    engine = null
    return end
  }

  /** Nothing waits for a batch: all is made, or the rest may not be paid for. */
  async function lastEnd(): Promise<SchedulerEnd> {
    if (await isMade()) return { kind: 'complete' }
    if (draining) return { kind: 'interrupted' }
    if (!spool.isShort || cost === null) {
      // The selection checks whether enough rows are accepted.
      if (options.isSelection) return { kind: 'complete' }
      return { kind: 'stopped', reason: 'rows remain', error: null }
    }
    const { limit, spent } = cost
    emit({ type: 'cost-reached', limit, spent })
    const reason = `$${spent.toFixed(4)} are spent, and the next request could cost more than the rest of $${limit} (max_cost)`
    return { kind: 'stopped', reason, error: null }
  }

  async function isMade(): Promise<boolean> {
    const { rows: target } = store.settings
    return RowSet.fromIntervals(await store.decidedNow()).intersect(0, target).count === target
  }

  async function waitForOne(): Promise<void> {
    const waiting = pauses.begin()
    while (ended() === null) {
      const before = open.all.length
      const problem = await open.look()
      if (open.all.length < before || ended() !== null) return
      await waiting.pause(problem)
    }
  }

  async function tellLeft(): Promise<void> {
    await open.refresh()
    if (open.all.length === 0) return
    const requests = open.all.reduce((sum, batch) => sum + batch.requests, 0)
    emit({ type: 'batches-left', batches: open.all.length, requests })
  }

  function snapshot(): Snapshot | null {
    const now = engine === null ? null : withWaiting(engine.snapshot())
    const both = now === null ? earlier : earlier === null ? now : addSnapshots(earlier, now)
    return both === null ? null : { ...both, batches: open.waiting() }
  }

  function withWaiting(now: Snapshot): Snapshot {
    return { ...now, rows: { ...now.rows, remaining: now.rows.remaining + waitingRows } }
  }

  return {
    run,
    drain() {
      draining = true
      pauses.end()
      engine?.drain()
    },
    abort() {
      draining = true
      pauses.end()
      controller.abort(new Error('the run was interrupted'))
      engine?.abort()
    },
    snapshot,
    selection: () => null,
  }
}
