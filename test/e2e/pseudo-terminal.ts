import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { baseEnvironment, program, type Desk } from './command.ts'

/** util-linux's `script` gives a command a terminal; that of BSD takes other parameters. */
export const hasTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

export const noTerminal = 'the command `script` of util-linux is not here'

export interface TerminalOptions {
  columns: number
  rows?: number
  environment?: Record<string, string>
}

interface Shown {
  code: number | null
  /** Everything written to the terminal. */
  terminal: string
  stdout: string
}

/** Runs a command whose stderr is a terminal and whose stdout is a file. */
export async function runOnTerminal(
  desk: Desk,
  parameters: readonly string[],
  options: TerminalOptions,
): Promise<Shown> {
  const { child, shown } = onTerminal(desk, parameters, { ...options, after: '> stdout.txt' })
  child.stdin?.end()
  await once(child, 'close')
  return { code: child.exitCode, terminal: shown(), stdout: await desk.read('stdout.txt') }
}

/** A command at a terminal, and the person before it. */
export interface AtTerminal {
  readonly child: ChildProcess
  /** Everything written to the terminal so far. */
  shown(): string
  press(keys: string): void
  /** Like `press`, without forgetting what was shown before. */
  type(keys: string): void
  /** Resolves once the terminal has shown the text since the last `press`; rejects at the end. */
  sees(text: string): Promise<void>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** Starts a command whose stdin, stdout and stderr are one terminal. */
export function startOnTerminal(
  desk: Desk,
  parameters: readonly string[],
  options: TerminalOptions,
): AtTerminal {
  const { child, shown, onText } = onTerminal(desk, parameters, { ...options, after: '' })
  let from = 0
  const ended = once(child, 'close').then(() => child.exitCode)
  return {
    child,
    shown,
    ended,
    press(keys) {
      from = shown().length
      child.stdin?.write(keys)
    },
    type: (keys) => void child.stdin?.write(keys),
    sees(text) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (shown().slice(from).includes(text)) resolve()
        }
        onText(look)
        look()
        ended.then(
          (code) => reject(new Error(`ended with ${code} without showing "${text}":\n${shown()}`)),
          reject,
        )
      })
    },
  }
}

const atWork = new Set<ChildProcess>()

/**
 * Ends the commands that a test leaves when it fails or takes too long; for `afterEach`. Without its terminal
 * everything in it, such as a pager, is hung up.
 */
export function endTerminals(): void {
  for (const child of atWork) child.kill('SIGKILL')
}

function onTerminal(
  desk: Desk,
  parameters: readonly string[],
  { columns, rows = 30, environment = {}, after }: TerminalOptions & { after: string },
): { child: ChildProcess; shown: () => string; onText: (look: () => void) => void } {
  const words = [process.execPath, program, ...parameters].map((word) => `'${word}'`)
  const command = `stty cols ${columns} rows ${rows}; ${words.join(' ')} ${after}`
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: desk.directory,
    env: { ...baseEnvironment(desk.directory), TERM: 'xterm', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  atWork.add(child)
  child.once('close', () => atWork.delete(child))
  let text = ''
  const looks: (() => void)[] = []
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    for (const look of looks) look()
  })
  return { child, shown: () => text, onText: (look) => void looks.push(look) }
}
