import { open } from '../run/dataset.ts'
import type { ExportFormat } from '../export/files.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shortPath } from './report.ts'
import { counted } from '../util/format.ts'

export interface ExportOptions {
  to?: string
  format?: ExportFormat
  json?: true
}

export async function runExport(directory: string, options: ExportOptions): Promise<ExitCode> {
  await using dataset = await open(directory)
  const files = await dataset.export({
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(options.format === undefined ? {} : { format: options.format }),
  })
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ dir: dataset.directory, files })}\n`)
  } else {
    for (const { path, rows } of files) {
      process.stderr.write(`${shortPath(path)}  ${counted(rows, 'row')}\n`)
    }
  }
  return exitCodes.ok
}
