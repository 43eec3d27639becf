import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInHost } from '../host/run-in-host.ts'

/** The command line as it is published; the tests build it. */
export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** How a command ended, with all it said. */
export interface Ended {
  /** The exit code, or the signal that ended it. */
  code: number | NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A command at work. */
interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves once stderr has held the text; rejects when the command ends without it. */
  said(text: string): Promise<void>
}

/** An empty folder a user works in: commands run there, and see nothing of our environment. */
export interface Desk extends AsyncDisposable {
  readonly directory: string
  /** An absolute path in the folder. */
  path(...names: string[]): string
  write(name: string, content: string | object): Promise<string>
  read(name: string): Promise<string>
  /** A command in a separate process: where its end, its signals or its streams are the subject. */
  start(parameters: readonly string[], environment?: Record<string, string>): Started
  /** A command to its end, in a process that runs others before and after it, which is much faster. */
  run(parameters: readonly string[], environment?: Record<string, string>): Promise<Ended>
  /** A text without what differs from one run of the test to the next. */
  plain(text: string): string
}

export async function createDesk(): Promise<Desk> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'rowsmith-e2e-')))
  const working = new Set<ChildProcess>()
  const leaving = new AbortController()

  function start(parameters: readonly string[], environment: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, [program, ...parameters], {
      cwd: directory,
      env: { ...baseEnvironment(directory), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    working.add(child)
    child.once('close', () => working.delete(child))
    return follow(child)
  }

  return {
    directory,
    path: (...names) => join(directory, ...names),
    async write(name, content) {
      const path = join(directory, name)
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
      return path
    },
    read: (name) => readFile(join(directory, name), 'utf8'),
    start,
    async run(parameters, environment = {}) {
      if (Object.keys(environment).some(isReadAtStart)) return start(parameters, environment).ended
      const request = {
        directory,
        parameters: [program, ...parameters],
        environment: { ...baseEnvironment(directory), ...environment },
      }
      try {
        const { code, stdout, stderr } = await runInHost(request, { signal: leaving.signal })
        return { code, stdout, stderr }
      } catch (error) {
        if (!leaving.signal.aborted) throw error
        return { code: 'SIGKILL', stdout: '', stderr: '' }
      }
    },
    plain: (text) => plainText(text.replaceAll(directory, '<desk>')),
    async [Symbol.asyncDispose]() {
      leaving.abort()
      for (const child of working) child.kill('SIGKILL')
      await Promise.all([...working].map((child) => once(child, 'close')))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Whether Node reads a variable when it starts, and never again. */
function isReadAtStart(name: string): boolean {
  return name.startsWith('NODE_')
}

/** What every command gets; the temporary folder is the desk's, so that leftovers are seen. */
export function baseEnvironment(directory: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    TMPDIR: directory,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
  }
}

/** Collects what a process says until it ends. */
function follow(child: ChildProcess): Started {
  const said = { stdout: '', stderr: '' }
  const ended = once(child, 'close').then(() => ({
    code: child.signalCode ?? child.exitCode,
    ...said,
  }))
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text))
  }
  return {
    child,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!said.stderr.includes(text)) return
          child.stderr?.off('data', look)
          resolve()
        }
        child.stderr?.on('data', look)
        look()
        ended.then(
          ({ code }) =>
            reject(new Error(`ended with ${code} without saying "${text}":\n${said.stderr}`)),
          reject,
        )
      }),
  }
}

function plainText(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replaceAll(/\b\d+(\.\d+)? s\b(?!\w)/g, '<time>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>')
}

/** The one object a command printed with `--json`; tells what it said when it is not one. */
export function jsonOf({ code, stdout, stderr }: Ended): Record<string, unknown> {
  const lines = stdout.split('\n')
  if (lines.length !== 2 || lines[1] !== '') {
    throw new Error(`expected one line of JSON (exit ${code}), got:\n${stdout}\n${stderr}`)
  }
  // The callers compare the whole of it.
  return JSON.parse(lines[0] as string) as Record<string, unknown>
}

/** A port no one listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error(`no port: ${address}`)
  return address.port
}
