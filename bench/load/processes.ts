import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ServerMeasure } from './server.ts'

/** A model server that runs in addition to what is measured. */
export interface LoadServer extends AsyncDisposable {
  readonly url: string
  /** What it saw since the last call. */
  take(): Promise<ServerMeasure>
}

export async function startServer(latencyMs: number): Promise<LoadServer> {
  const child = forkFile('server.ts', [String(latencyMs)])
  const url = (await messageOf(child, 'server.ts')) as string
  return {
    url,
    async take() {
      const answer = messageOf(child, 'server.ts')
      child.send('take')
      return (await answer) as ServerMeasure
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** What a client measured of its own process. */
export interface ClientMeasure {
  /** From the first call to the end of all work, files included. */
  seconds: number
  /** Of the thread that calls. */
  mainCpuSeconds: number
  /** Of the whole process. */
  cpuSeconds: number
  /** Most resident memory it ever had. */
  peakBytes: number
  /** Microseconds of self time by subject, when it was profiled. */
  profile?: Record<string, number>
}

/** Runs a client to its end in a separate process. */
export async function runClient(file: string, task: object): Promise<ClientMeasure> {
  const child = forkFile(file, [JSON.stringify(task)])
  const ended = once(child, 'exit')
  const measure = (await messageOf(child, file)) as ClientMeasure
  await ended
  return measure
}

function forkFile(file: string, args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  // A proxy of this machine has no part in what is measured.
  const { http_proxy: _1, https_proxy: _2, HTTP_PROXY: _3, HTTPS_PROXY: _4, ...env } = process.env
  return fork(path, args, { execArgv: [], env })
}

/** The next message; rejects when the process ends before it says anything. */
function messageOf(child: ChildProcess, file: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    function heard(message: unknown): void {
      child.off('exit', gone)
      resolve(message)
    }
    function gone(code: number | null, signal: string | null): void {
      child.off('message', heard)
      reject(new Error(`${file} ended with ${signal ?? code} before it answered`))
    }
    child.once('message', heard)
    child.once('exit', gone)
  })
}
