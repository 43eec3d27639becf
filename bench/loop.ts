import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { scriptedProvider } from '../src/testing/scripted.ts'
import { create } from '../src/run/run.ts'
import type { Figure } from './harness.ts'

// How long the event loop is held while parts with long texts are read back, assembled and written.
// The first part is warm-up: code is compiled and the heap grows in it. On a busy machine a thread
// also waits for a core: a thread that does nothing shows how long, and the processor time of the
// longest turn is free of it.

const rows = 25_000
const bufferSize = 1_000
const textBytes = 2_048
/** Answers come from outside, as those of a server do. */
const delayMs = 5
/** The least of them counts: what else the machine does only ever adds. */
const rounds = 3

interface Round {
  longestMs: number
  /** Processor time of this thread, garbage collection on it included. */
  longestTurnMs: number
  idleThreadMs: number
  p99Ms: number
  parts: number
}

export async function run(): Promise<readonly Figure[]> {
  const measured: Round[] = []
  for (let round = 0; round < rounds; round += 1) measured.push(await measure())
  const best = measured.reduce((one, other) => (other.longestMs < one.longestMs ? other : one))
  return [
    {
      name: `longest delay of the event loop, groups of ${bufferSize} rows, texts of 2 KB`,
      value: best.longestMs,
      unit: 'ms',
      // Where a thread that does nothing waits longer, the figure is the machine's.
      ...(best.idleThreadMs < 5 ? { limit: 10 } : {}),
      note: `${best.parts} parts; in rounds of ${measured.map(({ longestMs }) => short(longestMs)).join(', ')} ms`,
    },
    {
      name: 'the same, of a thread beside it that does nothing',
      value: best.idleThreadMs,
      unit: 'ms',
    },
    { name: 'the same, 99 of 100 delays', value: best.p99Ms, unit: 'ms' },
    {
      name: 'processor time of the longest turn of the event loop',
      value: Math.min(...measured.map(({ longestTurnMs }) => longestTurnMs)),
      unit: 'ms',
      limit: 10,
    },
  ]
}

async function measure(): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  // Its timer is due every millisecond; what comes later than that is delay.
  const delays = monitorEventLoopDelay({ resolution: 1 })
  let parts = 0
  let turns: Turns | null = null
  const idle = startIdleThread()
  try {
    const { rows: counts } = await create({
      config: { config },
      rows,
      seed: 1n,
      out: join(folder, 'run'),
      runConfig: { buffer_size: bufferSize },
      plugins: [
        {
          name: 'test',
          providers: [scriptedProvider(({ number }) => answer(number), { delayMs })],
        },
      ],
      onEvent({ type }) {
        if (type === 'join-started') {
          delays.disable()
          turns?.stop()
        }
        if (type !== 'part-committed') return
        parts += 1
        if (parts > 1) return
        delays.enable()
        turns = watchTurns()
        tell(idle, 'begin')
      },
    })
    if (counts.accepted !== rows) throw new Error(`rows: ${JSON.stringify(counts)}`)
    tell(idle, 'end')
    const [idleThreadMs] = (await once(idle, 'message')) as [number]
    return {
      longestMs: delays.max / 1e6,
      longestTurnMs: turns === null ? NaN : (turns as Turns).longestMs,
      idleThreadMs,
      p99Ms: delays.percentile(99) / 1e6,
      parts: parts - 1,
    }
  } finally {
    delays.disable()
    await idle.terminate()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Turns {
  readonly longestMs: number
  stop(): void
}

/** Processor time of this thread from one turn of the event loop to the next. */
function watchTurns(): Turns {
  let longest = 0
  let watching = true
  let last = process.threadCpuUsage()
  function look(): void {
    const { user, system } = process.threadCpuUsage(last)
    longest = Math.max(longest, user + system)
    last = process.threadCpuUsage()
    if (watching) setImmediate(look)
  }
  setImmediate(look)
  return {
    get longestMs() {
      return longest / 1_000
    },
    stop() {
      watching = false
    },
  }
}

function tell(thread: Worker, word: string): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  thread.postMessage(word)
}

/** Answers with its longest delay between `begin` and `end`. */
function startIdleThread(): Worker {
  return new Worker(
    `const { monitorEventLoopDelay } = require('node:perf_hooks')
     const { parentPort } = require('node:worker_threads')
     const delays = monitorEventLoopDelay({ resolution: 1 })
     parentPort.on('message', (word) => {
       if (word === 'begin') delays.enable()
       else parentPort.postMessage(delays.max / 1e6)
     })`,
    { eval: true, execArgv: [] },
  )
}

const filler = 'Once upon a time a small fox found a lantern in the snow. '.repeat(40)

function answer(number: number): string {
  return `Story ${number}. ${filler}`.slice(0, textBytes)
}

const config = {
  model_providers: [{ name: 'bench', provider_type: 'scripted', endpoint: 'http://127.0.0.1' }],
  model_configs: [
    {
      alias: 'writer',
      model: 'test',
      provider: 'bench',
      skip_health_check: true,
      inference_parameters: { max_parallel_requests: 64 },
    },
  ],
  columns: [
    { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
    { name: 'story', column_type: 'llm-text', model_alias: 'writer', prompt: 'Write {{ id }}' },
    { name: 'line', column_type: 'expression', expr: '{{ story[:60] }}' },
  ],
}

function short(ms: number): string {
  return ms.toFixed(1)
}
