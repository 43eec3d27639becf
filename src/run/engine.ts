import type { RunConfig } from '../config/run-config.ts'
import type { Graph } from '../graph/graph.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import type { Generator } from '../graph/kind.ts'
import type { Group } from '../plan/group.ts'
import { partBounds } from '../plan/part.ts'
import { planSource } from '../plan/group-source.ts'
import { createPlan } from '../plan/plan.ts'
import { RowSet } from '../plan/row-set.ts'
import { assemblePart } from '../scheduler/assemble.ts'
import { createEvaluator } from '../scheduler/evaluate.ts'
import type { SchedulerEvent } from '../scheduler/events.ts'
import { indexKnownCells, type KnownCells } from '../scheduler/known-cells.ts'
import type { Route } from '../scheduler/routes.ts'
import type { GroupInputs } from '../scheduler/open-groups.ts'
import { createScheduler, type Scheduler } from '../scheduler/scheduler.ts'
import type { RunStore } from '../store/store.ts'
import type { PartContent } from '../store/write-part.ts'
import type { Clock } from '../util/clock.ts'
import { jitter } from '../util/random-source.ts'
import type { SeedRows } from './seed-rows.ts'

export interface EngineOptions {
  clock: Clock
  store: RunStore
  /** Rows with an outcome, below the target. */
  decided: RowSet
  graph: Graph
  generators: readonly (Generator | null)[]
  seed: SeedRows | null
  runConfig: RunConfig
  routes: readonly Route[]
  /** How large a request is where tokens are limited. */
  sizeOf?: (route: string, request: ModelRequest) => number
  send: (route: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  /** Sends nothing: rows whose paid cells are all there are written, the others stay. */
  settleOnly: boolean
  onEvent: (event: SchedulerEvent) => void
}

/** Bytes on the way to the ledger above which nothing new is sent. */
const MAX_PENDING_BYTES = 64 * 2 ** 20
/** Parts being written at once before pure groups wait. */
const MAX_WRITING = 2
/** Work waiting in a line, as a multiple of its cap, above which no group is opened. */
const LINE_FACTOR = 4

/** The scheduler over a run folder: what remains is planned, known cells are read back, parts written. */
export async function createEngine(options: EngineOptions): Promise<Scheduler> {
  const { clock, store, decided, graph, generators, seed, runConfig } = options
  const { rows: target, frameRows, partRows } = store.settings
  const unfinished = new Set(await store.unfinishedParts())
  const plan = createPlan({
    target,
    decided: options.settleOnly
      ? decided.union(partsBeside(unfinished, partRows, target))
      : decided,
    groupRows: runConfig.buffer_size,
    frameRows,
    partRows,
  })
  const reader = createPartReader(store, graph)
  const controller = new AbortController()
  const evaluator = createEvaluator({
    graph,
    // Already told when the scheduler decided the cell.
    onConditionError: () => undefined,
  })

  async function hold(start: number, end: number): Promise<() => void> {
    return (await seed?.hold({ start, end })) ?? (() => undefined)
  }

  function load(group: Group): GroupInputs | Promise<GroupInputs> {
    const seedRows = seed?.hold(group) ?? (() => undefined)
    const known = unfinished.has(group.part) ? reader.read(group.part) : null
    if (typeof seedRows === 'function' && known === null) {
      return { known: null, release: seedRows }
    }
    return Promise.all([known, seedRows]).then(([cells, release]) => ({ known: cells, release }))
  }

  async function assemble(part: number, rows: Float64Array): Promise<PartContent> {
    reader.forget(part)
    const { cells, failures } = await store.readPart(part)
    const release = await hold(rows[0] as number, (rows.at(-1) as number) + 1)
    try {
      const content = await assemblePart({
        graph,
        generators,
        evaluator,
        clock,
        rows,
        known: indexKnownCells(graph.columns.length, cells, failures),
        frameRows,
        signal: controller.signal,
      })
      return { part, ...content }
    } finally {
      release()
    }
  }

  return createScheduler({
    clock,
    graph,
    generators,
    source: planSource(plan, { wholeFrames: graph.columns.some(({ by }) => by === 'column') }),
    remainingIn(part) {
      const start = part * partRows
      const end = Math.min(start + partRows, target)
      return end - start - decided.intersect(start, end).count
    },
    load,
    routes: options.routes,
    send: options.send,
    ...(options.sizeOf === undefined ? {} : { sizeOf: options.sizeOf }),
    journal: store.journal,
    completePart: createPartPipeline(assemble, (content) => store.writePart(content)),
    budget: {
      maxRows: Math.max(runConfig.max_open_rows, runConfig.buffer_size),
      maxBytes: runConfig.max_open_bytes,
      maxWriting: MAX_WRITING,
      lineFactor: LINE_FACTOR,
    },
    maxPendingBytes: MAX_PENDING_BYTES,
    maxAttempts: runConfig.max_attempts,
    localWorkers: runConfig.non_inference_max_parallel_workers,
    earlyShutdown: runConfig.disable_early_shutdown
      ? null
      : { rate: runConfig.shutdown_error_rate, window: runConfig.shutdown_error_window },
    jitter,
    settleOnly: options.settleOnly,
    onEvent: options.onEvent,
  })
}

/**
 * Parts one after the other, each assembled while the one before it is written: the writer thread
 * and this one both work, and two parts are in memory at most.
 */
function createPartPipeline(
  assemble: (part: number, rows: Float64Array) => Promise<PartContent>,
  write: (content: PartContent) => Promise<void>,
): (part: number, rows: Float64Array) => Promise<void> {
  let mayAssemble: Promise<unknown> = Promise.resolve()
  let written: Promise<void> = Promise.resolve()
  return (part, rows) => {
    const assembled = mayAssemble.then(() => assemble(part, rows))
    const mayWrite = Promise.all([assembled, written])
    written = mayWrite.then(([content]) => write(content))
    mayAssemble = mayWrite
    return written
  }
}

/** Rows of parts the ledger knows nothing of: there is nothing to settle in them. */
function partsBeside(unfinished: Iterable<number>, partRows: number, target: number): RowSet {
  const parts = [...unfinished].map((part) => partBounds(part, partRows, target))
  return RowSet.fromIntervals(parts.filter(({ start, end }) => start < end)).complement(target)
}

interface PartReader {
  read(part: number): Promise<KnownCells>
  forget(part: number): void
}

/** What the ledger holds of the part whose groups are being opened; they are opened in order. */
function createPartReader(store: RunStore, graph: Graph): PartReader {
  let current: { part: number; known: Promise<KnownCells> } | null = null
  return {
    read(part) {
      if (current?.part !== part) {
        const known = store
          .readPart(part)
          .then(({ cells, failures }) => indexKnownCells(graph.columns.length, cells, failures))
        current = { part, known }
      }
      return current.known
    },
    forget(part) {
      if (current?.part === part) current = null
    },
  }
}

/** The decided rows of a store, below its target. */
export function decidedRows(store: RunStore): RowSet {
  return RowSet.fromIntervals(store.decided).intersect(0, store.settings.rows)
}
