import { type FileHandle, open, rename } from 'node:fs/promises'
import type { Clock } from '../util/clock.ts'
import { visible } from '../util/visible.ts'

/** One line per thing worth knowing afterwards, in the run folder. Holds no secrets. */
export interface RunLog {
  readonly write: (message: string) => void
  readonly close: () => Promise<void>
}

export interface LogOptions {
  clock: Clock
  redact: (text: string) => string
  /** From here on the file becomes the old one, in place of the old one there was. */
  maxBytes?: number
  /** Text that waits for the disk; lines beyond it are counted and left out. */
  maxWaiting?: number
}

export const logName = 'rowsmith.log'
/** What is added to the name of a log that became too large. */
export const oldLogSuffix = '.1'

const MAX_BYTES = 16 * 2 ** 20
const MAX_WAITING = 2 ** 20

/**
 * Bounded on the disk and in memory: a run of months, or one that fails in every cell, fills
 * neither.
 */
export function openLog(path: string, options: LogOptions): RunLog {
  const { clock, redact, maxBytes = MAX_BYTES, maxWaiting = MAX_WAITING } = options
  let waiting: string[] = []
  let waitingLength = 0
  let leftOut = 0
  let writing: Promise<void> | null = null
  let file: { handle: FileHandle; bytes: number } | null = null
  // A log that can't be written must not end a run that can go on; the ledger is what counts.
  let broken = false
  let closed = false

  function lineOf(message: string): string {
    // It holds words of servers, and people follow it with `tail -f`.
    const line = visible(redact(message)).replaceAll('\n', '\n  ')
    return `${new Date(clock.wallTime()).toISOString()} ${line}\n`
  }

  function write(message: string): void {
    if (broken || closed) return
    if (waitingLength > maxWaiting) {
      leftOut += 1
      return
    }
    add(lineOf(message))
    writing ??= writeWaiting()
  }

  function add(line: string): void {
    waiting.push(line)
    waitingLength += line.length
  }

  async function writeWaiting(): Promise<void> {
    try {
      while (waiting.length > 0) await writeOut(takeWaiting())
    } catch {
      broken = true
      waiting = []
    } finally {
      writing = null
    }
  }

  function takeWaiting(): string {
    if (leftOut > 0) add(lineOf(`${leftOut} lines left out: the disk did not keep up`))
    const text = waiting.join('')
    waiting = []
    waitingLength = 0
    leftOut = 0
    return text
  }

  async function writeOut(text: string): Promise<void> {
    file ??= await openFile()
    if (file.bytes >= maxBytes) {
      await file.handle.close()
      file = null
      await rename(path, path + oldLogSuffix)
      file = await openFile()
    }
    const bytes = Buffer.from(text)
    await file.handle.appendFile(bytes)
    file.bytes += bytes.length
  }

  async function openFile(): Promise<{ handle: FileHandle; bytes: number }> {
    const handle = await open(path, 'a')
    return { handle, bytes: (await handle.stat()).size }
  }

  return {
    write,
    async close() {
      closed = true
      await writing
      // Nothing more is expected of it, whatever closing says.
      await file?.handle.close().catch(() => undefined)
      file = null
    },
  }
}
