import { createPartProfiler, type PartPlace, type PartProfile } from '../profile/part-profile.ts'
import type { FileColumn } from './parquet.ts'
import { clipBlock, readPartFile } from './part-file.ts'

/** Statistics of the records of a part file, of those below a row where one is given. */
export async function profileFile(
  path: string,
  columns: readonly FileColumn[],
  { below = Number.POSITIVE_INFINITY, ...place }: PartPlace & { below?: number },
): Promise<PartProfile> {
  const profiler = createPartProfiler(columns, place)
  for await (const block of readPartFile(path, columns)) profiler.add(clipBlock(block, below))
  return profiler.profile()
}
