import { freeSpace } from '../run/free-space.ts'
import { counted, size } from '../util/format.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'
import { commandText } from './command-line.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shortPath, shortPathWord } from './report-run.ts'
import { createScreen } from './terminal.ts'

export interface GcOptions {
  yes?: true
  json?: true
}

/** Says what is kept of columns that an edit replaced, and frees it with `--yes`. */
export async function runGc(directory: string, options: GcOptions): Promise<ExitCode> {
  const found = await freeSpace(directory, { yes: options.yes === true })
  if (options.json) {
    process.stdout.write(jsonLine(found))
    return exitCodes.ok
  }
  const { dir, columns, cells, bytes, media, freed } = found
  const screen = createScreen(process.stdout)
  if (columns.length === 0 && media.files === 0) {
    screen.print(`${shortPath(dir)} has no cells of older configs.`)
    return exitCodes.ok
  }
  const [verb, then] = freed ? ['Freed', ''] : ['Kept', ' for when the config is changed back']
  const lines = [
    `${verb}: ${counted(cells, 'cell')} of older configs, about ${size(bytes)}${then}.`,
    ...columns.map(
      (column) =>
        `  ${visibleLine(column.name)}: ${counted(column.cells, 'cell')}, ${size(column.bytes)}`,
    ),
    ...(media.files === 0
      ? []
      : [`  ${counted(media.files, 'media file')} that nothing else names, ${size(media.bytes)}`]),
    ...(freed ? [] : [`To free it: ${commandText(['gc', shortPathWord(dir), '--yes'])}`]),
  ]
  screen.print(lines.join('\n'))
  return exitCodes.ok
}
