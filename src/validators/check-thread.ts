import { startWorker, type WorkerClient } from '../threads/worker-calls.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'

/** What the file of a thread offers: each call gives what it found, or says that its engine broke. */
interface CheckCalls {
  readonly [name: string]: (...parameters: never[]) => Promise<unknown>
  /** Loads what a check needs; not counted into its time. */
  readonly load: (...parameters: never[]) => Promise<void>
}

/** Why a check gave nothing. */
export interface NoAnswer {
  readonly gaveUp: 'time' | 'broken'
  readonly message: string
}

/** A thread for engines that may hang, break or keep memory: it is ended and started as needed. */
export interface CheckThread {
  /** Calls `load` with the first parameter, then the operation with all of them. */
  check<Found>(operation: string, parameters: readonly unknown[]): Promise<Found | NoAnswer>
  close(): Promise<void>
}

export interface CheckThreadOptions {
  /** The worker's file next to `home`, without its ending. */
  name: string
  home: string
  /** Flags of Node for the thread. */
  flags?: readonly string[]
  clock?: Clock
  /** Of one check. */
  longestMs?: number
  /** Of the engine's loading. */
  longestLoadMs?: number
  /** Checks after which the thread is replaced: engines in WebAssembly never give memory back. */
  checks?: number
  /** Of the thread's heap. */
  heapMb?: number
}

export function createCheckThread({
  name,
  home,
  flags = [],
  clock = systemClock,
  longestMs = 10_000,
  longestLoadMs = 120_000,
  checks = 2_000,
  heapMb = 512,
}: CheckThreadOptions): CheckThread {
  let client: WorkerClient<CheckCalls> | null = null
  let left = checks
  let last: Promise<unknown> = Promise.resolve()

  async function renew(): Promise<void> {
    const old = client
    client = null
    left = checks
    await old?.end()
  }

  /** The answer, or null when there was none in time; then the thread is ended. */
  async function inTime<Found>(
    work: Promise<Found>,
    limitMs: number,
  ): Promise<{ found: Found } | null> {
    const late = Promise.withResolvers<null>()
    const timer = clock.after(limitMs, () => late.resolve(null))
    try {
      return await Promise.race([work.then((found) => ({ found })), late.promise])
    } finally {
      timer.cancel()
    }
  }

  async function one<Found>(
    operation: string,
    parameters: readonly unknown[],
  ): Promise<Found | NoAnswer> {
    client ??= startWorker<CheckCalls>(name, home, { flags, heapMb })
    const thread = client
    try {
      const loading = thread.call('load', ...(parameters.slice(0, 1) as never[]))
      if ((await inTime(loading, longestLoadMs)) === null) {
        await renew()
        return {
          gaveUp: 'time',
          message: `its engine was not ready after ${longestLoadMs / 1000} s`,
        }
      }
      left -= 1
      const checking = thread.call(operation, ...(parameters as never[]))
      const answer = await inTime(checking, longestMs)
      if (answer === null) {
        await renew()
        return { gaveUp: 'time', message: `the check took longer than ${longestMs / 1000} s` }
      }
      if (left <= 0) await renew()
      // The operation of this name says so.
      return answer.found as Found
    } catch (error) {
      await renew()
      return { gaveUp: 'broken', message: `the check broke: ${messageOf(error)}` }
    }
  }

  return {
    check(operation, parameters) {
      const answer = last.then(() => one<never>(operation, parameters))
      last = answer.catch(() => undefined)
      return answer
    },
    async close() {
      await last
      await renew()
    },
  }
}

export function isNoAnswer(found: unknown): found is NoAnswer {
  return typeof found === 'object' && found !== null && 'gaveUp' in found
}
