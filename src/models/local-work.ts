import type { ModelReply } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import type { Clock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import { type Asked, transportError } from './classify.ts'
import { TimeoutExpired, withDeadline } from './deadline.ts'
import { failed } from './provider-failure.ts'

/** Work on models in this process, also that no one waits for any more. */
export interface LocalWork {
  /** Work in its time; what it used is free when it has stopped, not when no one waits for it any more. */
  within(
    limits: { timeoutMs: number; signal: AbortSignal; asked: Asked },
    work: (signal: AbortSignal) => Promise<ModelReply>,
  ): Promise<ModelReply>
  /** Resolves when nothing runs: freeing a model before that would crash. */
  settled(): Promise<void>
}

export function createLocalWork(clock: Clock): LocalWork {
  const running = new Set<Promise<ModelReply>>()
  return {
    async within({ timeoutMs, signal, asked }, work) {
      const tracked = (inner: AbortSignal): Promise<ModelReply> => {
        const ended = work(inner).finally(() => running.delete(ended))
        running.add(ended)
        return ended
      }
      try {
        return await withDeadline(tracked, { timeoutMs, clock, signal })
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (error instanceof RequestError) throw error
        if (error instanceof TimeoutExpired) throw transportError(error, asked)
        throw failed('inference-failed', `failed: ${messageOf(error)}.`, asked, {
          cause: error,
          problem: { kind: 'transient' },
        })
      }
    },
    async settled() {
      await Promise.allSettled(running)
    },
  }
}
