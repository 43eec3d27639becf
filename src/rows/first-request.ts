import { CellFailure } from '../graph/failure.ts'
import { CellInterrupted } from '../graph/interrupted.ts'
import type { Generator, Row } from '../graph/kind.ts'
import { PluginFailure } from '../graph/plugin-failure.ts'
import type { ModelRequest } from '../graph/request.ts'
import type { Clock } from '../util/clock.ts'
import { thrownFailure } from './cell-outcome.ts'

/**
 * The first request of a cell as it would be sent, or why there is none; null for what is not known
 * without sending or doing something, and for cells that ask nothing.
 *
 * The function of a conversation runs until its first request, which rejects because nothing is sent.
 */
export async function firstRequest(
  generator: Generator | null,
  row: Row,
  { clock, longestMs }: { clock: Clock; longestMs: number },
): Promise<ModelRequest | CellFailure | null> {
  if (generator?.by !== 'cell' || generator.requests === 'none') return null
  try {
    if (generator.requests === 'one') return generator.prepare(row)
    if (generator.requests === 'shared') return generator.prepare([row])
  } catch (error) {
    return failureOf(error)
  }
  const asked = Promise.withResolvers<ModelRequest | CellFailure | null>()
  const controller = new AbortController()
  const interruption = new CellInterrupted('aborted')
  const refuse = (found: ModelRequest | null): Promise<never> => {
    asked.resolve(found)
    const refused = Promise.reject(interruption)
    // A function need not wait for what it asks.
    refused.catch(() => undefined)
    return refused
  }
  const timer = clock.after(longestMs, () => asked.resolve(null))
  Promise.resolve()
    .then(() =>
      generator.run(row, {
        signal: controller.signal,
        request: (_route, message) => refuse(message),
        step: () => refuse(null),
      }),
    )
    .then(
      () => asked.resolve(null),
      (error: unknown) => asked.resolve(failureOf(error)),
    )
  const found = await asked.promise
  timer.cancel()
  controller.abort(interruption)
  return found
}

/** Anything but a failure of the cell is a mistake of the kind; a plugin's fails its cell in a run. */
function failureOf(error: unknown): CellFailure | null {
  return error instanceof CellFailure || error instanceof PluginFailure
    ? thrownFailure(error)
    : null
}
