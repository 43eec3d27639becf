import { join, resolve } from 'node:path'
import { datasetFolder } from './ledger-dataset.ts'
import { type MediaFiles, sizeOf } from './media-files.ts'
import type { OpenRun } from './open-run.ts'

/** Files of a run that are missing or have other bytes than were written. */
export interface Damage {
  /** In order. */
  parts: readonly number[]
  /** Whether any is of the run's own dataset, as far as it is as new as the parts. */
  dataset: boolean
  /** Paths of media files that are missing or have another size; cells continue naming them. */
  media: readonly string[]
}

/** Files that are looked up and hashed at once. */
const pageFiles = 64

export async function findDamage(run: OpenRun, media: MediaFiles): Promise<Damage> {
  return {
    parts: await findDamagedParts(run),
    dataset: await isDatasetDamaged(run),
    media: await findLostMedia(run, media),
  }
}

async function findLostMedia({ directory }: OpenRun, media: MediaFiles): Promise<string[]> {
  const lost: string[] = []
  for await (const { path, bytes } of media.files()) {
    if ((await sizeOf(resolve(directory, path))) !== bytes) lost.push(path)
  }
  return lost
}

async function findDamagedParts({ directory, ledger, writer }: OpenRun): Promise<number[]> {
  const found: number[] = []
  for (let from = 0; ;) {
    const files = await ledger.call('partFiles', from, pageFiles)
    const last = files.at(-1)
    if (last === undefined) return found
    const paths = files.map(({ file, sha256 }) => ({ path: resolve(directory, file), sha256 }))
    const damaged = new Set(await writer().call('damagedFiles', paths))
    files.forEach(({ part }, at) => {
      if (damaged.has(paths[at]?.path ?? '')) found.push(part)
    })
    from = last.part + 1
  }
}

/** Of its own one, and of those next to it. */
async function isDatasetDamaged({ directory, ledger, writer }: OpenRun): Promise<boolean> {
  for (const folder of [datasetFolder, ...(await ledger.call('besideFolders'))]) {
    const files = (await ledger.call('dataset', folder, null)) ?? []
    const paths = files.map(({ file, sha256 }) => ({
      path: join(directory, folder, file),
      sha256,
    }))
    if ((await writer().call('damagedFiles', paths)).length > 0) return true
  }
  return false
}
