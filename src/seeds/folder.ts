import type { Dirent } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fitsPattern } from '../config/glob.ts'
import { isMissing } from '../threads/system-error.ts'
import { compareText } from '../util/json.ts'
import { SeedFault, type SeedContext } from './define.ts'
import { placesOf } from './find-seed-file.ts'

/** Which files of a folder a seed has. */
export interface FolderSelection {
  /** Absolute. */
  readonly folder: string
  /** What the whole name must fit, as a shell matches names. */
  readonly pattern: string
  readonly recursive: boolean
}

export interface FolderFile {
  readonly path: string
  /** From the folder, with `/` on every system. */
  readonly relativePath: string
  readonly name: string
  readonly sizeBytes: number
  /** Path, size and time of change: equal marks mean equal content. */
  readonly mark: string
}

/** The folder that a path of the config means: below the working directory, otherwise next to the config. */
export async function findFolder(path: string, context: SeedContext): Promise<string> {
  const places = placesOf(path, context)
  let file: string | null = null
  for (const place of places) {
    const found = await stat(place).catch((error: unknown) => {
      if (isMissing(error)) return null
      throw error
    })
    if (found?.isDirectory() === true) return place
    if (found !== null) file ??= place
  }
  if (file !== null) {
    throw new SeedFault('not-a-folder', `${file} is not a folder`, {
      suggestion: 'Give the folder the file is in, and its name as file_pattern.',
    })
  }
  throw new SeedFault('seed-missing', `there is no folder ${places.join(' and none ')}`, {
    suggestion: 'Give the path of a folder, absolute or from one of these.',
  })
}

/**
 * The files of a folder, ordered by their relative paths, code point by code point. One folder of
 * the tree is held at a time. Links to files count as files; links to folders are omitted, so that
 * no circle has no end.
 */
export async function* walkFolder(
  { folder, pattern, recursive }: FolderSelection,
  signal: AbortSignal,
): AsyncGenerator<FolderFile> {
  async function* walk(inner: string): AsyncGenerator<FolderFile> {
    for (const entry of await entriesOf(join(folder, inner))) {
      signal.throwIfAborted()
      const relativePath = inner === '' ? entry.name : `${inner}/${entry.name}`
      if (entry.isDirectory()) {
        if (recursive) yield* walk(relativePath)
      } else if (fitsPattern(pattern, entry.name)) {
        const file = await lookAt(folder, relativePath, entry.name)
        if (file !== null) yield file
      }
    }
  }
  yield* walk('')
}

/** With `/` behind the names of folders, the order of each folder is that of whole paths. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries: { key: string; entry: Dirent }[] = []
  for await (const entry of await opendir(folder)) {
    entries.push({ key: entry.isDirectory() ? `${entry.name}/` : entry.name, entry })
  }
  return entries.sort((a, b) => compareText(a.key, b.key)).map(({ entry }) => entry)
}

/** Null for what is not a file. */
async function lookAt(
  folder: string,
  relativePath: string,
  name: string,
): Promise<FolderFile | null> {
  const path = join(folder, relativePath)
  const stats = await stat(path, { bigint: true }).catch((error: unknown) => {
    if (!isMissing(error)) throw error
    throw new SeedFault('seed-unreadable', `${path} is a link to a file that is not there`, {
      cause: error,
      suggestion: 'Remove the link, or narrow file_pattern.',
    })
  })
  if (!stats.isFile()) return null
  const { size, mtimeNs, ino } = stats
  const mark = `${path}, ${size} bytes, changed ${mtimeNs}, inode ${ino}`
  return { path, relativePath, name, sizeBytes: Number(size), mark }
}

/** What a folder has, without reading a file. */
export interface FolderLook {
  readonly files: number
  readonly totalBytes: number
  readonly stamp: string
}

export async function lookAtFolder(files: AsyncIterable<FolderFile>): Promise<FolderLook> {
  const hash = createHash('sha256')
  let count = 0
  let totalBytes = 0
  for await (const { mark, sizeBytes } of files) {
    hash.update(`${mark}\n`)
    count += 1
    totalBytes += sizeBytes
  }
  return { files: count, totalBytes, stamp: hash.digest('hex') }
}
