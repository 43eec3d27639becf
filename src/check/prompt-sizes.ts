import type { Clock } from '../util/clock.ts'
import type { Prepared } from './prepare.ts'
import { dryRun } from './dry-run.ts'
import { sampleSeed } from './seed-sample.ts'

/**
 * How large the first requests of each column are in a few rows, in characters; without a model, so
 * something stands where its answers would. By the column's id; a column that asks nothing has none.
 */
export async function promptSizes(
  { graph, dataset, seed, source: { directory } }: Prepared,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<ReadonlyMap<number, readonly number[]>> {
  const runSeed = dataset.seed ?? 0n
  const { seedConfig } = dataset
  const sample =
    seed === null || seedConfig === null
      ? null
      : await sampleSeed(seed, seedConfig, { runSeed, signal })
  const { models } = dataset
  const columns = await dryRun({ graph, runSeed, models, seed: sample, directory, clock })
  return new Map(columns.map(({ column, requests }) => [column.id, requests]))
}
