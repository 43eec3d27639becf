import { join } from 'node:path'
import { isThere, seedFolder } from '../check/run-place.ts'
import type { JoinCount } from '../seeds/define.ts'
import { descriptionName } from '../seeds/normalise.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import { readCommand } from '../store/command-file.ts'
import type { StoreSummary } from '../store/inspect-store.ts'
import { isRowsmithError } from '../util/errors.ts'
import { type RunSummary, summaryOf } from './run-summary.ts'

/** What a run folder holds, by its ledger and the files next to it. */
export async function readSummary(store: StoreSummary): Promise<RunSummary> {
  const { directory, settings } = store
  const command = await readCommand(directory)
  return summaryOf(store, { command, joins: await readJoins(directory, settings.seedIdentity) })
}

/** What the joins of the seed found; empty without joins, or where its rows are not copied yet. */
async function readJoins(
  directory: string,
  seedIdentity: string | null,
): Promise<readonly JoinCount[]> {
  const folder = join(directory, seedFolder)
  if (seedIdentity === null || !(await isThere(join(folder, descriptionName)))) return []
  try {
    const { identity, joins = [] } = await readSeedDescription(folder)
    return identity === seedIdentity ? joins : []
  } catch (error) {
    // The commands that read the seed's rows refuse a damaged description; a summary has more to show.
    if (isRowsmithError(error)) return []
    throw error
  }
}
