import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { createPartNames } from '../store/part-names.ts'
import { storageError } from '../threads/storage-error.ts'
import type { FileForm } from './file-form.ts'
import { readFiles, type RecordValues } from './records.ts'
import { refuseReplacing } from './refuse-replacing.ts'
import { writeTarget } from './write-target.ts'

/** Rows between two calls of `onProgress`. */
const PROGRESS_ROWS = 4_096

/** A file that an export wrote. */
export interface ExportedFile {
  path: string
  rows: number
}

/** Writes records of Parquet files in another form. */
export interface FormWriter {
  /** All of them, as one file. */
  write(target: string): Promise<ExportedFile>
  /** A file for each value of a column, in a folder; the records are read once for each. */
  split(folder: string, column: string): Promise<ExportedFile[]>
}

export interface FormWriterOptions {
  form: FileForm
  /** Files with these names are replaced. */
  force: boolean
  onProgress: (rows: number) => void
}

export function createFormWriter(
  columns: readonly RecordColumn[],
  paths: readonly string[],
  { form, force, onProgress }: FormWriterOptions,
): FormWriter {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  let written = 0

  /** With `by`, a column that decides which records are wanted. */
  async function writeSome(
    target: string,
    isWanted: (record: RecordValues) => boolean,
    by?: string,
  ): Promise<ExportedFile> {
    let rows = 0
    async function* read(names?: readonly string[]): AsyncGenerator<RecordValues> {
      const wanted = [...types].filter(
        ([name]) => names === undefined || name === by || names.includes(name),
      )
      for await (const record of readFiles(paths, new Map(wanted))) {
        if (isWanted(record)) yield record
      }
    }
    function onRecord(): void {
      rows += 1
      written += 1
      if (written % PROGRESS_ROWS === 0) onProgress(written)
    }
    try {
      await mkdir(dirname(target), { recursive: true })
    } catch (error) {
      throw storageError(error, `writing ${target}`)
    }
    await writeTarget(target, form.content({ columns, read }, onRecord))
    return { path: target, rows }
  }

  return {
    write: (target) => writeSome(target, () => true),
    async split(folder, column) {
      const names = createPartNames(column)
      const only = new Map([...types].filter(([name]) => name === column))
      for await (const record of readFiles(paths, only)) names.of(record.get(column))
      const pathOf = (name: string): string => join(folder, `${name}${form.endings[0] ?? ''}`)
      // Without a record there is no value: one file with the columns, as Parquet has.
      const isEmpty = names.all.length === 0
      if (!force) await refuseReplacing((isEmpty ? ['train'] : names.all).map(pathOf))
      if (isEmpty) return [await writeSome(pathOf('train'), () => true)]
      const files: ExportedFile[] = []
      for (const name of names.all) {
        const isOfName = (record: RecordValues): boolean => names.of(record.get(column)) === name
        files.push(await writeSome(pathOf(name), isOfName, column))
      }
      return files
    },
  }
}
