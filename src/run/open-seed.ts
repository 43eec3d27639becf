import { join } from 'node:path'
import { normaliseSeed } from '../seeds/normalise.ts'
import { createSeedOrder } from '../seeds/order.ts'
import { selectRows } from '../seeds/selection.ts'
import { openSeed } from '../seeds/stored.ts'
import type { RunStore } from '../store/store.ts'
import { RowsmithError } from '../util/errors.ts'
import { isThere, seedFolder } from './place.ts'
import type { DatasetConfig } from '../config/dataset.ts'
import { descriptionName, type StoredSeedDescription } from '../seeds/normalise.ts'
import type { OpenedSeed } from '../seeds/define.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import { createSeedRows, type SeedRows } from './seed-rows.ts'

/** The seed rows of a run folder, copied into it first where they are not there yet. */
export async function openSeedRows(
  { directory, settings }: RunStore,
  config: DatasetConfig,
  source: OpenedSeed | null,
  signal: AbortSignal,
): Promise<SeedRows | null> {
  if (config.seed_config === null) return null
  const folder = join(directory, seedFolder)
  if (!(await isThere(join(folder, descriptionName)))) {
    if (source === null) {
      throw new RowsmithError(
        'seed-changed',
        `${folder} has no seed rows, and the seed file is gone`,
        {
          hints: ['Put the seed file back, or start a new run.'],
        },
      )
    }
    await normaliseSeed(source, folder, { signal })
  }
  const description = await readSeedDescription(folder)
  refuseOther(description, settings.seedIdentity, folder)
  const { sampling_strategy: strategy, selection_strategy: selected } = config.seed_config
  const selection = selectRows(selected, description.size)
  if (!('size' in selection)) throw new RowsmithError('config-invalid', selection.message)
  return createSeedRows(await openSeed(folder, createSeedOrder(strategy, selection, settings.seed)))
}

function refuseOther(
  { identity }: StoredSeedDescription,
  expected: string | null,
  folder: string,
): void {
  if (identity === expected) return
  throw new RowsmithError(
    'seed-changed',
    `${folder} holds rows of another seed than the run was made with`,
    {
      hints: ['Delete that folder; it is made again from the seed file.'],
    },
  )
}
