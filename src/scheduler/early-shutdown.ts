import { createErrorWindow } from './error-window.ts'
import type { SchedulerEvent } from './scheduler-event.ts'
import type { Stopping } from './stopping.ts'

export interface EarlyShutdownOptions {
  /** The run stops when at least this share (0 to 1) of the latest cells failed; null: never. */
  limit: { rate: number; window: number } | null
  stopping: Stopping
  emit: (event: SchedulerEvent) => void
  /** Nothing is sent from now on. */
  shutDown: () => void
}

/** Gets to know how journaled cells end, and stops a run that only burns money. */
export interface EarlyShutdown {
  made(): void
  failed(code: string): void
}

/**
 * An early shutdown is about what is answered; an endpoint that is away has a separate limit, and a
 * row that is dropped because something in it is invalid was judged as it was meant to be.
 */
const uncounted: ReadonlySet<string> = new Set(['unreachable', 'disconnected', 'invalid'])

export function createEarlyShutdown(options: EarlyShutdownOptions): EarlyShutdown {
  const { limit, stopping } = options
  if (limit === null) return { made: () => undefined, failed: () => undefined }
  const { rate, window } = limit
  const latest = createErrorWindow({ rate, size: window })

  function note(failed: boolean): void {
    if (!latest.note(failed) || stopping.begun) return
    options.emit({ type: 'early-shutdown', rate, window })
    stopping.shutDown(
      `at least ${Math.round(rate * 100)} % of the last ${window} cells failed (shutdown_error_rate)`,
    )
    options.shutDown()
  }

  return {
    made: () => note(false),
    failed(code) {
      if (!uncounted.has(code)) note(true)
    },
  }
}
