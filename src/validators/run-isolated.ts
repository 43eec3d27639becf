import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../util/clock.ts'
import { giveFilter, isolatedCommand, type IsolationWay, systemPath } from './isolation.ts'
import { memoryBelow } from './process-memory.ts'

export interface IsolatedProgram {
  readonly way: IsolationWay
  readonly words: readonly string[]
  /** Paths it needs in addition to those of the system. */
  readonly keep: readonly string[]
  readonly input: string
  readonly seconds: number
  /** Of all of its processes together. */
  readonly memoryBytes: number
  /** In addition to that, what its runtime maps without using it. */
  readonly spareBytes: number
  readonly processes: number
}

export interface IsolatedEnd {
  readonly ended: 'itself' | 'time' | 'memory' | 'output'
  readonly code: number | null
  /** What killed it, where it did not end by itself. */
  readonly killedBy: string | null
  readonly output: string
  readonly errors: string
  /** What it wrote to its third stream, apart from what it prints. */
  readonly told: string
}

/** Characters kept of a stream. */
const mostOutput = 16_384
/** MiB of text that it may write to all of its streams together. */
export const mostPrinted = 32
/** How often its memory is looked at. */
const watchMs = 25
const scratchBytes = 64 * 1024 * 1024

let slots = 0

export interface RunIsolatedOptions {
  readonly clock?: Clock
  /** Where bubblewrap is; found by its name otherwise. */
  readonly bubblewrap?: string
}

/** Runs a program in namespaces of its own, until it ends, takes too long or too much, or is given up. */
export async function runIsolated(
  program: IsolatedProgram,
  signal: AbortSignal,
  { clock = systemClock, ...where }: RunIsolatedOptions = {},
): Promise<IsolatedEnd> {
  signal.throwIfAborted()
  const mountPoint = await mkdtemp(join(tmpdir(), 'rowsmith-isolated-'))
  slots = (slots + 1) % 60
  const { seconds, processes, memoryBytes, spareBytes } = program
  const { words, filter } = isolatedCommand(program.way, program.words, {
    keep: program.keep,
    mountPoint,
    slot: slots,
    limits: { seconds, processes, scratchBytes, dataBytes: memoryBytes + spareBytes },
    ...where,
  })
  const [command = '', ...parameters] = words
  try {
    const own = ['pipe', 'pipe', 'pipe', 'pipe', filter === null ? 'ignore' : 'pipe'] as const
    const inherited = Math.max(0, (await lastInherited()) + 1 - own.length)
    const child = spawn(command, parameters, {
      cwd: '/',
      env: { PATH: systemPath },
      stdio: [...own, ...Array.from({ length: inherited }, () => 'ignore' as const)],
      // A group of its own, which is ended as a whole.
      detached: true,
    })
    giveFilter(child, filter)
    return await follow(child, program, { signal, clock })
  } finally {
    // The mount was never seen here: the folder is empty.
    await rmdir(mountPoint)
  }
}

/**
 * The last of the files of this process that a child would have open, too: whoever started it may have
 * left some, and with a folder among them a snippet could walk out of its own root.
 */
async function lastInherited(): Promise<number> {
  let last = -1
  for (const name of await readdir('/proc/self/fdinfo')) {
    // The file that lists them is closed again.
    const info = await readFile(`/proc/self/fdinfo/${name}`, 'latin1').catch(() => '')
    const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '', 8)
    if (!Number.isNaN(flags) && (flags & closedOnExec) === 0) last = Math.max(last, Number(name))
  }
  return last
}

const closedOnExec = 0o2_000_000

async function follow(
  child: ChildProcess,
  { input, seconds, memoryBytes }: IsolatedProgram,
  { signal, clock }: { signal: AbortSignal; clock: Clock },
): Promise<IsolatedEnd> {
  let ended: IsolatedEnd['ended'] = 'itself'
  const state = { isOver: false }
  let printed = 0
  const outputs = [child.stdout, child.stderr, child.stdio[3] as Readable]
  const streams = outputs.map((stream) => textOf(stream, countPrinted))
  const kill = (why: IsolatedEnd['ended']): void => {
    if (state.isOver) return
    ended = why
    endGroup(child)
  }
  function countPrinted(characters: number): void {
    printed += characters
    if (printed > mostPrinted * 1024 * 1024) kill('output')
  }
  const giveUp = (): void => kill('itself')
  signal.addEventListener('abort', giveUp, { once: true })
  const timer = clock.after(seconds * 1000, () => kill('time'))
  async function watch(): Promise<void> {
    while (!state.isOver) {
      if ((await memoryBelow(child.pid ?? -1)) > memoryBytes) kill('memory')
      await new Promise<void>((resolve) => clock.after(watchMs, resolve))
    }
  }
  const watching = watch()
  // A program that does not read its input is no failure.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  const { promise, resolve, reject } = Promise.withResolvers<[number | null, string | null]>()
  child.once('error', reject)
  child.once('close', (code, killedBy) => resolve([code, killedBy]))
  try {
    const [code, killedBy] = await promise
    signal.throwIfAborted()
    const [output = '', errors = '', told = ''] = streams.map((read) => read())
    return { ended, code, killedBy, output, errors, told }
  } finally {
    state.isOver = true
    timer.cancel()
    signal.removeEventListener('abort', giveUp)
    await watching
  }
}

function textOf(stream: Readable | null, onRead: (characters: number) => void): () => string {
  let text = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (chunk: string) => {
    onRead(chunk.length)
    if (text.length < mostOutput) text = (text + chunk).slice(0, mostOutput)
  })
  return () => text
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
