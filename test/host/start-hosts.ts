import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { bundle } from '../../build/bundle.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The port at which programs are run: host/run-in-host.ts. */
    hostPort: number
  }
}

/**
 * Builds the command that tests start, which is the published one, and has it run by processes that
 * stay: starting Node and loading the command takes a second, most commands take a tenth of it.
 */
export default async function startHosts({ provide }: TestProject): Promise<() => Promise<void>> {
  await bundle()
  const all = new Set<ChildProcess>()
  const idle: ChildProcess[] = []

  function startHost(): ChildProcess {
    const host = fork(fileURLToPath(new URL('host.ts', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    all.add(host)
    host.on('message', () => idle.push(host))
    host.once('exit', () => {
      all.delete(host)
      if (idle.includes(host)) idle.splice(idle.indexOf(host), 1)
    })
    return host
  }

  // A host runs one program at a time: there are as many as programs that run at once.
  const server = createServer({ pauseOnConnect: true }, (socket: Socket) => {
    const host = idle.pop() ?? startHost()
    host.send('run', socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`no port: ${address}`)
  provide('hostPort', address.port)

  return async () => {
    server.close()
    const ended = [...all].map((host) => once(host, 'exit'))
    for (const host of all) host.disconnect()
    await Promise.all(ended)
  }
}
