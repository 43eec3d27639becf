import { checkRun, type RunCheck } from '../run/check-run.ts'
import { open } from '../run/open-dataset.ts'
import type { CheckedFiles } from '../store/check-files.ts'
import { counted, grouped } from '../util/format.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'
import { commandText, storedText } from './command-line.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { rowsText, shortPath, shortPathWord } from './report-run.ts'
import { createScreen, type Paint } from './terminal.ts'

export interface CheckOptions {
  repair?: true
  json?: true
}

/** Looks at every byte of a run folder, and repairs it where that is asked for. */
export async function runCheckCommand(directory: string, options: CheckOptions): Promise<ExitCode> {
  // Refuses a folder without a run in the words of all commands, whatever state its ledger is in.
  const check = await checkRun(directory, { repair: options.repair === true })
  if (options.json === true) {
    process.stdout.write(jsonLine(check))
  } else {
    const screen = createScreen(process.stdout)
    screen.print([...describeCheck(check, screen.style), ...(await steps(check))].join('\n'))
  }
  return check.ok ? exitCodes.ok : exitCodes.damaged
}

function describeCheck(check: RunCheck, style: Paint): string[] {
  const { dir, ledger, files, rows, seed, repaired } = check
  const bad = (text: string): string => style('yellow', text)
  const state = check.ok ? (repaired === null ? 'intact' : 'repaired') : 'damaged'
  return [
    `${style('bold', shortPath(dir))}  ${state}`,
    ledger.damage === null
      ? `  ledger: intact, ${ledger.bytesCompared ? 'byte for byte as when it was last closed' : 'checked by its content, as it was not closed or has no checksum'}`
      : bad(`  ledger: ${visibleLine(ledger.damage)}`),
    ...(ledger.beside === null ? [] : [bad(`  ledger: ${ledger.beside}`)]),
    ...(ledger.damage === null ? [] : [bad(`  its copy: ${copyWords[ledger.copy]}`)]),
    ...(files === null
      ? []
      : [
          ...filesLines('part', files.parts, bad),
          ...filesLines('file of the dataset', files.dataset, bad),
          ...(files.media.files === 0 ? [] : filesLines('media file', files.media, bad)),
        ]),
    ...(seed === null ? [] : [bad(`  seed: ${visibleLine(seed)}`)]),
    ...(rows === null ? [] : [`  rows: ${rowsText({ rows, selection: null })}`]),
    ...(repaired === null ? [] : repairLines(repaired, bad)),
  ]
}

const copyWords: Readonly<Record<RunCheck['ledger']['copy'], string>> = {
  whole: 'intact, and as recent as the ledger',
  older: 'intact, but older than the ledger',
  damaged: 'damaged too',
  none: 'missing',
}

/** Damaged files that are named. */
const mostNamed = 20

function filesLines(
  what: string,
  { files, damaged }: CheckedFiles,
  bad: (text: string) => string,
): string[] {
  const whole = files - damaged.length
  const names = what.replace(/^(part|file|media file)/, '$1s')
  return [
    `  ${names}: ${grouped(whole)} of ${grouped(files)} intact`,
    ...damaged.slice(0, mostNamed).map(({ path, problem }) => bad(`    ${path}: ${problem}`)),
    ...(damaged.length > mostNamed
      ? [bad(`    … and ${counted(damaged.length - mostNamed, 'more file')}`)]
      : []),
  ]
}

function repairLines(
  { damagedLedger, rows, cells, lost }: NonNullable<RunCheck['repaired']>,
  bad: (text: string) => string,
): string[] {
  const paid = cells.map(({ column, cells: count }) => `${visibleLine(column)} ${grouped(count)}`)
  return [
    ...(damagedLedger === null
      ? []
      : [`  The ledger is restored from its copy; the damaged one is ${damagedLedger} now.`]),
    ...(rows === 0 ? [] : [`  ${counted(rows, 'row')} of damaged parts are planned again.`]),
    ...(paid.length === 0 ? [] : [`  Cells that are paid again, at most: ${paid.join(', ')}`]),
    ...lost.map(bad),
  ]
}

async function steps({ dir, ok, ledger, rows, repaired }: RunCheck): Promise<string[]> {
  if (!ok && repaired === null) {
    return [`To repair it: ${commandText(['check', shortPathWord(dir), '--repair'])}`]
  }
  if (repaired === null || ledger.copy === 'none') return []
  await using dataset = await open(dir)
  const { command, files } = await dataset.summary()
  if (command === null || ((rows?.remaining ?? 0) === 0 && files.length > 0)) return []
  return [`To continue: ${storedText(command)}`]
}
