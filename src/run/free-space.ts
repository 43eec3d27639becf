import { inspectStore } from '../store/inspect-store.ts'
import type { SupersededColumn } from '../store/ledger-superseded.ts'
import { openStore } from '../store/store.ts'
import { countUnnamedMedia, type MediaCount } from '../store/unnamed-media.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'

/** Options of `freeSpace`. */
export interface FreeSpaceOptions {
  /** Frees it; without it nothing is changed. */
  yes?: boolean
  clock?: Clock
}

/** The data that a run folder keeps in case an edit is undone. */
export interface FreedSpace {
  dir: string
  /** Stored data of columns that are no longer in the config, the largest first. */
  columns: readonly SupersededColumn[]
  cells: number
  /** The bytes of these cells' values and of the data stored with them. */
  bytes: number
  /** Media files that no other cell names. */
  media: MediaCount
  /** Whether it is missing. */
  freed: boolean
}

/** Reports the data of columns that are no longer in the config, and deletes it on request. */
export async function freeSpace(
  directory: string,
  { yes = false, clock = systemClock }: FreeSpaceOptions = {},
): Promise<FreedSpace> {
  const { directory: dir, superseded: columns, reopenedParts } = await inspectStore(directory)
  const sum = (pick: (column: SupersededColumn) => number): number =>
    columns.reduce((total, column) => total + pick(column), 0)
  const found = {
    dir,
    columns,
    cells: sum(({ cells }) => cells),
    bytes: sum(({ bytes }) => bytes),
    media: await countUnnamedMedia(dir),
  }
  if (!yes || (columns.length === 0 && found.media.files === 0)) return { ...found, freed: false }
  if (reopenedParts > 0) {
    throw new RowsmithError(
      'usage',
      `${dir} is in the middle of an edit: ${reopenedParts} of its parts still hold what the edit replaces`,
      { hints: ['Continue the run until no row remains, then free the space.'] },
    )
  }
  await using store = await openStore(dir, { clock })
  return { ...found, media: await store.forgetSuperseded(), freed: true }
}
