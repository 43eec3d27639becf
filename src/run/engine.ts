import type { RunConfig } from '../config/run-config.ts'
import type { Graph } from '../graph/graph.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import type { Generator } from '../graph/kind.ts'
import type { Group } from '../plan/group.ts'
import { partBounds } from '../plan/part.ts'
import { type Candidates, createCandidates, type KeptRows } from '../plan/candidates.ts'
import { boundedSource } from '../plan/bounded-source.ts'
import { type GroupSource, planSource } from '../plan/group-source.ts'
import { createPlan, type Plan } from '../plan/plan.ts'
import { RowSet } from '../plan/row-set.ts'
import { assemblePart } from '../rows/assemble.ts'
import { createEvaluator } from '../rows/evaluate.ts'
import type { RequestWatcher } from '../scheduler/request-watcher.ts'
import type { SchedulerEvent } from '../scheduler/scheduler-event.ts'
import { holdNothing } from '../rows/held-rows.ts'
import type { AbsentRow } from '../rows/part-content.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'
import type { DeferredRequests } from '../rows/deferred-requests.ts'
import type { ReplyCache } from '../rows/reply-cache.ts'
import type { KnownRows } from '../rows/known-rows.ts'
import type { PartStore } from '../scheduler/part-store.ts'
import type { Route } from '../scheduler/route.ts'
import { createScheduler, type Scheduler } from '../scheduler/scheduler.ts'
import type { RunStore } from '../store/run-store.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import type { Clock } from '../util/clock.ts'
import { jitter } from '../util/random-source.ts'
import { createExchangeHash } from './exchange-hash.ts'
import { heapShares } from './heap.ts'
import type { SeedRows } from '../seeds/seed-rows.ts'

export interface EngineOptions {
  clock: Clock
  store: PartStore
  /** Rows with an outcome, below the target. */
  decided: RowSet
  graph: Graph
  generators: readonly (Generator | null)[]
  seed: SeedRows | null
  runConfig: RunConfig
  routes: readonly Route[]
  /** What a model alias stands for. */
  identityOf: (alias: string) => unknown
  /** The size of a request, where tokens are limited. */
  sizeOf?: (route: string, request: ModelRequest) => number
  /** Receives every request. */
  watcher?: RequestWatcher | null
  /** How much the run may cost. */
  cost?: CostLimit | null
  send: (route: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  /** Cached answers. */
  cache?: ReplyCache
  /** Takes requests that go in batches: their rows have no outcome until the answers arrive. */
  deferred?: DeferredRequests
  /** The source of groups, if it is not the plan: parts that are handed out one by one. */
  source?: (plan: Plan, options: { wholeFrames: boolean }) => GroupSource
  /** Makes rows until this many have a record, instead of all rows below the target. */
  select?: { wanted: number; kept: KeptRows; exact?: boolean; waiting?: RowSet }
  /** Sends nothing: writes the rows whose paid cells all exist; the others remain. */
  settleOnly: boolean
  onEvent: (event: SchedulerEvent) => void
}

/** Rows of a group; a larger `buffer_size` is the size of frames. */
const MOST_GROUP_ROWS = 1024
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
    groupRows: Math.min(runConfig.buffer_size, MOST_GROUP_ROWS),
    frameRows,
    partRows,
  })
  const shares = heapShares()
  const evaluator = createEvaluator({
    graph,
    // Already reported when the scheduler decided the cell.
    onConditionError: () => undefined,
  })
  const hold = seed?.hold ?? holdNothing

  const wholeFrames = graph.columns.some(({ by }) => by === 'column')
  const { deferred } = options
  const candidates: Candidates | null =
    options.select === undefined ? null : createCandidates({ plan, wholeFrames, ...options.select })

  function known(group: Group): Promise<KnownRows> | null {
    if (!unfinished.has(group.part)) return null
    return store.readKnownRows({ start: group.start, end: group.end })
  }

  function sourceOf(source: GroupSource): GroupSource {
    return deferred === undefined ? source : boundedSource(source, () => deferred.isFull)
  }

  return createScheduler({
    clock,
    graph,
    generators,
    source: candidates ?? sourceOf((options.source ?? planSource)(plan, { wholeFrames })),
    ...(candidates === null ? {} : { candidates }),
    remainingIn(part) {
      const start = part * partRows
      const end = Math.min(start + partRows, target)
      return end - start - decided.intersect(start, end).count
    },
    known,
    read: store.readRows,
    hold,
    routes: options.routes,
    send: options.send,
    cost: options.cost ?? null,
    watcher: options.watcher ?? null,
    ...(options.sizeOf === undefined ? {} : { sizeOf: options.sizeOf }),
    ...(options.cache === undefined ? {} : { cache: options.cache }),
    ...(deferred === undefined ? {} : { deferred }),
    journal: store.journal,
    completePart(part, rows, { signal, tally, made }) {
      const assembled = assemblePart({
        graph,
        generators,
        evaluator,
        clock,
        rows,
        read: store.readRows,
        hold,
        frameRows,
        localWorkers: runConfig.non_inference_max_parallel_workers,
        signal,
        tally,
      })
      return store.writePart({
        part,
        rows,
        blocks: assembled.blocks,
        end() {
          const ended = assembled.end()
          made(lossesOf(ended.absent))
          return ended
        },
      })
    },
    budget: {
      maxRows: Math.max(runConfig.max_open_rows, MOST_GROUP_ROWS),
      maxBytes: Math.min(runConfig.max_open_bytes, shares.openBytes),
      maxWriting: MAX_WRITING,
      lineFactor: LINE_FACTOR,
    },
    maxPendingBytes: shares.pendingBytes,
    maxAttempts: runConfig.max_attempts,
    maxOutageMs: runConfig.max_outage * 1000,
    localWorkers: runConfig.non_inference_max_parallel_workers,
    localTimeoutMs: runConfig.local_timeout * 1000,
    exchangeHash: createExchangeHash(options.identityOf),
    earlyShutdown: runConfig.disable_early_shutdown
      ? null
      : { rate: runConfig.shutdown_error_rate, window: runConfig.shutdown_error_window },
    jitter,
    settleOnly: options.settleOnly,
    onEvent: options.onEvent,
  })
}

function lossesOf(absent: readonly AbsentRow[]): Record<AbsentOutcome, number> {
  const losses = { dropped: 0, rejected: 0 }
  for (const { outcome } of absent) losses[outcome] += 1
  return losses
}

/** Rows of parts that are not in the ledger: they have nothing to settle. */
function partsBeside(unfinished: Iterable<number>, partRows: number, target: number): RowSet {
  const parts = [...unfinished].map((part) => partBounds(part, partRows, target))
  return RowSet.fromIntervals(parts.filter(({ start, end }) => start < end)).complement(target)
}

/** The decided rows of a store, below its target. */
export function decidedRows(store: RunStore): RowSet {
  return RowSet.fromIntervals(store.decided).intersect(0, store.settings.rows)
}
