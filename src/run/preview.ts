import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatasetRecord } from '../export/records.ts'
import { open } from './dataset.ts'
import type { RunSummary } from './summary.ts'
import type { RunResult } from './result.ts'
import { type RunOptions, start, type Run } from './run.ts'

/** A few records of a dataset, kept nowhere. */
export interface Preview {
  records: DatasetRecord[]
  result: RunResult
  failures: RunSummary['failures']
}

export interface PreviewOptions extends Omit<
  RunOptions,
  'out' | 'mode' | 'shrink' | 'retryDropped'
> {
  /** Called with the run once it works, for progress and for stopping it. */
  onStart?: (run: Run) => void
}

/** Makes the first rows of a dataset in a folder that is removed again. */
export async function preview(options: PreviewOptions): Promise<Preview> {
  const out = await mkdtemp(join(tmpdir(), 'rowsmith-preview-'))
  try {
    await using run = await start({ ...options, out: join(out, 'run'), mode: 'auto' })
    options.onStart?.(run)
    const result = await run.finished
    await using dataset = await open(run.directory)
    const { failures } = await dataset.summary()
    const records: DatasetRecord[] = []
    if (result.files.length > 0) {
      for await (const record of dataset.records()) records.push(record)
    }
    return { records, result, failures }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
