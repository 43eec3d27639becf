import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storageError } from '../threads/storage-error.ts'
import { RowsmithError, messageOf } from '../util/errors.ts'
import { stringifyJson } from '../util/json.ts'
import {
  SeedFault,
  type OpenedSeed,
  type RowsOptions,
  type JoinCount,
  type SeedColumn,
  type SeedPart,
} from './define.ts'
import { createRowFileWriter, offsetsName, rowsName } from './row-file.ts'

/** Grows whenever the files of a stored seed change their form. */
export const storedSeedVersion = 1
export const descriptionName = 'seed.json'
/** What finds the same content again; there before the first row is copied. */
export const pinName = 'pin.json'

/** What `seed.json` holds. It is written last, so its presence says that the rows are complete. */
export interface StoredSeedDescription {
  readonly version: number
  readonly identity: string
  readonly stamp: string
  readonly size: number
  readonly columns: readonly SeedColumn[]
  /** What it was joined from; absent for a seed of one source. */
  readonly parts?: readonly SeedPart[] | undefined
  /** What each join found; absent for a seed of one source. */
  readonly joins?: readonly JoinCount[] | undefined
}

/**
 * Writes all rows of a seed into a folder, in stored order, in the form `openSeed` reads.
 *
 * Memory stays the same for any size. A folder without `seed.json` is an attempt that was cut off;
 * it is simply written again.
 */
export async function normaliseSeed(
  seed: OpenedSeed,
  directory: string,
  options: RowsOptions,
): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
    // The pin of another seed, whose rows were there before, would find that one again.
    if (seed.pin === undefined) await rm(join(directory, pinName), { force: true })
    else await writePin(seed.pin, directory)
    await writeRowFiles(seed, directory, options)
    await publish(seed, directory)
  } catch (error) {
    throw options.signal.aborted ? error : toStorageError(error, directory)
  }
}

/** Tells a description apart from any other, also one with a single bit changed. */
export function checksumOf(description: StoredSeedDescription): string {
  const { version, identity, stamp, size, columns, parts, joins } = description
  const pairs = columns.map(({ name, type }) => [name, type])
  const joined = parts === undefined ? [] : parts.map((part) => [part.identity, part.stamp])
  const counts = joins === undefined ? [] : [joins.map((one) => [one.rows, one.withoutPartner])]
  const material = JSON.stringify([version, identity, stamp, size, pairs, ...joined, ...counts])
  return createHash('sha256').update(material).digest('hex')
}

/** Gives the finished files their names; the description comes last. */
async function publish(seed: OpenedSeed, directory: string): Promise<void> {
  const description: StoredSeedDescription = {
    version: storedSeedVersion,
    identity: seed.identity,
    stamp: seed.stamp,
    size: seed.size,
    columns: seed.columns,
    ...(seed.parts === undefined ? {} : { parts: seed.parts }),
    ...(seed.joins === undefined ? {} : { joins: seed.joins }),
  }
  await rename(join(directory, `${rowsName}.tmp`), join(directory, rowsName))
  await rename(join(directory, `${offsetsName}.tmp`), join(directory, offsetsName))
  const path = join(directory, descriptionName)
  const content = { ...description, checksum: checksumOf(description) }
  await writeFile(`${path}.tmp`, `${JSON.stringify(content, null, 2)}\n`, { flush: true })
  await rename(`${path}.tmp`, path)
  await syncFolder(directory)
}

async function writePin(pin: string, directory: string): Promise<void> {
  const path = join(directory, pinName)
  await writeFile(`${path}.tmp`, `${JSON.stringify(pin)}\n`, { flush: true })
  await rename(`${path}.tmp`, path)
}

async function writeRowFiles(
  seed: OpenedSeed,
  directory: string,
  options: RowsOptions,
): Promise<void> {
  const writer = await createRowFileWriter(directory)
  let written = 0
  try {
    for await (const batch of seed.rows(options)) {
      options.signal.throwIfAborted()
      for (const row of batch) {
        const full = writer.append(stringifyJson(row))
        if (full !== undefined) await full
      }
      written += batch.length
    }
    if (await seed.changed()) throw changedMeanwhile(seed.size, written)
    if (written !== seed.size) throw damaged(seed.size, written)
    await writer.finish()
  } catch (error) {
    if (error instanceof SeedFault && (await seed.changed())) {
      throw changedMeanwhile(seed.size, written, error)
    }
    if (error instanceof SeedFault) {
      throw new RowsmithError('config-invalid', `the seed cannot be read: ${messageOf(error)}`, {
        cause: error,
        hints: error.suggestion === undefined ? [] : [error.suggestion],
      })
    }
    throw error
  } finally {
    await writer.close()
  }
}

/** A file that did not change has other rows than it said at first. */
function damaged(size: number, written: number): SeedFault {
  return new SeedFault(
    'damaged',
    `the file is damaged: it says it has ${size} rows, and it has ${written}`,
    { suggestion: 'Fetch or write the file again.' },
  )
}

function changedMeanwhile(size: number, written: number, cause?: unknown): RowsmithError {
  return new RowsmithError(
    'seed-changed',
    `the seed changed while it was read: it had ${size} rows, then ${written}`,
    { cause, hints: ['Start again when no program writes to the file.'] },
  )
}

async function syncFolder(directory: string): Promise<void> {
  // Windows cannot open folders; renames are durable there without it.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Mistakes of this program are reported as they are. */
function toStorageError(error: unknown, directory: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return storageError(error, `copying the seed into ${directory}`)
}
