import type { Problem } from '../config/problem.ts'
import type { ResolvedDataset } from '../config/resolve-dataset.ts'
import type { Clock } from '../util/clock.ts'
import type { Graph } from '../graph/graph.ts'
import { seedProblem } from '../seeds/find-source.ts'
import type { InspectedSeed } from '../seeds/inspect-seed.ts'
import { dryRun } from './dry-run.ts'
import { bindProblem, dryRunProblems } from './dry-run-problems.ts'
import { sampleSeed, type SeedSample } from './seed-sample.ts'

export interface TryOptions {
  dataset: ResolvedDataset
  /** Null without a seed, and when its file is not there. */
  seed: InspectedSeed | null
  /** Of the config; null where it is in no file. */
  directory: string | null
  clock: Clock
  signal: AbortSignal
}

/** Looks at a few rows of the columns that are sound, without asking a model. */
export async function tryRows(
  graph: Graph | null,
  { dataset, seed: inspected, directory, clock, signal }: TryOptions,
): Promise<readonly Problem[]> {
  if (graph === null) return []
  // Always the same rows, so that the same config gets the same report.
  const runSeed = dataset.seed ?? 0n
  let seed: SeedSample | null = null
  try {
    const { seedConfig } = dataset
    if (inspected !== null && seedConfig !== null) {
      seed = await sampleSeed(inspected, seedConfig, { runSeed, signal })
    }
  } catch (error) {
    return [seedProblem(error, signal)]
  }
  try {
    const columns = await dryRun({ graph, runSeed, models: dataset.models, seed, directory, clock })
    return dryRunProblems(columns, dataset)
  } catch (error) {
    return [bindProblem(error, graph, dataset)]
  }
}
