import { giveUpBatches } from '../run/give-up-batches.ts'
import { open } from '../run/open-dataset.ts'
import { counted, grouped } from '../util/format.ts'
import { jsonLine, visibleLine } from '../util/visible.ts'
import { storedBatchText } from './batch-lines.ts'
import { commandText, storedText } from './command-line.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shortPath, shortPathWord } from './report-run.ts'
import { createScreen } from './terminal.ts'

export interface BatchesOptions {
  giveUp?: readonly string[]
  json?: true
}

/** Lists the batches that a run waits for, and forgets those of `--give-up`. */
export async function runBatches(directory: string, options: BatchesOptions): Promise<ExitCode> {
  const { giveUp = [], json = false } = options
  const givenUp = giveUp.length === 0 ? [] : await giveUpBatches(directory, giveUp)
  await using dataset = await open(directory)
  const { dir, batches, command } = await dataset.summary()
  if (json) {
    process.stdout.write(jsonLine({ dir, batches, givenUp }))
    return exitCodes.ok
  }
  const screen = createScreen(process.stdout)
  for (const { route, batch, requests } of givenUp) {
    screen.print(
      `${visibleLine(route)}: batch ${visibleLine(batch)} given up; its ${counted(requests, 'request')} are sent again when the run goes on.`,
    )
  }
  if (batches.length === 0) {
    screen.print(`${shortPath(dir)} waits for no batch.`)
    return exitCodes.ok
  }
  const now = Date.now()
  const waits = batches.length === 1 ? 'a batch' : `${grouped(batches.length)} batches`
  screen.print(
    [
      `${shortPath(dir)} waits for ${waits}:`,
      ...batches.map((batch) => `  ${storedBatchText(batch, now)}`),
      ...(command === null
        ? []
        : [
            `To collect what is answered: ${storedText(command)}`,
            `To cancel: ${storedText(command, ['--cancel-batches'])}`,
          ]),
      `To give up one that is gone: ${commandText(['batches', shortPathWord(dir), '--give-up', 'BATCH'])}`,
    ].join('\n'),
  )
  return exitCodes.ok
}
