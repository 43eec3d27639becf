/** Lines queued for a file that may be slower than their producer. */
export interface LineQueue {
  /** Takes a line, or counts it where too much waits. */
  add(line: () => string): void
  /** Resolves once all that was added is written; later lines are not taken. */
  close(): Promise<void>
}

export interface LineQueueOptions {
  /** Characters that wait; lines beyond are counted and omitted. */
  maxWaiting: number
  /** The line that says how many were omitted. */
  leftOut: (lines: number) => string
  writeOut: (text: string) => Promise<void>
  /** Takes no further lines: a file that can't be written must not end a run that can continue. */
  failed: (error: unknown) => void
}

/** Its memory is bounded even if the disk stalls. */
export function createLineQueue(options: LineQueueOptions): LineQueue {
  let waiting: string[] = []
  let waitingLength = 0
  let leftOut = 0
  let writing: Promise<void> | null = null
  let isOver = false

  function push(line: string): void {
    waiting.push(line)
    waitingLength += line.length
  }

  async function writeWaiting(): Promise<void> {
    try {
      while (waiting.length > 0) await options.writeOut(takeWaiting())
    } catch (error) {
      isOver = true
      waiting = []
      options.failed(error)
    } finally {
      writing = null
    }
  }

  function takeWaiting(): string {
    if (leftOut > 0) push(options.leftOut(leftOut))
    const text = waiting.join('')
    waiting = []
    waitingLength = 0
    leftOut = 0
    return text
  }

  return {
    add(line) {
      if (isOver) return
      if (waitingLength > options.maxWaiting) {
        leftOut += 1
        return
      }
      push(line())
      writing ??= writeWaiting()
    },
    async close() {
      isOver = true
      await writing
    },
  }
}
