import { rm } from 'node:fs/promises'
import { RequestError } from '../graph/request-error.ts'
import type { BatchApi, FoundBatch } from '../models/batch-api.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import type { Batches } from '../store/run-store.ts'
import type { Clock } from '../util/clock.ts'
import type { BatchEvent } from './batch-event.ts'
import type { SpooledBatch } from './batch-spool.ts'
import type { Pauses } from './batch-pauses.ts'

/** A batch in the ledger that its provider may or may not have. */
interface UnsureBatch {
  id: number
  route: string
  place: string
  submission: string
  submitted: number
  requests: number
  reserved: number
}

export interface BatchDeliveryOptions {
  clock: Clock
  batches: Batches
  /** Null for a place without batches. */
  apiAt: (place: string) => BatchApi | null
  pauses: Pauses
  cost: CostLimit | null
  /** If the provider does not list a batch this long after it was sent, it did not take it; in ms. */
  settleMs: number
  /** How long an endpoint may be unreachable, in ms. */
  maxOutageMs: number
  signal: AbortSignal
  emit: (event: BatchEvent) => void
}

/** Sends batches so that none is sent twice, whatever breaks in between. */
export interface BatchDelivery {
  /** Rejects where the provider refuses the batch: its requests are then free again. */
  send(batch: SpooledBatch): Promise<void>
  /** Looks for a batch of an earlier session; answers whether it was found, was never sent, or neither is sure. */
  look(batch: UnsureBatch): Promise<FoundBatch['kind']>
}

/**
 * A batch is noted in the ledger before it is sent, and again under its provider's name after that. If
 * the ledger has no provider's name, rowsmith looks for the batch at the provider, and sends it again only if it
 * is not there.
 */
export function createBatchDelivery(options: BatchDeliveryOptions): BatchDelivery {
  const { batches, clock, signal } = options

  function apiAt(place: string): BatchApi {
    const api = options.apiAt(place)
    if (api === null) throw new Error(`the provider of ${place} has no batches`)
    return api
  }

  async function send(spooled: SpooledBatch): Promise<void> {
    const { route, place, submission, requests, reserved } = spooled
    const submitted = clock.wallTime()
    const id = await batches.add({ route, place, submission, submitted, requests, reserved })
    const batch = { id, route, place, submission, submitted, requests: requests.length, reserved }
    try {
      await deliver(batch, spooled)
    } catch (error) {
      if (isRefusal(error)) await withdraw(batch)
      throw error
    }
    await rm(spooled.path, { force: true })
  }

  async function deliver(batch: UnsureBatch, file: SpooledBatch): Promise<void> {
    const { place, submission, requests, submitted } = batch
    const waiting = options.pauses.begin()
    for (;;) {
      try {
        const sent = { id: submission, requests, since: submitted }
        const handle = await apiAt(place).submit(sent, file, signal)
        return await taken(batch, handle)
      } catch (error) {
        if (!(error instanceof RequestError) || isRefusal(error)) throw error
        if (clock.now() - waiting.since > options.maxOutageMs) throw error
        // It is in the ledger, and the next session looks for it.
        if (!(await waiting.pause(error))) return
        // It may have arrived: it is not sent again before that is known.
        if (error.problem.kind === 'transient' && (await settled(batch)) !== 'none') return
      }
    }
  }

  async function settled(batch: UnsureBatch): Promise<FoundBatch['kind']> {
    const waiting = options.pauses.begin()
    for (;;) {
      const kind = await tryToLook(batch)
      if (kind !== 'unsure') return kind
      if (!(await waiting.pause(null))) return 'unsure'
    }
  }

  async function tryToLook(batch: UnsureBatch): Promise<FoundBatch['kind']> {
    try {
      return await look(batch)
    } catch (error) {
      if (!(error instanceof RequestError) || isRefusal(error)) throw error
      return 'unsure'
    }
  }

  async function look(batch: UnsureBatch): Promise<FoundBatch['kind']> {
    const { place, submission, requests, submitted } = batch
    const known = new Set<string>()
    for (const { handle } of await batches.open()) if (handle !== null) known.add(handle)
    const sent = { id: submission, requests, since: submitted }
    const found = await apiAt(place).find(sent, known, signal)
    if (found.kind === 'found') await taken(batch, found.handle)
    // One that was sent just now may not be listed yet.
    const isFresh = clock.wallTime() - submitted < options.settleMs
    return found.kind === 'none' && isFresh ? 'unsure' : found.kind
  }

  async function taken({ id, route, requests }: UnsureBatch, handle: string): Promise<void> {
    await batches.setHandle(id, handle)
    options.emit({ type: 'batch-submitted', route, batch: handle, requests })
  }

  async function withdraw({ id, reserved }: UnsureBatch): Promise<void> {
    await batches.end(id, 'withdrawn')
    options.cost?.release(reserved)
  }

  return { send, look }
}

/** The provider answered, and will answer the same the next time. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof RequestError)) return false
  const { kind } = error.problem
  return kind === 'refused' || kind === 'suspect' || kind === 'endpoint-stopped'
}
