import type { RecordColumn } from '../graph/processor-kind.ts'
import type { OpenRun } from './open-run.ts'
import { readPartFile } from './part-file.ts'
import { createPartNames, type PartColumn } from './part-names.ts'
import { openRecordFiles } from './record-files.ts'
import type { RecordedFile } from './verify.ts'

export interface RecordsOfPart {
  name: string
  files: RecordedFile[]
}

/**
 * Sorts files of records by the values of a column, in the order in which these come. The files are read
 * once for each, so that a row group is held, however many parts there are.
 */
export async function splitRecords(
  run: OpenRun,
  files: readonly RecordedFile[],
  { columns, by, folder }: { columns: readonly RecordColumn[]; by: PartColumn; folder: string },
): Promise<RecordsOfPart[]> {
  const names = createPartNames(by.name)
  for (const { path } of files) {
    for await (const { columns: values } of readPartFile(path, [by])) {
      for (const value of values[0] ?? []) names.of(value)
    }
  }
  const position = columns.findIndex(({ name }) => name === by.name)
  const parts: RecordsOfPart[] = []
  for (const [index, name] of names.all.entries()) {
    const written = openRecordFiles(run.writer(), { folder, name: `part-${index}`, columns })
    try {
      for (const { path } of files) {
        for await (const { rows, columns: values } of readPartFile(path, columns)) {
          const at = [...rows.keys()].filter((place) => String(values[position]?.[place]) === name)
          if (at.length === 0) continue
          await written.add(
            Float64Array.from(at, (place) => rows[place] ?? 0),
            values.map((column) => at.map((place) => column[place] ?? null)),
          )
        }
      }
      parts.push({ name, files: await written.finish() })
    } catch (error) {
      await written.abandon()
      throw error
    }
  }
  return parts
}
