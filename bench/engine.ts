import {
  emptyReply,
  noRows,
  oneChoice,
  testGraph,
  type TestColumn,
} from '../test/support/engine.ts'
import type { ModelReply } from '../src/graph/request.ts'
import { createConcurrencyLimiter } from '../src/limits/limiter.ts'
import { planSource } from '../src/plan/group-source.ts'
import { createPlan } from '../src/plan/plan.ts'
import { RowSet } from '../src/plan/row-set.ts'
import { assemblePart } from '../src/rows/assemble.ts'
import { createEvaluator } from '../src/rows/evaluate.ts'
import { holdNothing } from '../src/rows/held-rows.ts'
import { createScheduler } from '../src/scheduler/scheduler.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'
import { type Clock, systemClock } from '../src/util/clock.ts'
import type { Figure } from './harness.ts'

// What the engine itself costs per cell: a model that answers at once in this process, a journal
// that only counts, columns whose own work is to return a constant.

const slots = 64
const bufferSize = 1_000
/** Cells of a measured run; rows follow from it. */
const cellsPerRun = 96_000
const rounds = 5
const answered = Promise.resolve(emptyReply)

export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const width of [1, 8, 64]) {
    for (const shape of ['chain', 'fan-out'] as const) {
      if (width === 1 && shape === 'fan-out') continue
      figures.push({
        name: `model-backed cell, ${width} columns, ${shape}`,
        value: await perCell(modelColumns(width, shape), width),
        unit: 'µs',
        limit: 5,
      })
    }
  }
  figures.push({
    name: 'model-backed cell, 8 columns, chain, virtual clock',
    value: await perCell(modelColumns(8, 'chain'), 8, { clock: createVirtualClock }),
    unit: 'µs',
    limit: 5,
  })
  figures.push({
    name: 'model-backed cell, 8 columns, chain, buffer_size 1',
    value: await perCell(modelColumns(8, 'chain'), 8, { groupRows: 1 }),
    unit: 'µs',
  })
  for (const width of [8, 64]) {
    for (const shape of ['chain', 'fan-out'] as const) {
      figures.push({
        name: `pure cell above a model, ${width} columns, ${shape}`,
        value: await perPureCell(width, shape),
        unit: 'µs',
        limit: 1,
      })
    }
  }
  for (const width of [1, 8, 64]) {
    figures.push({
      name: `pure cell of a part, ${width} columns`,
      value: await perAssembledCell(width),
      unit: 'µs',
      limit: 1,
    })
  }
  figures.push({
    name: 'longest time on the event loop, 64 columns, fan-out, groups of 1,000 rows',
    value: await longestTurn(),
    unit: 'ms',
    limit: 10,
    note: 'with answers from outside; collections of garbage are in it',
  })
  return figures
}

/** The longest gap between two turns of the event loop while a run works; the least of some runs. */
async function longestTurn(): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    let last = performance.now()
    let longest = 0
    let working = true
    const look = (): void => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      if (working) setImmediate(look)
    }
    look()
    const send = (): Promise<ModelReply> =>
      new Promise((resolve) => setImmediate(() => resolve(emptyReply)))
    await runEngine(modelColumns(64, 'fan-out'), 3_000, { send })
    working = false
    if (round > 0) best = Math.min(best, longest)
  }
  return best
}

type Shape = 'chain' | 'fan-out'

function modelColumns(width: number, shape: Shape): TestColumn[] {
  return columnsOf(width, shape, { route: 'm' })
}

function columnsOf(width: number, shape: Shape, rest: Partial<TestColumn>): TestColumn[] {
  return Array.from({ length: width }, (_, at) => ({
    name: `c${at}`,
    ...(shape === 'chain' && at > 0 ? { after: [`c${at - 1}`] } : {}),
    value: () => 'a short answer',
    ...rest,
  }))
}

interface EngineRun {
  groupRows?: number
  clock?: () => Clock
  send?: () => Promise<ModelReply>
}

async function perCell(
  columns: readonly TestColumn[],
  width: number,
  options: EngineRun = {},
): Promise<number> {
  const rows = Math.ceil(cellsPerRun / width)
  const ms = await fastest(() => runEngine(columns, rows, options))
  return (ms * 1_000) / (rows * width)
}

/** The difference that pure columns above a model column make. */
async function perPureCell(width: number, shape: Shape): Promise<number> {
  const pure = columnsOf(width, shape, {})
  const model: TestColumn = { name: 'model', route: 'm', value: () => 'a short answer' }
  const after = shape === 'chain' ? [`c${width - 1}`] : pure.map(({ name }) => name)
  const rows = Math.ceil(cellsPerRun / width)
  const alone = await fastest(() => runEngine([model], rows))
  const together = await fastest(() => runEngine([...pure, { ...model, after }], rows))
  return ((together - alone) * 1_000) / (rows * width)
}

async function runEngine(
  columns: readonly TestColumn[],
  rows: number,
  { groupRows = bufferSize, clock = () => systemClock, send = () => answered }: EngineRun = {},
): Promise<void> {
  const { graph, generators } = testGraph(columns)
  const partRows = 4 * bufferSize
  const plan = createPlan({
    target: rows,
    decided: RowSet.empty,
    groupRows,
    frameRows: bufferSize,
    partRows,
  })
  let journaled = 0
  const scheduler = createScheduler({
    clock: clock(),
    graph,
    generators,
    source: planSource(plan),
    remainingIn: (part) => Math.min(partRows, rows - part * partRows),
    known: () => null,
    read: noRows,
    hold: holdNothing,
    routes: [oneChoice('m', [createConcurrencyLimiter({ name: 'm', cap: slots })])],
    send,
    journal: {
      cell: () => (journaled += 1),
      exchange: (_exchange, durable) => durable(),
      forget: () => undefined,
      failure: () => undefined,
      request: () => undefined,
      pendingBytes: 0,
      onDurable: () => undefined,
    },
    completePart: () => Promise.resolve(),
    budget: { maxRows: 16_384, maxBytes: 256 * 2 ** 20, maxWriting: 2, lineFactor: 4 },
    maxPendingBytes: 2 ** 24,
    maxAttempts: 8,
    maxOutageMs: 300_000,
    localWorkers: 4,
    localTimeoutMs: Infinity,
    exchangeHash: () => '',
    earlyShutdown: { rate: 0.5, window: 100 },
    jitter: () => 0.5,
  })
  const ended = await scheduler.run()
  const expected = rows * columns.filter(({ route }) => route !== undefined).length
  if (ended.kind !== 'complete' || journaled !== expected) {
    throw new Error(
      `expected ${expected} cells and a complete run, got ${journaled}, ${ended.kind}`,
    )
  }
}

async function perAssembledCell(width: number): Promise<number> {
  const { graph, generators } = testGraph(columnsOf(width, 'chain', {}))
  const rows = Float64Array.from({ length: Math.ceil(cellsPerRun / width) }, (_, row) => row)
  const evaluator = createEvaluator({ graph, onConditionError: () => undefined })
  const ms = await fastest(async () => {
    const part = assemblePart({
      graph,
      generators,
      evaluator,
      clock: systemClock,
      rows,
      read: noRows,
      hold: holdNothing,
      frameRows: bufferSize,
      localWorkers: 4,
      signal: new AbortController().signal,
    })
    let made = 0
    for await (const block of part.blocks) {
      made += block.rows.length
      block.release()
    }
    if (made !== rows.length) throw new Error(`${made} rows were made`)
  })
  return (ms * 1_000) / (rows.length * width)
}

/** The least of some runs: what else the machine does only ever adds. */
async function fastest(work: () => Promise<void>): Promise<number> {
  await work()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now()
    await work()
    best = Math.min(best, performance.now() - started)
  }
  return best
}
