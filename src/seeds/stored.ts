import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isMissing } from '../threads/system-error.ts'
import { type ColumnType, readColumnType } from '../graph/column-type.ts'
import { RowsmithError, isRowsmithError, messageOf } from '../util/errors.ts'
import { parseJson } from '../util/json.ts'
import type { SeedRow } from './define.ts'
import {
  checksumOf,
  descriptionName,
  pinName,
  storedSeedVersion,
  type StoredSeedDescription,
} from './normalise.ts'
import type { SeedOrder } from './seed-order.ts'
import { openRowFile, type PackedRows } from './row-file.ts'

/** The rows of a seed in a run folder, as texts; what it throws is a `RowsmithError`. */
export interface StoredRows extends Disposable {
  readonly sizeBytes: number
  /** The seed rows of run rows start ≤ row < end. */
  read(start: number, end: number): PackedRows
}

const remade = 'Delete the seed folder of the run; it is made again from the seed file.'

/** Opens what `normaliseSeed` wrote; `order` says which stored row a run row gets. */
export function openStoredRows(directory: string, order: SeedOrder): StoredRows {
  const file = reading(directory, () => openRowFile(directory))
  return {
    sizeBytes: file.sizeBytes,
    read(start, end) {
      const rows = Array.from({ length: end - start }, (_, at) => order(start + at))
      return reading(directory, () => file.read(rows))
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  }
}

function reading<T>(directory: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new RowsmithError(
      isRowsmithError(error) ? error.code : 'storage-failed',
      `the stored seed in ${directory} cannot be read: ${messageOf(error)}`,
      { cause: error, hints: [remade] },
    )
  }
}

/** The values of one of the rows that were read together. */
export function unpackRow({ texts, starts, ends }: PackedRows, at: number): SeedRow {
  const { buffer, byteOffset, byteLength } = texts
  const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8', starts[at], ends[at])
  const values = parseJson(text)
  if (Array.isArray(values)) return values
  throw new RowsmithError(
    'storage-failed',
    `a stored seed row is not a list: ${text.slice(0, 80)}`,
    { hints: [remade] },
  )
}

/** What finds the content of a folder's seed again; null for a seed that needs nothing. */
export async function readSeedPin(directory: string): Promise<string | null> {
  try {
    return z.string().parse(JSON.parse(await readFile(join(directory, pinName), 'utf8')))
  } catch (error) {
    if (isMissing(error)) return null
    throw new RowsmithError(
      'storage-failed',
      `${join(directory, pinName)} cannot be read: ${messageOf(error)}`,
      { cause: error, hints: [remade] },
    )
  }
}

/** What a folder says of the seed in it. */
export async function readSeedDescription(directory: string): Promise<StoredSeedDescription> {
  const path = join(directory, descriptionName)
  let found: unknown
  try {
    found = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new RowsmithError('storage-failed', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
      hints: [remade],
    })
  }
  const version = z.looseObject({ version: z.number() }).safeParse(found).data?.version ?? 0
  if (version > storedSeedVersion) {
    throw new RowsmithError(
      'format-newer',
      `${path} has format version ${version}, and this version reads up to ${storedSeedVersion}`,
      { hints: ['Continue the run with the version of rowsmith that made it, or a later one.'] },
    )
  }
  const description = descriptionSchema.safeParse(found)
  if (description.success) {
    const { checksum, ...data } = description.data
    if (checksum === checksumOf(data)) return data
    throw new RowsmithError(
      'file-damaged',
      `${path} is damaged: its checksum is not that of its content`,
      {
        hints: [remade],
      },
    )
  }
  throw new RowsmithError('storage-failed', `${path} is not a seed description`, {
    cause: description.error,
    hints: [remade],
  })
}

const descriptionSchema = z.object({
  version: z.literal(storedSeedVersion),
  identity: z.string(),
  stamp: z.string(),
  checksum: z.string(),
  size: z.number().int().min(1),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.custom<ColumnType>((text) => readColumnType(text) !== null),
    }),
  ),
  parts: z.array(z.object({ identity: z.string(), stamp: z.string() })).optional(),
})
