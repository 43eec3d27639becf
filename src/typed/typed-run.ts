import type { ArrowTable } from '../export/arrow-table.ts'
import { open, start } from '../run/library.ts'
import type { RunOptions } from '../run/run.ts'
import type { Run } from '../run/working-run.ts'

/** A running run whose records have the types of its columns. */
export interface TypedRun<Out> extends Omit<Run, 'records'>, AsyncIterable<Out> {
  /** All records, once the run has ended. */
  toArray(): Promise<Out[]>
  /** The same as a table of the package `apache-arrow`. */
  toArrow(): Promise<ArrowTable>
}

/** Begins a run. Records come in row order, those of a part once it is on disk. */
export async function startTyped<Out>(options: RunOptions): Promise<TypedRun<Out>> {
  const run = await start(options)
  // The types of a record follow from the columns, which the config was made of.
  const records = (): AsyncIterator<Out> =>
    run.records()[Symbol.asyncIterator]() as AsyncIterator<Out>
  return {
    ...run,
    [Symbol.asyncIterator]: records,
    async toArray() {
      await run.finished
      return Array.fromAsync({ [Symbol.asyncIterator]: records })
    },
    async toArrow() {
      await run.finished
      await using dataset = await open(run.directory)
      return dataset.toArrow()
    },
  }
}
