import { createHash } from 'node:crypto'
import { z } from 'zod'
import { withForm } from '../config/json-form.ts'
import { refuse, text } from '../config/scalars.ts'
import { stringifyJson } from '../util/json.ts'
import {
  SeedFault,
  type OpenedSeed,
  type SeedColumn,
  type SeedContext,
  type SeedNote,
  type SeedRow,
} from './define.ts'
import { type FolderFile, type FolderLook, lookAtFolder } from './folder.ts'
import { batchRows } from './formats/define.ts'
import type { OnSeedProgress } from './read-progress.ts'

/** Characters of rows that are handed on together. */
const batchCharacters = 1024 * 1024

/** How the files of a folder become rows. */
export interface FolderReading {
  readonly columns: readonly SeedColumn[]
  /** What says which rows these are, in addition to their values; grows with a new way of reading. */
  readonly version: string
  /** The files in order, always the same ones. */
  files(signal: AbortSignal): AsyncIterable<FolderFile>
  /** The rows of a file; notes are of what it omits. */
  read(
    file: FolderFile,
    signal: AbortSignal,
    note: (note: SeedNote) => void,
  ): AsyncIterable<SeedRow>
  /** The fault of a folder without any file, or of so many without a row. */
  nothing(files: number): SeedFault
}

/** A seed whose rows are made of the files of a folder; no more than a file is held. */
export async function openFolderSeed(
  reading: FolderReading,
  { signal, onProgress }: SeedContext,
): Promise<OpenedSeed> {
  const look = await lookAtFolder(reading.files(signal))
  if (look.files === 0) throw reading.nothing(look.files)
  const notes: SeedNote[] = []
  const identity = createHash('sha256').update(materialOf(reading))
  let size = 0
  for await (const batch of rowsOf(reading, look, { signal, onProgress, notes })) {
    size += batch.length
    for (const row of batch) identity.update(`${stringifyJson(row)}\n`)
  }
  if (size === 0) throw reading.nothing(look.files)
  return {
    columns: reading.columns,
    size,
    identity: identity.digest('hex'),
    stamp: look.stamp,
    notes,
    rows: (options) => rowsOf(reading, look, options),
    changed: async () => {
      const now = await lookAtFolder(reading.files(new AbortController().signal))
      return now.stamp !== look.stamp
    },
  }
}

/** What the folder is now; null when it has no such file any more. */
export async function stampFolderSeed(
  reading: FolderReading,
  context: SeedContext,
): Promise<{ stamp: string; identity(): Promise<string> } | null> {
  const look = await lookAtFolder(reading.files(context.signal))
  if (look.files === 0) return null
  return {
    stamp: look.stamp,
    identity: async () => (await openFolderSeed(reading, context)).identity,
  }
}

function materialOf({ version, columns }: FolderReading): string {
  return `${JSON.stringify([version, columns.map(({ name, type }) => [name, type])])}\n`
}

interface RowsOf {
  signal: AbortSignal
  onProgress?: OnSeedProgress | undefined
  notes?: SeedNote[]
}

async function* rowsOf(
  reading: FolderReading,
  { totalBytes }: FolderLook,
  { signal, onProgress, notes = [] }: RowsOf,
): AsyncGenerator<SeedRow[]> {
  let batch: SeedRow[] = []
  let characters = 0
  let bytes = 0
  for await (const file of reading.files(signal)) {
    for await (const row of inFolderFile(file, reading.read(file, signal, keep))) {
      batch.push(row)
      for (const value of row) characters += typeof value === 'string' ? value.length : 8
      if (batch.length < batchRows && characters < batchCharacters) continue
      yield batch
      batch = []
      characters = 0
    }
    bytes += file.sizeBytes
    onProgress?.({ path: file.path, bytes: Math.min(bytes, totalBytes), totalBytes })
  }
  if (batch.length > 0) yield batch

  function keep(note: SeedNote): void {
    notes.push(note)
  }
}

async function* inFolderFile<T>(file: FolderFile, rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows
  } catch (error) {
    if (!(error instanceof SeedFault)) throw error
    const { code, message, suggestion, field } = error
    throw new SeedFault(code, `${file.path}: ${message}`, {
      cause: error,
      field,
      ...(suggestion === undefined ? {} : { suggestion }),
    })
  }
}

/** A path that is more than spaces. */
export function folderPath(): z.ZodType<string> {
  const expected = 'the path of a folder'
  const schema = text({ nonEmpty: true }).transform((written, context) =>
    written.trim() === ''
      ? refuse(context, written, { code: 'wrong-format', expected, received: 'spaces' })
      : written,
  )
  return withForm(schema, { json: { type: 'string', pattern: '\\S' } })
}

/** A pattern of names, not of paths. */
export function filePattern(): z.ZodType<string> {
  const expected = 'a pattern of file names, such as *.md, without a folder in it'
  const schema = text({ nonEmpty: true }).transform((written, context) => {
    if (/^[^/\\]*[^/\\\s][^/\\]*$/.test(written)) return written
    return refuse(context, written, {
      code: 'wrong-format',
      expected,
      suggestion: 'Put the folder into path; recursive: true looks into the folders below it.',
    })
  })
  return withForm(schema, {
    json: { type: 'string', pattern: '^[^/\\\\]*[^/\\\\\\s][^/\\\\]*$' },
  })
}
