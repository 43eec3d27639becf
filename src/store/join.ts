import { mkdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { RowsmithError } from '../util/errors.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { DatasetPass } from '../processors/dataset-pass.ts'
import {
  createPassCounts,
  type PassCounts,
  passRecord,
  readPassRecord,
} from '../processors/pass-counts.ts'
import { datasetFileName } from './dataset-plan.ts'
import type { JoinFileOptions } from './join-file.ts'
import {
  besideFolder,
  datasetFolder,
  type DatasetEntry,
  type DatasetFile,
  type JoinPart,
} from './ledger-dataset.ts'
import { syncFolder } from './parquet-codec.ts'
import { storageError } from '../threads/storage-error.ts'
import type { OpenRun } from './open-run.ts'
import type { PartColumn } from './part-names.ts'
import { type RecordsOfPart, splitRecords } from './split-records.ts'
import { partHints } from './verify.ts'
import { removeRecords, writePass } from './write-pass.ts'

export interface JoinOptions {
  /** Of an export; the run's own folder by default. */
  directory?: string
  /** What is done to the records; null where the files of parts are joined as they are. */
  pass?: DatasetPass | null
  /** The name of a dataset next to the run's own. */
  beside?: string
  /** Files of their own for each value of a column, named after it; needs a pass. */
  splitBy?: PartColumn
  /** Files with these names that the run did not make are replaced. */
  force?: boolean
  /** Ends a pass between two batches, with its reason; nothing is left of what was begun. */
  signal?: AbortSignal
}

/**
 * Makes the dataset from the parts, or gives it when it is made already.
 *
 * Files are finished in a separate folder and then renamed into place; the ledger knows their
 * names before. A crash at any point leaves a dataset that is not recorded, and is made again.
 */
export async function joinDataset(
  run: OpenRun,
  { directory, pass = null, beside, splitBy, force = false, signal }: JoinOptions,
): Promise<DatasetFile[]> {
  const own = beside === undefined ? datasetFolder : `${besideFolder}/${beside}`
  const target = resolve(directory ?? join(run.directory, own))
  const key = ledgerPath(run.directory, target)
  const identity = identityOf(pass, splitBy)
  const made = await run.ledger.call('dataset', key, identity)
  if (made !== null) {
    const files = withPaths(target, made)
    // Who asks for an export asks for these bytes; continuing with a run reads no dataset.
    const stands = directory === undefined ? await allThere(files) : await allIntact(run, files)
    if (stands) return files
  }

  const plan = await planFiles(run)
  const former = new Set(await run.ledger.call('ownFiles', key))
  // Before anything is made, where the names are known then.
  if (pass === null && !force) await refuseForeignFiles(target, namesOf(plan), former)
  run.onEvent({ type: 'join-started', files: plan.length })

  const staging = join(dirname(target), `${basename(target)}.${run.nextAttempt()}.joining`)
  const intent = ledgerPath(run.directory, staging)
  await run.ledger.call('addIntent', intent)
  const counts = createPassCounts()
  const files = await writeFiles(run, plan, { pass, counts, splitBy, signal }, staging)
  const names = files.map(({ file }) => file)
  if (pass !== null && !force) await refuseForeignFiles(target, names, former)
  await run.ledger.call('beginSwap', key, names)
  try {
    await swap(staging, target, names, former)
  } catch (error) {
    throw storageError(error, `putting the dataset into ${target}`)
  }
  const processors = passRecord(identity, counts.list())
  // An export is read by others, who have its files alone.
  const columns = directory === undefined && pass !== null ? pass.columns : null
  await run.ledger.call('commitDataset', key, files, { intent, processors, columns })
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  run.onEvent({ type: 'join-finished', files: files.length, rows })
  return withPaths(target, files)
}

/** What makes other files has another one. */
function identityOf(pass: DatasetPass | null, splitBy: PartColumn | undefined): string {
  const identity = pass?.identity ?? ''
  return splitBy === undefined ? identity : `split by ${JSON.stringify(splitBy.name)}, ${identity}`
}

/** A dataset of the run folder that processors made. */
export interface StoredRecords {
  files: readonly DatasetFile[]
  columns: readonly RecordColumn[]
  /** Of its pass. */
  identity: string
}

/** What processors made, where it is as new as the parts and its bytes are those that were written. */
export async function madeDataset(
  run: OpenRun,
  beside: string | undefined,
): Promise<StoredRecords | null> {
  const directory = beside === undefined ? datasetFolder : `${besideFolder}/${beside}`
  const made = await run.ledger.call('madeDataset', directory)
  if (made === null) return null
  const { columns, processors } = made
  const files = withPaths(join(run.directory, directory), made.files)
  if (!(await allIntact(run, files))) return null
  return { files, columns, identity: readPassRecord(processors).identity }
}

/** Removes datasets next to the run's own whose processors are no longer there. */
export async function removeBesides(run: OpenRun, kept: readonly string[]): Promise<void> {
  const wanted = new Set(kept.map((name) => `${besideFolder}/${name}`))
  for (const folder of await run.ledger.call('besideFolders')) {
    if (wanted.has(folder)) continue
    for (const file of await run.ledger.call('ownFiles', folder)) {
      await rm(join(run.directory, folder, file), { force: true })
    }
    // A file of somebody else keeps its folder.
    await rmdir(join(run.directory, folder)).catch(() => undefined)
    await rmdir(join(run.directory, besideFolder)).catch(() => undefined)
    await run.ledger.call('forgetDataset', folder)
  }
}

export interface WithJoinedOptions {
  pass: DatasetPass | null
  /** However large it becomes. */
  inOneFile?: boolean
}

/** Joins into a folder that is missing afterwards, also when the process is killed before. */
export async function withJoined<Result>(
  run: OpenRun,
  { pass, inOneFile = false }: WithJoinedOptions,
  use: (files: readonly DatasetFile[]) => Promise<Result>,
): Promise<Result> {
  const planned = await planFiles(run)
  const [first, last] = [planned[0], planned.at(-1)]
  const plan = inOneFile && first && last ? [{ from: first.from, to: last.to }] : planned
  const folder = join(run.directory, `export.${run.nextAttempt()}.joining`)
  const intent = ledgerPath(run.directory, folder)
  await run.ledger.call('addIntent', intent)
  const how = { pass, inOneFile, counts: createPassCounts() }
  const files = await writeFiles(run, plan, how, folder)
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
      hints: [
        'Move it away, give another folder, or --force (`force: true` in the library) to replace it.',
      ],
    })
  }
}

interface WritingOptions {
  pass: DatasetPass | null
  counts: PassCounts
  inOneFile?: boolean
  splitBy?: PartColumn | undefined
  signal?: AbortSignal | undefined
}

async function writeFiles(
  run: OpenRun,
  plan: readonly FileRange[],
  { pass, ...how }: WritingOptions,
  staging: string,
): Promise<DatasetEntry[]> {
  try {
    await mkdir(staging, { recursive: true })
    const files =
      pass === null
        ? await joinParts(run, plan, staging)
        : await passRecords(run, pass, { folder: staging, ...how })
    syncFolder(staging)
    return files
  } catch (error) {
    // The intent stays for the next open, should this not work either.
    await rm(staging, { recursive: true, force: true }).catch(() => undefined)
    throw storageError(error, `joining into ${staging}`)
  }
}

async function joinParts(
  run: OpenRun,
  plan: readonly FileRange[],
  staging: string,
): Promise<DatasetEntry[]> {
  const { directory, settings, ledger } = run
  const { rows: target, partRows } = settings
  const columns = settings.columns.map(({ name, type, drop }) => ({ name, type, drop }))
  const files: DatasetEntry[] = []
  for (const [index, { from, to }] of plan.entries()) {
    const parts = await ledger.call('joinParts', from, to)
    const straddles = parts.some(({ part }) => (part + 1) * partRows > target)
    const joined = await joinInto(run, join(staging, datasetFileName(index, plan.length)), {
      columns,
      parts: parts.map((part) => ({ path: resolve(directory, part.file), sha256: part.sha256 })),
      clipLastAt: straddles ? target : null,
    })
    files.push(joined)
  }
  return files
}

/** Files of what comes out of a pass, which are then joined as those of parts are. */
async function passRecords(
  run: OpenRun,
  pass: DatasetPass,
  {
    folder,
    counts,
    inOneFile = false,
    splitBy,
    signal,
  }: { folder: string } & Omit<WritingOptions, 'pass'>,
): Promise<DatasetEntry[]> {
  const columns = pass.columns.map(({ name, type }) => ({ name, type, drop: false }))
  const made = await writePass(run, pass, { folder, counts, signal })
  let parts: RecordsOfPart[] = []
  if (splitBy !== undefined) {
    parts = await splitRecords(run, made, { columns: pass.columns, by: splitBy, folder })
    if (parts.length > 0) await removeRecords(made)
  }
  // A dataset without records has no values to be split by.
  if (parts.length === 0) parts = [{ name: 'train', files: made }]
  const files: DatasetEntry[] = []
  for (const { name, files: records } of parts) {
    const joins = inOneFile ? [records] : records.map((part) => [part])
    for (const [index, joined] of joins.entries()) {
      const path = join(folder, datasetFileName(index, joins.length, name))
      files.push(await joinInto(run, path, { columns, parts: joined, clipLastAt: null }))
      await removeRecords(joined)
    }
  }
  return files
}

async function joinInto(
  { writer, onEvent }: OpenRun,
  path: string,
  options: Omit<JoinFileOptions, 'path'>,
): Promise<DatasetEntry> {
  const file = basename(path)
  const written = await writer().call('joinFile', { path, ...options })
  onEvent({ type: 'join-file-written', file, rows: written.rows, bytes: written.bytes })
  return { file, ...written }
}

function namesOf(plan: readonly FileRange[]): string[] {
  return plan.map((_, index) => datasetFileName(index, plan.length))
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
