import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isMediaPath } from '../graph/media.ts'
import type { WorkerClient } from '../threads/worker-calls.ts'
import type { LedgerCalls } from './ledger.worker.ts'

/** Removes files that were noted before their writing and that no cell names. */
export async function removeOrphans(
  directory: string,
  ledger: WorkerClient<LedgerCalls>,
  orphans: readonly string[],
): Promise<void> {
  for (const orphan of orphans) {
    await rm(resolve(directory, orphan), { recursive: true, force: true })
  }
  await ledger.call('removeIntents', orphans)
}

/** Media files whose cell failed, or was interrupted, after its files were there. */
export async function removeMediaOfNoCell(
  directory: string,
  ledger: WorkerClient<LedgerCalls>,
): Promise<void> {
  const intents = await ledger.call('intents')
  await removeOrphans(directory, ledger, intents.filter(isMediaPath))
}
