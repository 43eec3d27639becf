import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { descriptionName, type StoredSeedDescription } from '../seeds/normalise.ts'
import { readSeedDescription, readSeedPin } from '../seeds/stored.ts'
import { readStoredRun } from '../store/inspect-store.ts'
import { holdsRun, ledgerName } from '../store/ledger-file.ts'
import type { RememberedPlugin } from '../store/run-settings.ts'
import { isRowsmithError } from '../util/errors.ts'
import type { StoredColumns } from './kept-columns.ts'
import { type ConfigInput, nameOfInput } from './sources.ts'

/** What the folder of a run has of that which made it. */
export interface StoredInputs extends StoredColumns {
  readonly seed: StoredSeedDescription | null
  /** What finds the same seed again; also where its rows are not all there yet. */
  readonly seedPin: string | null
  readonly plugins: readonly RememberedPlugin[]
}

/** Where a run is or will be. */
export interface Place {
  directory: string
  exists: boolean
  stored: StoredInputs
  /** The latest run in its way that a fresh one is made next to; null where there is none. */
  before: { directory: string; seed: bigint } | null
}

export interface PlaceOptions {
  config: ConfigInput
  out?: string | undefined
  mode?: 'auto' | 'fresh' | undefined
}

/** Folder of a run's seed rows, inside the run folder. */
export const seedFolder = 'seed'

/** Finds the run folder and whether a run is in it. */
export async function findPlace({ out, mode = 'auto', config }: PlaceOptions): Promise<Place> {
  const wantedDirectory = resolve(out ?? join('runs', nameOfInput(config)))
  const { directory, before } =
    mode === 'fresh'
      ? await freshBeside(wantedDirectory)
      : { directory: wantedDirectory, before: null }
  const exists = holdsRun(join(directory, ledgerName))
  const seedDirectory = join(directory, seedFolder)
  const run = exists ? readStoredRun(directory) : null
  const hasSeed = exists && (await isThere(join(seedDirectory, descriptionName)))
  return {
    directory,
    exists,
    before,
    stored: {
      seed: hasSeed ? await readSeedDescription(seedDirectory) : null,
      seedPin: exists ? await readSeedPin(seedDirectory) : null,
      plugins: run?.plugins ?? [],
      columns: run?.settings.columns ?? [],
      kept: run?.settings.kept ?? [],
    },
  }
}

async function freshBeside(directory: string): Promise<Pick<Place, 'directory' | 'before'>> {
  let candidate = directory
  let before: Place['before'] = null
  for (let number = 2; await isThere(candidate); number += 1) {
    const seed = seedOf(candidate)
    if (seed !== null) before = { directory: candidate, seed }
    candidate = `${directory}-${number}`
  }
  return { directory: candidate, before }
}

/** The run seed of a folder; null where no run can be read: a fresh one is the way out of that. */
function seedOf(directory: string): bigint | null {
  try {
    return holdsRun(join(directory, ledgerName)) ? readStoredRun(directory).settings.seed : null
  } catch (error) {
    if (isRowsmithError(error)) return null
    throw error
  }
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
