import { resolve } from 'node:path'
import { readFiles, type RecordValues } from '../export/records.ts'
import type { ColumnType } from '../graph/column-type.ts'
import { readPartFrom } from '../store/inspect-store.ts'

type Types = ReadonlyMap<string, ColumnType>

/** The records of the parts that are written, in row order; reads without a lock. */
export async function* recordsOfParts(
  directory: string,
  types: Types,
): AsyncGenerator<RecordValues> {
  for (let part = 0; ; part += 1) {
    const found = readPartFrom(directory, part)
    if (found === null) return
    yield* recordsOfPart(directory, found.file, types)
    part = found.part
  }
}

/** A run that is followed: what is to be known of it to read its parts as they are written. */
export interface Followed {
  readonly directory: string
  readonly types: Types
  readonly isOver: () => boolean
  /** Resolves when a part was written, or the run has ended, since it was asked before. */
  readonly changed: () => Promise<void>
}

/** The same while the run works: of a part, once every row of it is decided. */
export async function* followRecords({
  directory,
  types,
  isOver,
  changed,
}: Followed): AsyncGenerator<RecordValues> {
  let part = 0
  for (;;) {
    const change = changed()
    const over = isOver()
    const found = readPartFrom(directory, part)
    if (found !== null && (over || (found.part === part && found.isComplete))) {
      yield* recordsOfPart(directory, found.file, types)
      part = found.part + 1
    } else if (over) {
      return
    } else {
      await change
    }
  }
}

async function* recordsOfPart(
  directory: string,
  file: string | null,
  types: Types,
): AsyncGenerator<RecordValues> {
  if (file === null) return
  yield* readFiles([resolve(directory, file)], types)
}
