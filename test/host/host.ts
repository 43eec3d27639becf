import { Console } from 'node:console'
import { registerHooks } from 'node:module'
import type { Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { readRequest, type Request, writeCode, writePiece } from './message.ts'

/*
 * A process that runs one program after the other, each as if it had the process for itself: with its
 * folder, variables, streams and exit code. A program has ended when it keeps nothing open any more.
 */

/** The longest that something may stay open behind the end of a program's module. */
const longestEndMs = 60_000

let programs = 0
/** The folder of the program at work; its modules are loaded anew for each program. */
let folder: string | null = null

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const isOwn = folder !== null && resolved.url.startsWith(folder) && !resolved.url.includes('?')
    if (!isOwn || !context.conditions.includes('import')) return resolved
    return { ...resolved, url: anew(resolved.url) }
  },
})

function anew(url: string): string {
  return `${url}?program=${programs}`
}

async function serve(socket: Socket): Promise<void> {
  const leave = (): never => process.exit(1)
  // No one waits for the program any more.
  socket.once('close', leave)
  const request = await readRequest(socket)
  // Only what is read is known to be closed.
  socket.resume()
  programs += 1
  enter(request, socket)
  // What is thrown outside of every promise ends a process.
  const broken = Promise.withResolvers<never>()
  process.once('uncaughtException', broken.reject)
  let isSound = true
  const code = await Promise.race([run(request), broken.promise]).catch((error: unknown) => {
    process.stderr.write(`${inspect(error)}\n`)
    isSound = false
    return 1
  })
  process.off('uncaughtException', broken.reject)
  socket.off('close', leave)
  socket.end(writeCode(code))
  await finished(socket, { readable: false })
  if (!isSound) leave()
  folder = null
  process.chdir('/')
  process.send?.('idle')
}

/** Gives the process the folder, variables, parameters and streams of a program. */
function enter({ directory, input, parameters, environment }: Request, socket: Socket): void {
  folder = pathToFileURL(`${directory}/`).href
  process.chdir(directory)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, environment)
  process.argv = [process.execPath, ...parameters]
  process.exitCode = undefined
  const streams = {
    stdin: Readable.from(input.length === 0 ? [] : [input]),
    stdout: streamInto(socket, 1),
    stderr: streamInto(socket, 2),
  }
  for (const [name, value] of Object.entries(streams)) {
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true })
  }
  globalThis.console = new Console(streams)
}

function streamInto(socket: Socket, stream: 1 | 2): Writable {
  return new Writable({
    decodeStrings: true,
    write(piece: Buffer, _, done) {
      // Not when it has left: a piece that waits would be overtaken by those of the other stream.
      socket.write(writePiece(stream, piece))
      done()
    },
  })
}

/** Runs a program to its end; answers the exit code. */
async function run({ parameters: [module = ''] }: Request): Promise<number> {
  const before = process.getActiveResourcesInfo()
  const own = process.listeners('exit')
  await import(anew(pathToFileURL(module).href))
  await allClosed(before)
  for (const listener of process.listeners('exit')) {
    if (!own.includes(listener)) listener(Number(process.exitCode ?? 0))
  }
  return Number(process.exitCode ?? 0)
}

/** Waits until nothing keeps the process alive that did not before. */
async function allClosed(before: readonly string[]): Promise<void> {
  const until = performance.now() + longestEndMs
  for (;;) {
    await setImmediate()
    const open = withoutThose(process.getActiveResourcesInfo(), before)
    if (open.length === 0) return
    if (performance.now() > until) throw new Error(`the program keeps open: ${open.join(', ')}`)
    await setTimeout(2)
  }
}

function withoutThose(all: readonly string[], those: readonly string[]): string[] {
  const left = [...all]
  for (const one of those) {
    const at = left.indexOf(one)
    if (at >= 0) left.splice(at, 1)
  }
  return left
}

process.setMaxListeners(0)
process.on('message', (_, socket) => void serve(socket as Socket))
process.once('disconnect', () => process.exit())
