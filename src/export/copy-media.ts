import { constants } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { DatasetPass } from '../processors/dataset-pass.ts'
import { sizeOf } from '../store/media-files.ts'
import type { RunStore } from '../store/run-store.ts'
import { storageError } from '../threads/storage-error.ts'

/**
 * Copies the files that records name to where an export is, so that their paths lead from there to
 * them, too. What is there already stays; a file that is lost is what `--repair` tells of.
 */
export async function copyMedia(
  store: RunStore,
  folder: string,
  { columns, pass }: { columns: readonly RecordColumn[]; pass: DatasetPass | null },
): Promise<void> {
  const { directory, settings, media } = store
  // Processors may put the path of a file into a text, also that of a column which is left out.
  const read = pass === null ? columns : settings.columns
  if (!read.some(({ type }) => type === 'media') || resolve(folder) === resolve(directory)) return
  for await (const { path, bytes } of media.files()) {
    const source = resolve(directory, path)
    const target = resolve(folder, path)
    try {
      if ((await sizeOf(target)) === bytes || (await sizeOf(source)) === null) continue
      await mkdir(dirname(target), { recursive: true })
      // Without using room where the file system can do that.
      await copyFile(source, target, constants.COPYFILE_FICLONE)
    } catch (error) {
      throw storageError(error, `copying ${path} to ${folder}`)
    }
  }
}
