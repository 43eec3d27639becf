import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { DatasetRecord, RecordValues } from '../export/records.ts'
import { readPartFile } from '../store/part-file.ts'
import { readPartFrom, readStoredRun } from '../store/inspect-store.ts'
import { fromStored } from '../graph/stored-value.ts'
import { withoutVector } from '../util/vector.ts'
import { findPlace } from '../check/run-place.ts'
import type { Forecast } from './extrapolate.ts'
import { open } from './open-dataset.ts'
import { createPreviewUsage, type PreviewedRun } from './preview-forecast.ts'
import type { RunSummary } from '../report/run-summary.ts'
import type { RunResult } from '../report/run-result.ts'
import { type RunOptions, start } from './run.ts'
import type { Run } from './working-run.ts'

/** A row with all of its columns, including those that are not in the dataset. */
export interface PreviewRow {
  row: number
  values: RecordValues
}

/** A few records of a dataset, not stored. */
export interface Preview {
  /** As the dataset would have them; empty if the preview was stopped. */
  records: DatasetRecord[]
  /** Rows that were made, in order. */
  rows: PreviewRow[]
  columns: RunSummary['columns']
  result: RunResult
  failures: RunSummary['failures']
  rejections: RunSummary['rejections']
  cutAnswers: RunSummary['cutAnswers']
  /** Cells that are those of the run in the default folder, whose rows and columns are the same. */
  reused: number
  /** The forecast for the whole run, from the usage of these rows; null without requests. */
  forecast: Forecast | null
}

/** Options of `preview`. */
export interface PreviewOptions extends Omit<
  RunOptions,
  | 'out'
  | 'mode'
  | 'shrink'
  | 'edit'
  | 'keep'
  | 'retryFailed'
  | 'retryDropped'
  | 'cancelBatches'
  | 'command'
> {
  /** Called with the run once it works, for progress and for stopping it. */
  onStart?: (run: Run) => void
  /** Stores the usage of columns (figures, no texts) in the user's cache folder, for `forecast`. */
  keepsUsage?: boolean
}

/** Makes the first rows of a dataset in a folder that is removed again. */
export async function preview(options: PreviewOptions): Promise<Preview> {
  const out = await mkdtemp(join(tmpdir(), 'rowsmith-preview-'))
  const { directory: beside, exists } = await findPlace({ config: options.config })
  const usage = createPreviewUsage()
  let reused = 0
  let known: PreviewedRun['known'] = new Map()
  try {
    await using run = await start({
      ...options,
      ...(exists ? { beside } : {}),
      onEvent(event) {
        if (event.type === 'cells-reused') ({ cells: reused, known } = event)
        options.onEvent?.(event)
      },
      onRequest(event) {
        usage.note(event)
        options.onRequest?.(event)
      },
      out: join(out, 'run'),
      mode: 'auto',
      summaries: false,
      // Whoever looks at some rows waits for them.
      realtime: true,
    })
    options.onStart?.(run)
    const result = await run.finished
    const plugins = options.plugins ?? []
    await using dataset = await open(run.directory, { plugins })
    const { failures, rejections, columns, cutAnswers, limits } = await dataset.summary()
    const records: DatasetRecord[] = []
    if (result.files.length > 0) {
      for await (const record of dataset.records()) records.push(record)
    }
    const rows = await rowsOf(run.directory)
    const forecast = await usage.forecast({
      directory: run.directory,
      beside: exists ? beside : null,
      result,
      limits,
      known,
      environment: options.environment ?? process.env,
      keeps: options.keepsUsage === true,
    })
    return { records, rows, columns, result, failures, rejections, cutAnswers, reused, forecast }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

/** Parts hold every column and say which row is which. */
async function rowsOf(directory: string): Promise<PreviewRow[]> {
  const { columns, rows: target, partRows } = readStoredRun(directory).settings
  const rows: PreviewRow[] = []
  for (let part = 0; part * partRows < target; part += 1) {
    const found = readPartFrom(directory, part)
    if (found === null || found.part * partRows >= target) break
    part = found.part
    if (found.file === null) continue
    for await (const block of readPartFile(resolve(directory, found.file), columns)) {
      block.rows.forEach((row, at) => {
        const values = columns.flatMap(({ name, type, hidden }, id) =>
          hidden === true
            ? []
            : [[name, withoutVector(fromStored(type, block.columns[id]?.[at] ?? null))] as const],
        )
        rows.push({ row, values: new Map(values) })
      })
    }
  }
  return rows
}
