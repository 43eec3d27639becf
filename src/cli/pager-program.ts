import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { failedWith } from '../threads/system-error.ts'

export interface PagerProgramOptions {
  /** As in `$PAGER`: a program with its parameters, for a shell. */
  command: string
  /** What `less` searches from the start, so that its `n` and `N` go from one such line to another. */
  landmark: string
  environment?: NodeJS.ProcessEnv
}

/** What a shell answers when there is no such program, or it may not be started. */
const notStarted: ReadonlySet<number | null> = new Set([126, 127])

/**
 * Shows a text through a program of the user's, until it ends; answers false where it can't be
 * started. One that ends before it has read everything has shown what was wanted.
 */
export async function throughProgram(
  text: string,
  { command, landmark, environment = process.env }: PagerProgramOptions,
): Promise<boolean> {
  // Ctrl-C is a key of the pager, and reaches all programs on the terminal.
  const ignore = (): void => undefined
  process.on('SIGINT', ignore)
  try {
    const child = spawn(command, {
      shell: true,
      stdio: ['pipe', 'inherit', 'inherit'],
      // Colours, and nothing to leave where all of it fits the screen; what the user says goes first.
      env: { LESS: `FRXG+/${landmark}`, LESSCHARSET: 'utf-8', LV: '-c', ...environment },
    })
    const closed = once(child, 'close')
    child.stdin.on('error', (error) => {
      if (!failedWith(error, 'EPIPE', 'ECONNRESET')) child.emit('error', error)
    })
    child.stdin.end(text)
    await closed
    return !notStarted.has(child.exitCode)
  } finally {
    process.off('SIGINT', ignore)
  }
}
