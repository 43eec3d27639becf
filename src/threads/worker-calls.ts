import module from 'node:module'
import { dirname } from 'node:path'
import { parentPort, Worker } from 'node:worker_threads'
import { RowsmithError, messageOf } from '../util/errors.ts'
import { postError, receiveError, type PostedError } from './storage-error.ts'

/** The operations a worker offers, by name. */
type Operations<Calls> = Record<keyof Calls, (...parameters: never[]) => unknown>

/** The main thread's end: calls reach the worker in order and are answered in order. */
export interface WorkerClient<Calls extends Operations<Calls>> {
  call<Name extends keyof Calls>(
    name: Name,
    ...parameters: Parameters<Calls[Name]>
  ): Promise<Awaited<ReturnType<Calls[Name]>>>
  /** Ends the thread; calls that are still open reject. */
  end(): Promise<void>
  /** Leaves the thread to whoever starts the next one of its file; ends it while a call is open. */
  leave(): Promise<void>
}

interface Request {
  id: number
  name: string
  parameters: unknown[]
}

type Answer = { id: number; result: unknown } | { id: number; error: PostedError }

interface OpenCall {
  // The answer's type is the call's, known to the caller's signature only.
  resolve(result: never): void
  reject(reason: unknown): void
}

/**
 * V8 lets the young generation grow to 128 MB and more where much is made and little stays; a
 * thread that handles one part or batch after the other is as fast with this.
 */
const youngGenerationMb = 48

export interface WorkerOptions {
  /** Ends the thread wherever it is; open calls reject with its reason. */
  signal?: AbortSignal
  /** What calls reject with when the thread broke. */
  broken?: (error: unknown) => unknown
  /** Flags of Node for the thread. */
  flags?: readonly string[]
  /** Of its heap; as large as the program's by default. */
  heapMb?: number
}

/** Threads that no one needs now, one of each file. They end with the process. */
const spare = new Map<string, Worker>()

/** Starts to load a thread that a later `startWorker` of the same file takes over. */
export function startEarly(name: string, home: string): void {
  const file = fileOf(name, home)
  if (spare.has(file.href)) return
  keepSpare(file, createThread(file, { name, flags: [], heapMb: undefined }))
}

function keepSpare(file: URL, worker: Worker): void {
  // Not all of them: Node has its own on the same object, which start and stop the port.
  for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event)
  // What is wrong is reported by the thread that is started when it is needed.
  for (const event of ['error', 'exit']) worker.on(event, () => spare.delete(file.href))
  worker.unref()
  spare.set(file.href, worker)
}

function takeSpare(file: URL): Worker | null {
  const worker = spare.get(file.href) ?? null
  spare.delete(file.href)
  for (const event of ['error', 'exit']) worker?.removeAllListeners(event)
  return worker
}

function fileOf(name: string, home: string): URL {
  // tsc leaves the text of a URL alone: the published file ends in .js, the source in .ts.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./${name}.${extension}`, home)
}

function createThread(
  file: URL,
  { name, flags, heapMb }: { name: string; flags: readonly string[]; heapMb: number | undefined },
): Worker {
  const resourceLimits = {
    maxYoungGenerationSizeMb: youngGenerationMb,
    ...(heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb }),
  }
  // Flags of the program are not for a thread: `--input-type` of an --eval would break it.
  return new Worker(file, { name, execArgv: [...flags], resourceLimits, env: threadEnv() })
}

/**
 * Starts a worker thread from a file next to `home`, a module's URL; `name` is its file name
 * without extension.
 */
export function startWorker<Calls extends Operations<Calls>>(
  name: string,
  home: string,
  { signal, broken = (error) => brokenThread(name, error), flags = [], heapMb }: WorkerOptions = {},
): WorkerClient<Calls> {
  signal?.throwIfAborted()
  const file = fileOf(name, home)
  const worker = takeSpare(file) ?? createThread(file, { name, flags, heapMb })
  const open = new Map<number, OpenCall>()
  let nextId = 0
  let ending = false
  let ended: { reason: unknown } | null = null

  worker.on('message', (answer: Answer) => {
    const call = open.get(answer.id)
    if (call === undefined) return
    open.delete(answer.id)
    // An idle worker does not keep the process alive; a call does, and so does waiting for its end.
    if (open.size === 0 && !ending) worker.unref()
    if ('error' in answer) call.reject(receiveError(answer.error))
    else call.resolve(answer.result as never)
  })
  worker.on('error', (error) => fail(broken(error)))
  worker.on('exit', () => fail(new RowsmithError('internal', `the ${name} thread has ended`)))
  worker.unref()
  signal?.addEventListener('abort', stop)

  function fail(reason: unknown): void {
    ended ??= { reason }
    for (const call of open.values()) call.reject(ended.reason)
    open.clear()
  }

  function stop(): void {
    fail(signal?.reason)
    void worker.terminate()
  }

  function post(request: Request): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    worker.postMessage(request)
  }

  return {
    call(operation, ...parameters) {
      return new Promise((resolve, reject) => {
        if (ended !== null) {
          reject(ended.reason)
          return
        }
        const id = nextId
        nextId += 1
        post({ id, name: String(operation), parameters })
        if (open.size === 0) worker.ref()
        open.set(id, { resolve, reject })
      })
    },
    end,
    async leave() {
      if (open.size > 0 || ended !== null || spare.has(file.href)) {
        await end()
        return
      }
      signal?.removeEventListener('abort', stop)
      fail(new RowsmithError('internal', `the ${name} thread was left`))
      keepSpare(file, worker)
    },
  }

  async function end(): Promise<void> {
    ending = true
    signal?.removeEventListener('abort', stop)
    await worker.terminate()
  }
}

/** The environment of a thread: it shares the program's compile cache, which is a thread's own matter otherwise. */
function threadEnv(): NodeJS.ProcessEnv {
  const folder = module.getCompileCacheDir()
  // The variable names the folder of all versions; the one reported is this version's within it.
  return folder === undefined
    ? process.env
    : { ...process.env, NODE_COMPILE_CACHE: dirname(folder) }
}

function brokenThread(name: string, error: unknown): RowsmithError {
  return new RowsmithError('internal', `the ${name} thread broke: ${messageOf(error)}`, {
    cause: error,
  })
}

/** The worker's end: answers one call after another. */
export function serve<Calls extends Operations<Calls>>(
  calls: Calls,
  { errorOf = (thrown) => thrown }: { errorOf?: (thrown: unknown) => unknown } = {},
): void {
  const port = parentPort
  if (port === null) throw new RowsmithError('internal', 'a worker file was started as a program')
  const operations = new Map<string, (...parameters: never[]) => unknown>(Object.entries(calls))
  let last = Promise.resolve()

  async function work({ name, parameters }: Request): Promise<unknown> {
    const operation = operations.get(name)
    if (operation === undefined) throw new RowsmithError('internal', `no operation ${name}`)
    // The client's signature checked them against this very operation.
    return operation(...(parameters as never[]))
  }

  async function answer(request: Request): Promise<void> {
    const { id } = request
    let reply: Answer
    try {
      reply = { id, result: await work(request) }
    } catch (error) {
      reply = { id, error: postError(errorOf(error)) }
    }
    port?.postMessage(reply)
  }

  port.on('message', (request: Request) => {
    last = last.then(() => answer(request))
  })
}
