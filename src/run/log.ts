import { type FileHandle, open, rename } from 'node:fs/promises'
import type { Clock } from '../util/clock.ts'
import { visible } from '../util/visible.ts'
import { createLineQueue } from './line-queue.ts'

/** The log in the run folder, a line per event. It contains no secrets. */
export interface RunLog {
  readonly write: (message: string) => void
  readonly close: () => Promise<void>
}

export interface LogOptions {
  clock: Clock
  redact: (text: string) => string
  /** Size at which the file is renamed to the old log, which it replaces. */
  maxBytes?: number
  /** Text that waits for the disk; lines beyond it are counted and omitted. */
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
  let file: { handle: FileHandle; bytes: number } | null = null

  function lineOf(message: string): string {
    // It holds words of servers, and people follow it with `tail -f`.
    const line = visible(redact(message)).replaceAll('\n', '\n  ')
    return `${new Date(clock.wallTime()).toISOString()} ${line}\n`
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

  const queue = createLineQueue({
    maxWaiting,
    leftOut: (lines) => lineOf(`${lines} lines omitted: the disk was too slow`),
    writeOut,
    // The log may be lost; the ledger may not.
    failed: () => undefined,
  })

  return {
    write: (message) => queue.add(() => lineOf(message)),
    async close() {
      await queue.close()
      // Nothing more is expected of it, whatever closing says.
      await file?.handle.close().catch(() => undefined)
      file = null
    },
  }
}
