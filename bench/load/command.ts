import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Only pure columns: 6 samplers and 4 expressions. */
export const pureConfig = fileURLToPath(new URL('pure.yaml', import.meta.url))

/** The command line at work, in a separate process. */
export interface Command extends AsyncDisposable {
  /** `performance.now()` of its start. */
  readonly started: number
  readonly running: boolean
  /** Resident memory of the whole process now; 0 once it has ended. */
  residentBytes(): number
  /** Resolves with the time since its start once a text was printed; rejects if it never is. */
  printed(text: string): Promise<number>
  interrupt(): void
  readonly ended: Promise<{ code: number | null; seconds: number; output: string }>
}

export function startCommand(parameters: readonly string[]): Command {
  const started = performance.now()
  const child = spawn(process.execPath, [program, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${process.execPath} could not be started`)
  const seconds = (): number => (performance.now() - started) / 1_000
  let output = ''
  let running = true
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const ended = once(child, 'close').then(() => {
    running = false
    return { code: child.exitCode, seconds: seconds(), output }
  })
  return {
    started,
    get running() {
      return running
    },
    residentBytes() {
      if (!running) return 0
      try {
        const text = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
        return Number(text) * 1_024
      } catch (error) {
        // It ended between two looks.
        if (child.exitCode !== null) return 0
        throw error
      }
    },
    async printed(text) {
      while (!output.includes(text)) {
        if (!running) throw new Error(`the command ended without printing ${text}: ${output}`)
        await wait(5)
      }
      return seconds()
    },
    interrupt: () => child.kill('SIGINT'),
    ended,
    async [Symbol.asyncDispose]() {
      if (running) child.kill('SIGKILL')
      await ended
    },
  }
}

/** The greatest resident memory seen until a command ends. */
export async function peakResidentBytes(command: Command): Promise<number> {
  let peak = 0
  while (command.running) {
    peak = Math.max(peak, command.residentBytes())
    await wait(250)
  }
  return peak
}
