import { createHash } from 'node:crypto'
import { z } from 'zod'
import { commonFields } from '../config/common-fields.ts'
import type { RawColumn } from '../config/dataset.ts'
import type { RunConfig } from '../config/run-config.ts'
import { oneOf, text } from '../config/scalars.ts'
import { compile } from '../graph/compile.ts'
import { CellFailure } from '../graph/failure.ts'
import type { Graph } from '../graph/graph.ts'
import { type ColumnKind, defineColumn } from '../graph/kind.ts'
import { modelIdentity } from '../graph/model-identity.ts'
import { textMessage, textOf } from '../graph/request.ts'
import { RowSet } from '../plan/row-set.ts'
import { bindGenerators } from '../rows/bind.ts'
import type { Journal } from '../rows/journal.ts'
import type { ReplyCache } from '../rows/reply-cache.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import type { PartStore } from '../scheduler/part-store.ts'
import type { RequestWatcher } from '../scheduler/request-watcher.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Clock } from '../util/clock.ts'
import type { ResolvedDataset } from '../config/resolve-dataset.ts'
import { createRoutes } from './create-routes.ts'
import { createEngine } from './engine.ts'
import type { Partners } from './partners.ts'

/** An endpoint that is away is not waited for as long: the dataset is done. */
const longestOutage = 30

export interface AskedPrompts {
  /** One answer is wanted for each. */
  prompts: readonly string[]
  alias: string
  dataset: ResolvedDataset
  partners: Partners
  /** What the run may cost holds for them, too. */
  cost: CostLimit | null
  watcher: RequestWatcher | null
  runConfig: RunConfig
  clock: Clock
  cache?: ReplyCache
  /** What requests cost goes to it, and what it does not take in time holds them up. */
  journal: Pick<Journal, 'request' | 'pendingBytes' | 'onDurable'>
  /** Called with each answer. */
  onAnswer: (prompt: number, answer: string) => void
  onFailure: (prompt: number, message: string) => void
}

/** Asks a model for texts next to the dataset, by the rules of its cells: a row for each prompt. */
export async function createSummaryEngine(asked: AskedPrompts): Promise<Scheduler> {
  const { prompts, alias, dataset, partners, cost, watcher, runConfig, clock } = asked
  const graph = graphOf(promptKind(prompts), alias, dataset)
  return createEngine({
    clock,
    store: storeOf(asked),
    decided: RowSet.empty,
    graph,
    generators: bindGenerators({ graph, runSeed: 0n, models: dataset.models, seed: null }),
    seed: null,
    runConfig: {
      ...runConfig,
      disable_early_shutdown: true,
      max_outage: Math.min(runConfig.max_outage, longestOutage),
    },
    routes: createRoutes(
      { aliases: [alias], targets: (name) => partners.targets(name) },
      {
        admission: runConfig.request_admission,
        waitsForFailing: runConfig.max_outage > 0,
        prefixOrder: runConfig.prefix_order,
      },
    ),
    send: (route, request, signal) => partners.send(route, request, signal),
    cost,
    watcher,
    ...(asked.cache === undefined ? {} : { cache: asked.cache }),
    identityOf: (name) => modelIdentity(dataset, name),
    sizeOf: (route, request) => partners.sizeOf(route, request),
    settleOnly: false,
    onEvent: () => undefined,
  })
}

function promptKind(prompts: readonly string[]): ColumnKind {
  return defineColumn({
    type: 'summary',
    schema: z.strictObject({
      ...commonFields,
      column_type: oneOf(['summary']),
      model_alias: text(),
    }),
    describe: ({ model_alias: alias }) => ({
      by: 'cell',
      pure: false,
      output: 'string',
      references: [],
      routes: [{ name: alias, operation: 'chat', requests: 'one' }],
    }),
    bind: ({ model_alias: route }) => ({
      by: 'cell',
      requests: 'one',
      route,
      prepare: ({ index }) => ({
        operation: 'chat',
        messages: [textMessage('user', prompts[index] ?? '')],
      }),
      finish({ content }) {
        const value = textOf(content).trim()
        if (value === '') throw new CellFailure('no-answer', 'the model answered with nothing')
        return { value }
      },
    }),
  })
}

function graphOf(kind: ColumnKind, alias: string, dataset: ResolvedDataset): Graph {
  const column: RawColumn = {
    name: 'summary',
    column_type: kind.type,
    drop: false,
    skip: null,
    propagate_skip: true,
    on_failure: 'drop',
    model_alias: alias,
  }
  const whole = {
    processors: [],
    profilers: [],
    agreement: [],
    constraints: [],
    seedConfig: null,
  }
  const { graph, problems } = compile({
    dataset: { ...dataset, ...whole, columns: [column] },
    registry: {
      columns: new Map([[kind.type, kind]]),
      processors: new Map(),
      originOf: () => null,
      processorOriginOf: () => null,
    },
    loaded: new Map(),
    seed: null,
    hash: (material) => createHash('sha256').update(material).digest('hex'),
  })
  if (graph === null) throw new Error(problems.map(({ message }) => message).join('; '))
  return graph
}

/** Keeps nothing but what the caller does: a row is known by its answer or by why there is none. */
function storeOf({ prompts, journal, onAnswer, onFailure }: AskedPrompts): PartStore {
  const rows = prompts.length
  return {
    settings: { rows, frameRows: rows, partRows: rows },
    journal: {
      cell({ row, value }) {
        if (typeof value === 'string') onAnswer(row, value)
      },
      failure: ({ row, message }) => onFailure(row, message),
      // No cell of one request that is never corrected has one.
      exchange: (_exchange, durable) => durable(),
      forget: () => undefined,
      request: (record) => journal.request({ ...record, column: null }),
      get pendingBytes() {
        return journal.pendingBytes
      },
      onDurable: (callback) => journal.onDurable(callback),
    },
    unfinishedParts: () => Promise.resolve([]),
    async *readRows() {},
    readKnownRows: () =>
      Promise.resolve({ rows: new Float64Array(0), kinds: new Uint32Array(0), patterns: [] }),
    // Whoever asks has its answers already.
    writePart: () => Promise.resolve(),
  }
}
