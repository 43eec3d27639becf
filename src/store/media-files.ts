import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isMediaPath, mediaPath, type MediaStore } from '../graph/media.ts'
import { storageError } from '../threads/storage-error.ts'
import type { WorkerClient } from '../threads/worker-calls.ts'
import { RowsmithError } from '../util/errors.ts'
import type { StoredMedia } from './ledger-media.ts'
import type { LedgerCalls } from './ledger.worker.ts'
import { syncFolder } from './parquet-codec.ts'

/** The files of a run folder that cells name, by a hash of their content. */
export interface MediaFiles extends MediaStore {
  /** Those that durable cells name, in the order of their paths. */
  files(): AsyncIterable<StoredMedia>
}

const pageFiles = 256

/**
 * The ledger notes a file before it is written: a noted file that no cell names is removed when the run
 * is closed or opened again.
 */
export function createMediaFiles(directory: string, ledger: WorkerClient<LedgerCalls>): MediaFiles {
  /** Files being written: their content is whole only when that is done. */
  const writing = new Map<string, Promise<void>>()

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    await ledger.call('beginMedia', { path, bytes: bytes.length })
    const target = resolve(directory, path)
    // What is there is whole: an attempt that was cut short is removed before anything is put.
    if ((await sizeOf(target)) === bytes.length) return
    await writeDurable(target, bytes)
  }

  return {
    async put(bytes, mime) {
      const path = mediaPath(createHash('sha256').update(bytes).digest('hex'), mime)
      let written = writing.get(path)
      if (written === undefined) {
        written = write(path, bytes).finally(() => writing.delete(path))
        writing.set(path, written)
      }
      try {
        await written
      } catch (error) {
        throw storageError(error, `writing ${path}`)
      }
      return { path, mime, bytes: bytes.length }
    },
    async read(path) {
      if (!isMediaPath(path)) {
        throw new RowsmithError('internal', `${path} names no media file of a run`)
      }
      try {
        return await readFile(resolve(directory, path))
      } catch (error) {
        throw storageError(error, `reading ${path}`)
      }
    },
    async *files() {
      for (let behind = ''; ;) {
        const page = await ledger.call('media', behind, pageFiles)
        yield* page
        const last = page.at(-1)
        if (last === undefined) return
        behind = last.path
      }
    },
  }
}

async function writeDurable(target: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(target)
  await mkdir(folder, { recursive: true })
  try {
    const file = await open(target, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    // The intent removes it where this does not work; the first error is the one to tell.
    await rm(target, { force: true }).catch(() => undefined)
    throw error
  }
  syncFolder(folder)
  syncFolder(dirname(folder))
  syncFolder(join(folder, '..', '..'))
}

/** Null where there is no such file. */
export async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  return found?.size ?? null
}
