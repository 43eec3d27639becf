import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock } from '../util/clock.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { eventLine, type ToldEvent } from './event-line.ts'
import { createLineQueue } from './line-queue.ts'

/** The events of a run as JSON Lines, behind those that are there. */
export interface EventFile extends AsyncDisposable {
  write(event: ToldEvent): void
}

export interface EventFileOptions {
  clock: Clock
  redact: (text: string) => string
  /** Called once when nothing more can be written. */
  failed: (message: string) => void
  /** Characters that wait for the disk; events beyond are counted and omitted. */
  maxWaiting?: number
}

const MAX_WAITING = 4 * 2 ** 20

/** Refuses a file that can't be written, before the run begins. */
export async function openEventFile(
  written: string,
  { clock, redact, failed, maxWaiting = MAX_WAITING }: EventFileOptions,
): Promise<EventFile> {
  if (written === '-') {
    throw new RowsmithError('usage', 'events are written to a file, and - names none', {
      hints: ['Name a file, such as events.jsonl; /dev/stderr is one, too.'],
    })
  }
  const path = resolve(written)
  const file = await open(path, 'a').catch((error: unknown) => {
    throw new RowsmithError('storage-failed', `opening the events file: ${messageOf(error)}`, {
      cause: error,
      hints: ['Name a file in a folder that is there and can be written to.'],
    })
  })

  function lineOf(fields: object): string {
    const time = new Date(clock.wallTime()).toISOString()
    return `${redact(JSON.stringify({ time, ...fields }, textOfBigint))}\n`
  }

  const queue = createLineQueue({
    maxWaiting,
    leftOut: (events) => lineOf({ type: 'events-left-out', events }),
    writeOut: (text) => file.appendFile(text),
    failed: (error) => failed(`${path}: ${messageOf(error)}`),
  })
  return {
    write(event) {
      const fields = eventLine(event)
      if (fields !== null) queue.add(() => lineOf(fields))
    },
    async [Symbol.asyncDispose]() {
      await queue.close()
      // All that can be written is; what closing says changes nothing.
      await file.close().catch(() => undefined)
    },
  }
}

/** Whole numbers beyond 2^53 as text: JSON readers would round them. */
function textOfBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
