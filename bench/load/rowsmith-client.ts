import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planSource } from '../../src/plan/group-source.ts'
import { createPlan } from '../../src/plan/plan.ts'
import { RowSet } from '../../src/plan/row-set.ts'
import { bindGenerators } from '../../src/rows/bind.ts'
import { prepare } from '../../src/check/prepare.ts'
import { createRoutes } from '../../src/run/create-routes.ts'
import { create } from '../../src/run/run.ts'
import { holdNothing } from '../../src/rows/held-rows.ts'
import { createScheduler } from '../../src/scheduler/scheduler.ts'
import { systemClock } from '../../src/util/clock.ts'
import { measured } from './measure.ts'

// The same rows and prompts as the bare client, made by rowsmith: the whole run, or without a store
// to show what the ledger and the parts cost next to it.

export interface RowsmithTask {
  url: string
  rows: number
  /** Chained LLM columns. */
  columns: number
  concurrency: number
  bufferSize: number
  store: boolean
  profiled: boolean
  /** Begins with all requests it may have at once; otherwise it determines what is tolerated. */
  startsFull?: boolean
}

const task = JSON.parse(process.argv[2] ?? '') as RowsmithTask

const config = {
  model_providers: [{ name: 'bench', endpoint: task.url, provider_type: 'openai' }],
  model_configs: [
    {
      alias: 'writer',
      model: 'test',
      provider: 'bench',
      // Its request would be the first that is counted.
      skip_health_check: true,
      inference_parameters: { max_parallel_requests: task.concurrency, temperature: 0.7 },
    },
  ],
  columns: [
    {
      name: 'subject',
      column_type: 'sampler',
      sampler_type: 'uniform',
      params: { low: 0, high: 1e9 },
      convert_to: 'int',
    },
    ...Array.from({ length: task.columns }, (_, at) => ({
      name: `part_${at}`,
      column_type: 'llm-text',
      model_alias: 'writer',
      prompt: `Write part ${at} of what follows.\n${at === 0 ? 'story {{ subject }}' : `{{ part_${at - 1} }}`}`,
    })),
  ],
}
const runConfig = {
  buffer_size: task.bufferSize,
  ...(task.startsFull ? { request_admission: { startup_ramp_seconds: 0 } } : {}),
}

async function wholeRun(out: string): Promise<void> {
  const { rows } = await create({ config: { config }, runConfig, rows: task.rows, seed: 1n, out })
  if (rows.accepted !== task.rows) throw new Error(`rows: ${JSON.stringify(rows)}`)
}

async function withoutStore(): Promise<void> {
  const { signal } = new AbortController()
  await using prepared = await prepare({
    config: { config },
    runConfig,
    environment: process.env,
    clock: systemClock,
    signal,
  })
  const partRows = prepared.runConfig.part_rows
  const plan = createPlan({
    target: task.rows,
    decided: RowSet.empty,
    groupRows: task.bufferSize,
    frameRows: task.bufferSize,
    partRows,
  })
  let cells = 0
  const ended = await createScheduler({
    clock: systemClock,
    graph: prepared.graph,
    generators: bindGenerators({
      graph: prepared.graph,
      runSeed: 1n,
      models: prepared.dataset.models,
      seed: null,
    }),
    source: planSource(plan),
    remainingIn: (part) => Math.min(partRows, task.rows - part * partRows),
    known: () => null,
    read: () => {
      throw new Error('nothing is known')
    },
    hold: holdNothing,
    routes: createRoutes(prepared.models, {
      admission: prepared.runConfig.request_admission,
      waitsForFailing: true,
    }),
    send: (route, request, requestSignal) => prepared.models.send(route, request, requestSignal),
    journal: {
      cell: () => (cells += 1),
      exchange: (_exchange, durable) => durable(),
      forget: () => undefined,
      failure: () => undefined,
      request: () => undefined,
      pendingBytes: 0,
      onDurable: () => undefined,
    },
    completePart: () => Promise.resolve(),
    budget: { maxRows: 65_536, maxBytes: 256 * 2 ** 20, maxWriting: 2, lineFactor: 4 },
    maxPendingBytes: 2 ** 26,
    maxAttempts: 8,
    maxOutageMs: 300_000,
    localWorkers: 4,
    localTimeoutMs: Infinity,
    exchangeHash: () => '',
    earlyShutdown: null,
    jitter: () => 0.5,
  }).run()
  const expected = task.rows * task.columns
  if (ended.kind !== 'complete' || cells !== expected) {
    throw new Error(`expected ${expected} cells and a complete run, got ${cells}, ${ended.kind}`)
  }
}

const scratch = await mkdtemp(join(tmpdir(), 'rowsmith-bench-'))
try {
  await measured(task.profiled, () =>
    task.store ? wholeRun(join(scratch, 'run')) : withoutStore(),
  )
} finally {
  await rm(scratch, { recursive: true, force: true })
}
