import { basename } from 'node:path'
import { open } from '../run/open-dataset.ts'
import type { ExportFormat } from '../export/files.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shortPath } from './report-run.ts'
import { readFieldMap } from './field-map.ts'
import { createScreen } from './terminal.ts'
import { counted } from '../util/format.ts'
import { RowsmithError } from '../util/errors.ts'
import { jsonLine } from '../util/visible.ts'
import { createWaiting } from './watch.ts'

export interface ExportOptions {
  to?: string
  format?: ExportFormat
  map?: string
  dataset?: string
  splitBy?: string
  force?: true
  plugin?: readonly string[]
  json?: true
}

const standardOutput = '/dev/stdout'

export async function runExport(directory: string, given: ExportOptions): Promise<ExitCode> {
  const options = given.to === '-' ? toStandardOutput(given) : given
  const screen = createScreen(process.stderr)
  const map = options.map === undefined ? undefined : await readFieldMap(options.map)
  using waiting = createWaiting({
    screen,
    name: basename(directory),
    begin: `reading ${directory}`,
  })
  await using dataset = await open(directory, { plugins: options.plugin ?? [] })
  const files = await dataset.export({
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(map === undefined ? {} : { map }),
    ...(options.dataset === undefined ? {} : { dataset: options.dataset }),
    ...(options.splitBy === undefined ? {} : { splitBy: options.splitBy }),
    ...(options.force === undefined ? {} : { force: options.force }),
    onEvent: waiting.onEvent,
  })
  waiting[Symbol.dispose]()
  if (options.json) {
    process.stdout.write(jsonLine({ dir: dataset.directory, files }))
  } else {
    for (const { path, rows } of files) {
      const name = path === standardOutput ? 'stdout' : shortPath(path)
      screen.print(`${name}  ${counted(rows, 'row')}`)
    }
  }
  return exitCodes.ok
}

function toStandardOutput(options: ExportOptions): ExportOptions {
  if (options.json === true) {
    throw new RowsmithError('usage', 'the rows and --json would both be printed on stdout', {
      hints: ['Give --to a file, or leave --json out.'],
    })
  }
  return { format: 'jsonl', ...options, to: standardOutput }
}
