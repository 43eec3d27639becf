import { plainRecord } from '../export/plain.ts'
import type { DatasetRecord } from '../export/records.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { open } from './open-dataset.ts'
import { type Followed, followRecords } from './part-records.ts'

interface WorkingRun extends Omit<Followed, 'types'> {
  /** The columns of a dataset that is the records of its parts; null where it is made at the end. */
  readonly joined: readonly RecordColumn[] | null
  readonly finished: Promise<unknown>
}

/** Records of parts as they are written; of a dataset that is made at the end, once it is. */
export async function* recordsOfRun({
  joined,
  finished,
  ...run
}: WorkingRun): AsyncGenerator<DatasetRecord> {
  if (joined !== null) {
    const types = new Map(joined.map(({ name, type }) => [name, type]))
    for await (const record of followRecords({ ...run, types })) yield plainRecord(record)
    // A run that failed must not look like one that is complete.
    await finished
    return
  }
  await finished
  await using dataset = await open(run.directory)
  yield* dataset.records()
}
