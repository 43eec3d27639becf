import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isMissing } from '../threads/system-error.ts'
import { type ColumnType, readColumnType } from '../graph/column-type.ts'
import { RowsmithError, messageOf } from '../util/errors.ts'
import {
  checksumOf,
  descriptionName,
  pinName,
  storedSeedVersion,
  type StoredSeedDescription,
} from './normalise.ts'
import { remade } from './stored-seed-rows.ts'

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
  joins: z.array(z.object({ rows: z.number(), withoutPartner: z.number() })).optional(),
})
