import { RequestError } from '../graph/request-error.ts'
import type { BatchApi, BatchStatus } from '../models/batch-api.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import type { WaitingBatches } from '../scheduler/scheduler-event.ts'
import type { Batch } from '../store/ledger-batch.ts'
import type { Batches } from '../store/run-store.ts'
import type { Clock } from '../util/clock.ts'
import { type BatchDelivery, isRefusal } from './batch-delivery.ts'
import type { BatchEvent } from './batch-event.ts'
import type { BatchCollector, BatchStop, SentBatch } from './batch-results.ts'

export interface OpenBatchesOptions {
  clock: Clock
  batches: Batches
  /** The run folder, as messages name it. */
  directory: string
  /** Batches at a place of a model; null where it has none, or is no longer in the config. */
  apiAt: (place: string) => BatchApi | null
  delivery: BatchDelivery
  collector: BatchCollector
  cost: CostLimit | null
  /** Time that an endpoint may be away, in ms. */
  maxOutageMs: number
  /** Whether the providers are to cancel them. */
  cancels: boolean
  signal: AbortSignal
  /** Whether the run ends: no further batch is looked at. */
  isEnding: () => boolean
  /** The run stops, with rows remaining. */
  stopFor: (why: BatchStop) => void
  emit: (event: BatchEvent) => void
}

/** Batches whose results are not all in the ledger, and what their providers say of them. */
export interface OpenBatches {
  /** As of the last change. */
  readonly all: readonly Batch[]
  /** Reads them from the ledger. */
  refresh(): Promise<void>
  /** Takes up what earlier sessions left. */
  takeUp(): Promise<void>
  /** Looks at each once, and keeps the results of those that have ended; gives what kept it from that. */
  look(): Promise<RequestError | null>
  /** What waits where, and since when. */
  waiting(): WaitingBatches[]
}

export function createOpenBatches(options: OpenBatchesOptions): OpenBatches {
  const { batches, clock, cost, delivery, emit, signal } = options
  const states = new Map<number, BatchStatus>()
  const cancelled = new Set<number>()
  let all: readonly Batch[] = []
  let awaySince: number | null = null

  async function refresh(): Promise<void> {
    all = await batches.open()
  }

  async function takeUp(): Promise<void> {
    for (const { id, place } of await batches.open()) {
      // No one can be asked for it any more.
      if (options.apiAt(place) === null) await batches.end(id, 'withdrawn')
    }
    await refresh()
    // They may cost what they were to cost, whatever the limit is now.
    for (const { reserved } of all) cost?.hold(reserved)
  }

  async function look(): Promise<RequestError | null> {
    let problem: RequestError | null = null
    const refused: { batch: Batch; error: RequestError }[] = []
    for (const batch of all) {
      if (options.isEnding()) break
      try {
        if (batch.handle === null) await lookFor(batch)
        else await lookAt({ ...batch, handle: batch.handle })
      } catch (error) {
        if (signal.aborted) return null
        if (!(error instanceof RequestError)) throw error
        if (isRefusal(error)) refused.push({ batch, error })
        else problem = error
      }
    }
    const [first] = refused
    if (first !== undefined) options.stopFor(refusedStop(refused, options.directory))
    noteOutage(problem)
    await refresh()
    return problem
  }

  function noteOutage(problem: RequestError | null): void {
    if (problem === null) {
      awaySince = null
      return
    }
    awaySince ??= clock.now()
    if (clock.now() - awaySince > options.maxOutageMs) {
      options.stopFor({ reason: problem.message, error: problem })
    }
  }

  async function lookFor(batch: Batch): Promise<void> {
    if ((await delivery.look(batch)) !== 'none') return
    await batches.end(batch.id, 'withdrawn')
    cost?.release(batch.reserved)
  }

  async function lookAt(batch: SentBatch): Promise<void> {
    const { id, route, place, handle, requests } = batch
    const api = options.apiAt(place)
    if (api === null) throw new Error(`the provider of ${place} has no batches`)
    if (options.cancels && !cancelled.has(id)) await cancel(batch, api)
    const status = await api.status(handle, signal)
    const before = states.get(id)
    states.set(id, status)
    if (before?.said !== status.said || before.done !== status.done) {
      const { said, done } = status
      emit({ type: 'batch-progress', route, batch: handle, status: said, done, requests })
    }
    if (status.outcome === null) return
    const why = await options.collector.collect(batch, api, status)
    states.delete(id)
    if (why !== null) options.stopFor(why)
  }

  async function cancel({ id, handle }: SentBatch, api: BatchApi): Promise<void> {
    try {
      await api.cancel(handle, signal)
    } catch (error) {
      // It has ended before, or is not there: its state says which.
      if (!isRefusal(error)) throw error
    }
    cancelled.add(id)
  }

  function waiting(): WaitingBatches[] {
    const byRoute = new Map<string, WaitingBatches>()
    for (const { id, route, requests, submitted, handle } of all) {
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
    get all() {
      return all
    },
    refresh,
    takeUp,
    look,
    waiting,
  }
}

/** The provider does not know them, or does not let this key see them: no one can say what they answered. */
function refusedStop(
  refused: readonly { batch: Batch; error: RequestError }[],
  directory: string,
): BatchStop {
  const names = refused.map(({ batch }) => batch.handle ?? batch.submission)
  const [first] = refused
  const error = first?.error ?? null
  const which = names.length === 1 ? `batch ${names[0]}` : `batches ${names.join(', ')}`
  const words = names.map((name) => ` --give-up ${name}`).join('')
  return {
    reason: `the provider of ${first?.batch.place} gives no access to ${which}: ${error?.message} To continue, run the same command with the key and the endpoint it was sent with. If it is gone for good, rowsmith batches ${directory}${words} makes the run send its requests again.`,
    error,
  }
}
