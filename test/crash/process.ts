import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Session } from './child.ts'

/** How a process ended, with all it said. */
interface Ended {
  /** The exit code, or the signal that ended it. */
  by: number | NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
}

export function startSession(session: Session): Running {
  return startNode(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(session)])
}

export function startCli(parameters: readonly string[]): Running {
  return startNode(fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)), parameters)
}

function startNode(program: string, parameters: readonly string[]): Running {
  const child = spawn(process.execPath, [program, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = waitFor(child)
  // A test that fails half-way must not leave its process at work.
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { process: child, ended }
}

async function waitFor(child: ChildProcess): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  await once(child, 'close')
  const { exitCode: code, signalCode: signal } = child
  return { by: signal ?? code, stdout, stderr }
}
