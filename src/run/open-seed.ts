import { join } from 'node:path'
import { normaliseSeed } from '../seeds/normalise.ts'
import { selectRows } from '../seeds/selection.ts'
import type { RunStore } from '../store/run-store.ts'
import { RowsmithError } from '../util/errors.ts'
import { isThere, seedFolder } from '../check/run-place.ts'
import type { SeedConfig } from '../config/dataset.ts'
import { descriptionName, type StoredSeedDescription } from '../seeds/normalise.ts'
import type { OpenedSeed, RowsOptions } from '../seeds/define.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import { startSeedReader } from '../seeds/seed-reader.ts'
import { createSeedRows, type SeedRows } from '../seeds/seed-rows.ts'

/** The seed rows of a run folder, copied into it first where they are not there yet. */
export async function openSeedRows(
  { directory, settings }: RunStore,
  config: SeedConfig | null,
  source: OpenedSeed | null,
  copying: RowsOptions,
): Promise<SeedRows | null> {
  if (config === null) return null
  const folder = join(directory, seedFolder)
  const there = await isThere(join(folder, descriptionName))
  const stored = there ? await readSeedDescription(folder) : null
  // A config that changed may have another seed, whose rows take the place of those before.
  if (stored?.identity !== settings.seedIdentity && source !== null) {
    await normaliseSeed(source, folder, copying)
  } else if (stored === null) {
    throw new RowsmithError('seed-changed', `${folder} has no seed rows`, {
      hints: ['Run create with the seed file where it was: its rows are copied again.'],
    })
  }
  const description = await readSeedDescription(folder)
  refuseOther(description, settings.seedIdentity, folder)
  const {
    sampling_strategy: strategy,
    selection_strategy: selected,
    rows_per_record: rowsPerRecord,
  } = config
  const selection = selectRows(selected, description.size)
  if (!('size' in selection)) throw new RowsmithError('config-invalid', selection.message)
  const reader = startSeedReader()
  try {
    const order = { strategy, selection, runSeed: settings.seed }
    const rowBytes = await reader.call('open', folder, description.size, order)
    return createSeedRows({
      columns: description.columns,
      rowBytes,
      rowsPerRecord,
      read: (start, end) => reader.call('read', start, end),
      close: () => reader.end(),
    })
  } catch (error) {
    await reader.end()
    throw error
  }
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
