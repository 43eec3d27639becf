import { createPartProfiler, type PartPlace, type PartProfile } from '../profile/part-profile.ts'
import type { FileColumn } from './parquet-codec.ts'
import { clipBlock, readPartFile } from './part-file.ts'
import { verifyPart, type RecordedFile } from './verify.ts'

/** Statistics of the records of a part file, of those below a row where one is given. */
export async function profileFile(
  file: RecordedFile,
  columns: readonly FileColumn[],
  { below = Number.POSITIVE_INFINITY, ...place }: PartPlace & { below?: number },
): Promise<PartProfile> {
  const profiler = createPartProfiler(columns, place)
  verifyPart(file)
  for await (const block of readPartFile(file.path, columns)) {
    profiler.add(clipBlock(block, below).columns)
  }
  return profiler.profile()
}
