import { createWriteStream } from 'node:fs'
import type { Clock } from '../util/clock.ts'
import { visible } from '../util/visible.ts'

/** One line per thing worth knowing afterwards, in the run folder. Holds no secrets. */
export interface RunLog {
  readonly write: (message: string) => void
  readonly close: () => Promise<void>
}

export const logName = 'rowsmith.log'

export function openLog(path: string, clock: Clock, redact: (text: string) => string): RunLog {
  const stream = createWriteStream(path, { flags: 'a' })
  // A log that can't be written must not end a run that can go on; the ledger is what counts.
  stream.on('error', () => undefined)
  return {
    write(message) {
      // It holds words of servers, and people follow it with `tail -f`.
      const line = visible(redact(message)).replaceAll('\n', '\n  ')
      stream.write(`${new Date(clock.wallTime()).toISOString()} ${line}\n`)
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  }
}
