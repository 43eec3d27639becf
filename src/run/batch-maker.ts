import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunConfig } from '../config/run-config.ts'
import type { Graph } from '../graph/graph.ts'
import { RequestError } from '../graph/request-error.ts'
import type { Usage } from '../graph/request.ts'
import type { BatchApi, BatchStatus } from '../models/batch-api.ts'
import { RowSet } from '../plan/row-set.ts'
import type { DeferredRequests } from '../rows/deferred-requests.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import { createErrorWindow } from '../scheduler/error-window.ts'
import type { SchedulerEvent, Snapshot, WaitingBatches } from '../scheduler/scheduler-event.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { SchedulerEnd } from '../scheduler/stopping.ts'
import type { Batch } from '../store/ledger-batch.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Clock } from '../util/clock.ts'
import { addSnapshots } from './add-snapshots.ts'
import { createBatchDelivery, isRefusal } from './batch-delivery.ts'
import type { BatchEvent } from './batch-event.ts'
import { createPollPauses } from './batch-pauses.ts'
import { type BatchStop, createBatchCollector, type SentBatch } from './batch-results.ts'
import { createBatchSpool, type SpooledBatch } from './batch-spool.ts'
import { createExchangeHash } from './exchange-hash.ts'
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
  /** Batches of an alias; null where its provider has none. */
  apiOf: (route: string) => BatchApi | null
  /** Aliases whose requests go in batches. */
  routes: ReadonlySet<string>
  identityOf: (alias: string) => unknown
  cost: CostLimit | null
  costOf: (route: string, usage: Usage) => number | null
  /** An engine that makes what can be made without waiting for a batch. */
  createEngine: (decided: RowSet, deferred: DeferredRequests) => Promise<Scheduler>
  newName: () => string
  emit: (event: BatchEvent | SchedulerEvent) => void
}

/** Folder of requests on their way, in the run folder. */
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
  const states = new Map<number, BatchStatus>()
  let engine: Scheduler | null = null
  let earlier: Snapshot | null = null
  let stop: BatchStop | null = null
  let open: readonly Batch[] = []
  let draining = false
  /** Batches that are being sent, one after the other. */
  let sending: Promise<void> = Promise.resolve()
  let awaySince: number | null = null
  let thrown: { error: unknown } | null = null
  /** Rows that waited for a batch when the engine was made: it knows nothing of them. */
  let waitingRows = 0

  const delivery = createBatchDelivery({
    clock,
    batches,
    apiOf,
    pauses,
    cost,
    settleMs: longestMs,
    maxOutageMs: runConfig.max_outage * 1000,
    signal: controller.signal,
    emit,
  })
  const collector = createBatchCollector({
    graph: options.graph,
    batches,
    cost,
    costOf: options.costOf,
    maxAttempts: runConfig.max_attempts,
    isTooMany,
    signal: controller.signal,
    emit,
  })
  const spool = createBatchSpool({
    clock,
    directory,
    apiOf: (route) => (options.routes.has(route) ? options.apiOf(route) : null),
    exchangeHash: createExchangeHash(options.identityOf),
    cost,
    mostRequests: runConfig.batch_requests,
    longestWaitMs: runConfig.batch_wait * 1000,
    newName: options.newName,
    ready: send,
  })

  function apiOf(route: string): BatchApi {
    const api = options.apiOf(route)
    if (api === null) throw new Error(`the provider of ${route} has no batches`)
    return api
  }

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

  /** Never rejects: no one waits for it while an engine works. */
  async function sendBehind(before: Promise<void>, batch: SpooledBatch): Promise<void> {
    await before
    try {
      if (stop === null && thrown === null && !draining) await delivery.send(batch)
      else cost?.release(batch.reserved)
      open = await batches.open()
    } catch (error) {
      fail(error)
    }
  }

  /** What a provider says ends the run in good order, with rows remaining; a defect is thrown. */
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
    await takeUp()
    for (;;) {
      const stopped = ended()
      if (stopped !== null) return stopped
      const end = await pass()
      if (thrown !== null) throw thrown.error
      if (end.kind !== 'complete') return end
      spool.flush()
      await sending
      open = await batches.open()
      if (stop === null && open.length === 0) return await lastEnd()
      await waitForOne()
    }
  }

  /** What earlier sessions left: their batches may have ended, or may never have been sent. */
  async function takeUp(): Promise<void> {
    for (const { id, route } of await batches.open()) {
      // No one can be asked for it any more.
      if (options.apiOf(route) === null) await batches.end(id, 'withdrawn')
    }
    open = await batches.open()
    // They may cost what they were to cost, whatever the limit is now.
    for (const { reserved } of open) cost?.hold(reserved)
    await lookAtAll()
  }

  function ended(): SchedulerEnd | null {
    if (thrown !== null) throw thrown.error
    if (draining) return { kind: 'interrupted' }
    return stop === null ? null : { kind: 'stopped', ...stop }
  }

  async function pass(): Promise<SchedulerEnd> {
    const decided = RowSet.fromIntervals(await store.decidedNow())
    const waiting = RowSet.fromIntervals(await batches.rows())
    const { rows: target } = store.settings
    waitingRows = waiting.count
    spool.begin(waitingRows)
    engine = await options.createEngine(decided.union(waiting).intersect(0, target), spool)
    if (controller.signal.aborted) engine.abort()
    else if (draining) engine.drain()
    const end = await engine.run()
    earlier = snapshot()
    engine = null
    return end
  }

  /** Nothing waits for a batch: all is made, or the rest may not be paid for. */
  async function lastEnd(): Promise<SchedulerEnd> {
    const { rows: target } = store.settings
    const decided = RowSet.fromIntervals(await store.decidedNow()).intersect(0, target)
    if (decided.count === target) return { kind: 'complete' }
    if (draining) return { kind: 'interrupted' }
    if (!spool.isShort || cost === null) {
      return { kind: 'stopped', reason: 'rows remain', error: null }
    }
    const { limit, spent } = cost
    emit({ type: 'cost-reached', limit, spent })
    const reason = `$${spent.toFixed(4)} are spent, and the next request could cost more than the rest of $${limit} (max_cost)`
    return { kind: 'stopped', reason, error: null }
  }

  async function waitForOne(): Promise<void> {
    const waiting = pauses.begin()
    while (ended() === null) {
      const before = open.length
      const problem = await lookAtAll()
      if (open.length < before || ended() !== null) return
      await waiting.pause(problem)
    }
  }

  /** Looks at every batch once, and keeps the results of those that have ended; gives what kept it from that. */
  async function lookAtAll(): Promise<RequestError | null> {
    let problem: RequestError | null = null
    for (const batch of open) {
      if (ended() !== null) break
      try {
        if (batch.handle === null) await lookFor(batch)
        else await lookAt({ ...batch, handle: batch.handle })
      } catch (error) {
        if (controller.signal.aborted) return null
        if (!(error instanceof RequestError)) throw error
        problem = error
        if (isRefusal(error)) fail(error)
      }
    }
    if (problem === null) awaySince = null
    else awaySince ??= clock.now()
    const awayMs = awaySince === null ? 0 : clock.now() - awaySince
    if (problem !== null && awayMs > runConfig.max_outage * 1000) fail(problem)
    open = await batches.open()
    return problem
  }

  async function lookFor(batch: Batch): Promise<void> {
    if ((await delivery.look(batch)) !== 'none') return
    await batches.end(batch.id, 'withdrawn')
    cost?.release(batch.reserved)
  }

  async function lookAt(batch: SentBatch): Promise<void> {
    const { id, route, handle, requests } = batch
    const api = apiOf(route)
    const status = await api.status(handle, controller.signal)
    const before = states.get(id)
    states.set(id, status)
    if (before?.said !== status.said || before.done !== status.done) {
      const { said, done } = status
      emit({ type: 'batch-progress', route, batch: handle, status: said, done, requests })
    }
    if (status.outcome === null) return
    const why = await collector.collect(batch, api, status)
    states.delete(id)
    if (why !== null) stopFor(why)
  }

  async function tellLeft(): Promise<void> {
    open = await batches.open()
    if (open.length === 0) return
    const requests = open.reduce((sum, batch) => sum + batch.requests, 0)
    emit({ type: 'batches-left', batches: open.length, requests })
  }

  function snapshot(): Snapshot | null {
    const now = engine === null ? null : withWaiting(engine.snapshot())
    const both = now === null ? earlier : earlier === null ? now : addSnapshots(earlier, now)
    return both === null ? null : { ...both, batches: waitingNow() }
  }

  function withWaiting(now: Snapshot): Snapshot {
    return { ...now, rows: { ...now.rows, remaining: now.rows.remaining + waitingRows } }
  }

  function waitingNow(): WaitingBatches[] {
    const byRoute = new Map<string, WaitingBatches>()
    for (const { id, route, requests, submitted, handle } of open) {
      const state = states.get(id)
      const known = byRoute.get(route)
      const sinceMs = clock.wallTime() - submitted
      const said = handle === null ? 'looked for' : (state?.said ?? 'submitted')
      byRoute.set(route, {
        route,
        batches: (known?.batches ?? 0) + 1,
        requests: (known?.requests ?? 0) + requests,
        done: (known?.done ?? 0) + (state?.done ?? 0),
        sinceMs: Math.max(known?.sinceMs ?? 0, sinceMs),
        status: known?.status ?? said,
      })
    }
    return [...byRoute.values()]
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
