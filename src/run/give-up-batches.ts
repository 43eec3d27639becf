import { inspectStore } from '../store/inspect-store.ts'
import type { Batch } from '../store/ledger-batch.ts'
import { openStore } from '../store/store.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'

/** Options of `giveUpBatches`. */
export interface GiveUpBatchesOptions {
  clock?: Clock
}

/** A batch that no one waits for any more. */
export interface GivenUpBatch {
  /** The provider's name for it, or ours where the provider's is not known. */
  batch: string
  route: string
  /** That it was sent with. */
  requests: number
}

/**
 * Forgets batches of a run without asking their provider, by the names that `summary` has: the run sends their
 * requests again. What they answered is lost, and may be paid for.
 */
export async function giveUpBatches(
  directory: string,
  names: readonly string[],
  { clock = systemClock }: GiveUpBatchesOptions = {},
): Promise<GivenUpBatch[]> {
  const { directory: dir, batches } = await inspectStore(directory)
  const chosen = new Map(
    names.map((name) => batchOf(name, batches, dir)).map((one) => [one.id, one]),
  )
  await using store = await openStore(dir, { clock })
  for (const id of chosen.keys()) await store.batches.end(id, 'withdrawn')
  return [...chosen.values()].map((one) => ({
    batch: nameOf(one),
    route: one.route,
    requests: one.requests,
  }))
}

function batchOf(name: string, batches: readonly Batch[], directory: string): Batch {
  const found = batches.find(({ handle, submission }) => handle === name || submission === name)
  if (found !== undefined) return found
  const known = batches.map(nameOf)
  const near = nearest(name, known)
  throw new RowsmithError('usage', `${directory} waits for no batch ${name}`, {
    hints: [
      ...(near === undefined ? [] : [`Did you mean ${near}?`]),
      known.length === 0 ? 'It waits for none.' : `It waits for: ${known.join(', ')}.`,
    ],
  })
}

function nameOf({ handle, submission }: Batch): string {
  return handle ?? submission
}
