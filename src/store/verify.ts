import { createHash } from 'node:crypto'
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { RowsmithError } from '../util/errors.ts'
import { storageError } from '../threads/storage-error.ts'
import { failedWith } from '../threads/system-error.ts'

/** A file, and what its bytes were when it was written. */
export interface RecordedFile {
  path: string
  sha256: string
}

const readBytes = 1 << 20

/** Refuses a part file whose bytes are not those that were written; holds the thread meanwhile. */
export function verifyPart(file: RecordedFile): void {
  const found = lookAt(file)
  if (found === 'intact') return
  const { path } = file
  throw new RowsmithError(
    'file-damaged',
    found === 'gone'
      ? `${path} is missing: it has rows of this run`
      : `${path} is damaged: its bytes are not those of this part`,
    { hints: partHints },
  )
}

/** What can be done about a part file that is missing or damaged. */
export const partHints = [
  'Restore the file from a backup, or run create with --repair: the rows of this part are made again.',
]

/**
 * Whether a file is there with the bytes that were written. One that can't be looked at is neither
 * gone nor damaged: its disk may be back in a moment.
 */
export function lookAt({ path, sha256 }: RecordedFile): 'intact' | 'damaged' | 'gone' {
  try {
    return hashOf(path) === sha256 ? 'intact' : 'damaged'
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return 'gone'
    throw storageError(error, `reading ${path}`)
  }
}

/** Hex SHA-256 of a file; holds the thread meanwhile. */
export function hashOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(readBytes)
    for (;;) {
      const count = readSync(file, buffer, 0, readBytes, null)
      if (count === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, count))
    }
  } finally {
    closeSync(file)
  }
}

/** The same, without holding the thread; null for a file that is not there. */
export async function hashOfFile(path: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: readBytes })) {
      hash.update(chunk)
    }
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return null
    throw storageError(error, `reading ${path}`)
  }
  return hash.digest('hex')
}

/** Refuses a file of the dataset whose bytes are not those that were written. */
export async function verifyDatasetFile({ path, sha256 }: RecordedFile): Promise<void> {
  const found = await hashOfFile(path)
  if (found === null) {
    throw new RowsmithError('file-damaged', `${path} is missing: it is a file of the dataset`, {
      hints: ['Run create again: it is made again from the parts.'],
    })
  }
  if (found === sha256) return
  throw new RowsmithError(
    'file-damaged',
    `${path} is damaged: its bytes are not those of the join`,
    {
      hints: ['Delete the file and run create again: it is made again from the parts.'],
    },
  )
}
