import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fromStored, type StoredValue, toStored } from '../graph/stored-value.ts'
import type { RecordBatch, RecordColumn } from '../graph/processor-kind.ts'
import { rereadable, type DatasetPass } from '../processors/dataset-pass.ts'
import { createPassCounts, type PassCounts } from '../processors/pass-counts.ts'
import type { OpenRun } from './open-run.ts'
import { clipBlock, readPartFile, sliceBlock } from './part-file.ts'
import { openRecordFiles } from './record-files.ts'
import { verifyPart, type RecordedFile } from './verify.ts'

/** Records that a processor gets at once. */
const BATCH_ROWS = 1_024

interface PassPlace {
  folder: string
  counts: PassCounts
  /** Ends it between two batches, with its reason. */
  signal: AbortSignal | undefined
}

/**
 * Sends the records of all parts through a pass, into files of records in a folder; at least one, so
 * that a dataset without records has its columns. A batch at a time is held, and a row group.
 */
export async function writePass(
  run: OpenRun,
  pass: DatasetPass,
  { folder, counts, signal }: PassPlace,
): Promise<RecordedFile[]> {
  const files = openRecordFiles(run.writer(), { folder, name: 'records', columns: pass.columns })
  const warn = (message: string): void => run.onEvent({ type: 'processor-warning', message })
  const scratchFolders: string[] = []
  async function scratch(): Promise<string> {
    const made = await mkdtemp(join(folder, 'scratch-'))
    scratchFolders.push(made)
    return made
  }
  const { rows } = run.settings
  const records = rereadable(() => readRecords(run, pass.input, rows, signal))
  try {
    for await (const batch of pass.run(records, { warn, scratch, counts })) {
      signal?.throwIfAborted()
      if (batch.rows.length === 0) continue
      const stored = pass.columns.map(({ type }, at) =>
        (batch.columns[at] ?? []).map((value) => toStored(type, value)),
      )
      await files.add(batch.rows, stored)
    }
    return await files.finish()
  } catch (error) {
    await files.abandon()
    throw error
  } finally {
    for (const made of scratchFolders) await rm(made, { recursive: true, force: true })
  }
}

/** The rows of the records that come out of a pass over those below a row; nothing is written. */
export async function* passRows(
  run: OpenRun,
  pass: DatasetPass,
  endRow: number,
): AsyncGenerator<Float64Array> {
  const folder = join(run.directory, `pass.${run.nextAttempt()}.joining`)
  const intent = basename(folder)
  await run.ledger.call('addIntent', intent)
  try {
    await mkdir(folder, { recursive: true })
    const records = rereadable(() => readRecords(run, pass.input, endRow))
    const means = {
      // Warnings are reported when the dataset is made.
      warn: () => undefined,
      scratch: () => mkdtemp(join(folder, 'scratch-')),
      counts: createPassCounts(),
    }
    for await (const { rows } of pass.run(records, means)) yield rows
  } finally {
    await rm(folder, { recursive: true, force: true })
    await run.ledger.call('removeIntents', [intent])
  }
}

/** The records of all parts below a row, in row order. */
async function* readRecords(
  { directory, settings, ledger }: OpenRun,
  columns: readonly RecordColumn[],
  endRow: number,
  signal?: AbortSignal,
): AsyncGenerator<RecordBatch> {
  const end = Math.ceil(endRow / settings.partRows)
  for (const { file, sha256 } of await ledger.call('joinParts', 0, end)) {
    const path = resolve(directory, file)
    verifyPart({ path, sha256 })
    for await (const whole of readPartFile(path, columns)) {
      const block = clipBlock(whole, endRow)
      for (let from = 0; from < block.rows.length; from += BATCH_ROWS) {
        // A processor may read all of them before it gives one.
        signal?.throwIfAborted()
        const { rows, columns: stored } = sliceBlock(block, from, from + BATCH_ROWS)
        yield { rows, columns: columns.map(({ type }, at) => cellsOf(type, stored[at] ?? [])) }
      }
    }
  }
}

function cellsOf(
  type: RecordColumn['type'],
  stored: readonly StoredValue[],
): RecordBatch['columns'][number] {
  return stored.map((value) => fromStored(type, value))
}

/** Removes files of records once a dataset was made of them. */
export async function removeRecords(files: readonly RecordedFile[]): Promise<void> {
  for (const { path } of files) await rm(path, { force: true })
}
