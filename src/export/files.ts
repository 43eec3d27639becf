import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { storageError } from '../store/storage-error.ts'
import type { RunStore } from '../store/store.ts'
import { RowsmithError } from '../util/errors.ts'
import { textFormats, type TextFormat } from './formats.ts'
import { readFiles } from './records.ts'

export type ExportFormat = 'parquet' | keyof typeof textFormats

export interface ExportedFile {
  path: string
  rows: number
}

export interface ExportFilesOptions {
  format?: ExportFormat | undefined
  /** Called now and then while a text file is written. */
  onProgress?: (rows: number, totalRows: number) => void
}

/** Rows between two calls of `onProgress`. */
const PROGRESS_ROWS = 4_096

/** Writes every record of a run's parts: Parquet files into a folder, or one text file. */
export async function exportFiles(
  store: RunStore,
  to: string,
  { format = formatOf(to), onProgress = () => undefined }: ExportFilesOptions = {},
): Promise<ExportedFile[]> {
  const target = resolve(to)
  await refuseOtherThing(target, format)
  if (format === 'parquet') {
    const files = await store.join({ directory: target })
    return files.map(({ path, rows }) => ({ path, rows }))
  }
  const rows = await store.withJoined((files) => {
    const paths = files.map(({ path }) => path)
    const totalRows = files.reduce((sum, file) => sum + file.rows, 0)
    return writeText(store, paths, target, {
      format: textFormats[format],
      onProgress: (written) => onProgress(written, totalRows),
    })
  })
  return [{ path: target, rows }]
}

function formatOf(path: string): ExportFormat {
  const ending = extname(path).toLowerCase()
  if (ending === '.jsonl' || ending === '.ndjson') return 'jsonl'
  if (ending === '.csv') return 'csv'
  if (ending !== '.parquet') return 'parquet'
  throw new RowsmithError(
    'usage',
    `Parquet files are exported into a folder, got the file name ${path}`,
    {
      hints: ['Give a folder; files in it are named train-00000-of-0000N.parquet.'],
    },
  )
}

/** A folder where a file would be, or a file where a folder would be, is the user's own. */
async function refuseOtherThing(target: string, format: ExportFormat): Promise<void> {
  const found = await stat(target).catch(() => null)
  if (found === null) return
  if (format === 'parquet' && !found.isDirectory()) {
    throw new RowsmithError(
      'usage',
      `Parquet files are exported into a folder, and ${target} is a file`,
      {
        hints: ['Give a folder, or a file name ending in .jsonl or .csv.'],
      },
    )
  }
  if (format !== 'parquet' && found.isDirectory()) {
    throw new RowsmithError(
      'usage',
      `${format} is exported into one file, and ${target} is a folder`,
      {
        hints: [`Give a file name, such as ${join(target, `data.${format}`)}.`],
      },
    )
  }
}

async function writeText(
  { settings }: RunStore,
  paths: readonly string[],
  target: string,
  { format, onProgress }: { format: TextFormat; onProgress: (rows: number) => void },
): Promise<number> {
  const columns = settings.columns.filter(({ drop }) => !drop)
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  const unfinished = `${target}.tmp`
  let rows = 0
  async function* lines(): AsyncGenerator<string> {
    const header = format.header([...types.keys()])
    if (header !== null) yield `${header}\n`
    for await (const record of readFiles(paths, types)) {
      rows += 1
      if (rows % PROGRESS_ROWS === 0) onProgress(rows)
      yield `${format.line(record)}\n`
    }
  }
  try {
    await mkdir(dirname(target), { recursive: true })
    await pipeline(lines, createWriteStream(unfinished, { flush: true }))
    await rename(unfinished, target)
    return rows
  } catch (error) {
    // Where it can't be removed either, the first error is the one to tell.
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw storageError(error, `writing ${target}`)
  }
}
