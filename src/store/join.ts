import { mkdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { RowsmithError } from '../util/errors.ts'
import { datasetFileName } from './dataset-plan.ts'
import {
  datasetFolder,
  type DatasetEntry,
  type DatasetFile,
  type JoinPart,
} from './ledger-dataset.ts'
import { syncFolder } from './parquet-codec.ts'
import { storageError } from '../threads/storage-error.ts'
import type { OpenRun } from './open-run.ts'
import { partHints } from './verify.ts'

/**
 * Makes the dataset from the parts, or gives it when it is made already.
 *
 * Files are finished in a folder of their own and then renamed into place; the ledger knows their
 * names before. A crash at any point leaves a dataset that is not recorded, and is made again.
 */
export async function joinDataset(
  run: OpenRun,
  { directory }: { directory?: string },
): Promise<DatasetFile[]> {
  const target = resolve(directory ?? join(run.directory, datasetFolder))
  const key = ledgerPath(run.directory, target)
  const made = await run.ledger.call('dataset', key)
  if (made !== null) {
    const files = withPaths(target, made)
    // Who asks for an export asks for these bytes; going on with a run reads no dataset.
    const stands = directory === undefined ? await allThere(files) : await allIntact(run, files)
    if (stands) return files
  }

  const plan = await planFiles(run)
  const names = plan.map((_, index) => datasetFileName(index, plan.length))
  const own = new Set(await run.ledger.call('ownFiles', key))
  await refuseForeignFiles(target, names, own)
  run.onEvent({ type: 'join-started', files: names.length })

  const staging = join(dirname(target), `${basename(target)}.${run.nextAttempt()}.joining`)
  const intent = ledgerPath(run.directory, staging)
  await run.ledger.call('addIntent', intent)
  const files = await writeFiles(run, plan, names, staging)
  await run.ledger.call('beginSwap', key, names)
  try {
    await swap(staging, target, names, own)
  } catch (error) {
    throw storageError(error, `putting the dataset into ${target}`)
  }
  await run.ledger.call('commitDataset', key, files, intent)
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  run.onEvent({ type: 'join-finished', files: files.length, rows })
  return withPaths(target, files)
}

/** Joins into a folder that is gone afterwards, also when the process is killed before. */
export async function withJoined<Result>(
  run: OpenRun,
  use: (files: readonly DatasetFile[]) => Promise<Result>,
): Promise<Result> {
  const plan = await planFiles(run)
  const names = plan.map((_, index) => datasetFileName(index, plan.length))
  const folder = join(run.directory, `export.${run.nextAttempt()}.joining`)
  const intent = ledgerPath(run.directory, folder)
  await run.ledger.call('addIntent', intent)
  const files = await writeFiles(run, plan, names, folder)
  try {
    return await use(withPaths(folder, files))
  } finally {
    await rm(folder, { recursive: true, force: true })
    await run.ledger.call('removeIntents', [intent])
  }
}

/** Parts of one dataset file: from the first up to, without, the end. */
interface FileRange {
  from: number
  to: number
}

/** Plans the files and makes sure that every part they need is there. */
async function planFiles(run: OpenRun): Promise<FileRange[]> {
  const { directory, settings, ledger } = run
  const firsts = await ledger.call('planJoin')
  const end = Math.ceil(settings.rows / settings.partRows)
  // A dataset without rows is one file too: it has the columns.
  const starts = firsts.length === 0 ? [0] : firsts
  const plan = starts.map((from, index) => ({ from, to: starts[index + 1] ?? end }))
  for (const { from, to } of plan) {
    for (const part of await ledger.call('joinParts', from, to)) await checkPart(directory, part)
  }
  return plan
}

async function checkPart(directory: string, { part, file, bytes }: JoinPart): Promise<void> {
  const path = resolve(directory, file)
  const found = await stat(path).catch(() => null)
  if (found?.size === bytes) return
  const state = found === null ? 'is missing' : `has ${found.size} bytes, expected ${bytes}`
  throw new RowsmithError('file-damaged', `part ${part}: its file ${path} ${state}`, {
    hints: partHints,
  })
}

/** A file of another origin in the folder would be lost. */
async function refuseForeignFiles(
  target: string,
  names: readonly string[],
  own: ReadonlySet<string>,
): Promise<void> {
  for (const name of names) {
    if (own.has(name)) continue
    const path = join(target, name)
    if ((await stat(path).catch(() => null)) === null) continue
    throw new RowsmithError('folder-foreign', `${path} exists and was not made by this run`, {
      hints: ['Move it away, or join into another folder.'],
    })
  }
}

async function writeFiles(
  { directory, settings, ledger, writer, onEvent }: OpenRun,
  plan: readonly FileRange[],
  names: readonly string[],
  staging: string,
): Promise<DatasetEntry[]> {
  const { rows: target, partRows } = settings
  const columns = settings.columns.map(({ name, type, drop }) => ({ name, type, drop }))
  const files: DatasetEntry[] = []
  try {
    await mkdir(staging, { recursive: true })
    for (const [index, { from, to }] of plan.entries()) {
      const file = names[index] ?? ''
      const parts = await ledger.call('joinParts', from, to)
      const straddles = parts.some(({ part }) => (part + 1) * partRows > target)
      const written = await writer().call('joinFile', {
        path: join(staging, file),
        columns,
        parts: parts.map((part) => ({ path: resolve(directory, part.file), sha256: part.sha256 })),
        clipLastAt: straddles ? target : null,
      })
      files.push({ file, ...written })
      onEvent({ type: 'join-file-written', file, rows: written.rows, bytes: written.bytes })
    }
    syncFolder(staging)
  } catch (error) {
    // The intent stays for the next open, should this not work either.
    await rm(staging, { recursive: true, force: true }).catch(() => undefined)
    throw storageError(error, `joining into ${staging}`)
  }
  return files
}

/** Renames the finished files into place and removes those of an earlier dataset. */
async function swap(
  staging: string,
  target: string,
  names: readonly string[],
  own: ReadonlySet<string>,
): Promise<void> {
  await mkdir(target, { recursive: true })
  const kept = new Set(names)
  for (const name of own) {
    if (!kept.has(name)) await rm(join(target, name), { force: true })
  }
  for (const name of names) await rename(join(staging, name), join(target, name))
  syncFolder(target)
  await rmdir(staging)
  syncFolder(dirname(target))
}

async function allThere(files: readonly DatasetFile[]): Promise<boolean> {
  for (const { path, bytes } of files) {
    const found = await stat(path).catch(() => null)
    if (found?.size !== bytes) return false
  }
  return true
}

async function allIntact({ writer }: OpenRun, files: readonly DatasetFile[]): Promise<boolean> {
  const recorded = files.map(({ path, sha256 }) => ({ path, sha256 }))
  return (await writer().call('damagedFiles', recorded)).length === 0
}

function withPaths(target: string, files: readonly DatasetEntry[]): DatasetFile[] {
  return files.map(({ file, ...rest }) => ({ path: join(target, file), ...rest }))
}

/** How the ledger names a path: relative inside the run folder, which may be moved. */
function ledgerPath(directory: string, path: string): string {
  const inside = relative(directory, path)
  if (inside.startsWith('..') || resolve(inside) === inside) return path
  return inside.split(sep).join('/')
}
