import type { ColumnType } from '../../src/graph/column-type.ts'
import type { Graph, GraphColumn } from '../../src/graph/graph.ts'
import type {
  Again,
  CellResult,
  ColumnKind,
  Correction,
  Generator,
  Row,
  SharedGenerator,
  TaskContext,
} from '../../src/graph/kind.ts'
import { nothingLoaded } from '../../src/graph/kind.ts'
import {
  type ModelReply,
  type ModelRequest,
  noUsage,
  textMessage,
  textOf,
} from '../../src/graph/request.ts'
import { createConcurrencyLimiter, type Limiter } from '../../src/limits/limiter.ts'
import { planSource } from '../../src/plan/group-source.ts'
import { createPlan } from '../../src/plan/plan.ts'
import { RowSet } from '../../src/plan/row-set.ts'
import type { SchedulerEvent } from '../../src/scheduler/scheduler-event.ts'
import type {
  JournaledCell,
  JournaledExchange,
  JournaledFailure,
  RequestRecord,
} from '../../src/rows/journal.ts'
import { holdNothing } from '../../src/rows/held-rows.ts'
import type { Route } from '../../src/scheduler/route.ts'
import {
  createScheduler,
  type Scheduler,
  type SchedulerOptions,
} from '../../src/scheduler/scheduler.ts'
import type { ReadRows } from '../../src/rows/stored-rows.ts'
import { knownSource } from './known-rows.ts'
import type { SchedulerEnd } from '../../src/scheduler/stopping.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import { parseTemplate } from '../../src/templates/parse-template.ts'
import type { Value } from '../../src/util/value.ts'

/** A column of a test graph: what the scheduler asks of a column, and a function that makes it. */
export interface TestColumn {
  name: string
  after?: string[]
  by?: 'row' | 'cell' | 'column'
  pure?: boolean
  route?: string
  onFailure?: 'drop' | 'null'
  requests?: 'none' | 'one' | 'many' | 'shared'
  /** Aliases in addition to `route` its requests may go to. */
  alsoRoutes?: string[]
  /** Those that it asks only after an answer of another one. */
  followUps?: string[]
  /** The text of a skip condition, and the value a skipped cell has. */
  skip?: { when: string; value?: Value }
  /** Read by the skip condition only: their skip does not propagate. */
  conditionReads?: string[]
  propagateSkip?: boolean
  /** Filled by this column, which stands before it. */
  producer?: string
  type?: ColumnType
  /** The code with which it rejects rows where its value is false. */
  rejects?: string
  /** For `by: row` and for the reply of a request. */
  value?: (row: Row) => Value
  /** For the reply of a request with sides, or one that fails. */
  finish?: (reply: ModelReply, row: Row) => CellResult
  prepare?: (row: Row) => ModelRequest
  /** Of a reply that is asked for again. */
  correct?: (reply: ModelReply, row: Row, correction: Correction | null) => CellResult | Again
  /** Of requests that several rows share. */
  shared?: Pick<SharedGenerator, 'most' | 'prepare' | 'finish'>
  task?: (row: Row, context: TaskContext) => Promise<CellResult>
  frame?: (rows: readonly Row[]) => Promise<readonly (CellResult | Error)[]>
}

export function testGraph(columns: readonly TestColumn[]): {
  graph: Graph
  generators: (Generator | null)[]
} {
  const ids = new Map(columns.map(({ name }, id) => [name, id]))
  const idsOf = (names: readonly string[]): number[] => names.map((name) => ids.get(name) as number)
  const upstreams = columns.map(({ after = [], conditionReads = [], producer }) =>
    idsOf(producer === undefined ? [...after, ...conditionReads] : [producer]),
  )
  const depths: number[] = []
  upstreams.forEach((upstream, id) => {
    depths[id] = upstream.reduce((most, up) => Math.max(most, (depths[up] as number) + 1), 0)
  })
  const graphColumns = columns.map((column, id): GraphColumn => {
    const upstream = upstreams[id] as number[]
    const by = column.by ?? (column.route === undefined ? 'row' : 'cell')
    return {
      id,
      name: column.name,
      // The scheduler never asks a kind anything; it only knows what is declared next to it.
      kind: {} as ColumnKind,
      config: {} as never,
      loaded: nothingLoaded,
      by,
      pure: column.pure ?? by === 'row',
      type: column.type ?? 'string',
      upstream,
      required: idsOf(column.after ?? []),
      dependants: columns.flatMap((_, other) =>
        (upstreams[other] as number[]).includes(id) ? [other] : [],
      ),
      depth: depths[id] as number,
      tools: [],
      routes: [
        ...(column.route === undefined ? [] : [column.route, ...(column.alsoRoutes ?? [])]).map(
          (route) => ({ name: route, operation: 'chat', requests: 'one' }) as const,
        ),
        ...(column.followUps ?? []).map(
          (name) => ({ name, operation: 'call', requests: 'many', isFollowUp: true }) as const,
        ),
      ],
      requests: column.requests ?? (column.route === undefined ? 'none' : 'one'),
      sides: columns.flatMap(({ producer }, other) => (producer === column.name ? [other] : [])),
      producer: column.producer === undefined ? null : (ids.get(column.producer) as number),
      skip:
        column.skip === undefined
          ? null
          : {
              when: parseTemplate(column.skip.when, { missing: 'strict' }),
              value: column.skip.value ?? null,
            },
      propagateSkip: column.propagateSkip ?? true,
      onFailure: column.onFailure ?? 'drop',
      drop: false,
      rejects: column.rejects ?? null,
      filter: null,
      fingerprint: column.name,
      ownFingerprint: column.name,
      distribution: null,
      scores: [],
      material: column.name,
    }
  })
  const graph: Graph = {
    columns: graphColumns,
    order: graphColumns.map(({ id }) => id),
    byName: ids,
    processors: [],
    output: [],
    agreements: [],
  }
  return {
    graph,
    generators: columns.map((column, id) =>
      column.producer === undefined ? generatorOf(column, graphColumns[id] as GraphColumn) : null,
    ),
  }
}

function generatorOf(column: TestColumn, { by, requests, routes }: GraphColumn): Generator {
  const value = column.value ?? ((row: Row) => `${column.name} ${row.index}`)
  if (by === 'row') return { by, generate: value }
  if (by === 'column') {
    const frame =
      column.frame ?? ((rows) => Promise.resolve(rows.map((row) => ({ value: value(row) }))))
    return { by, generate: (rows) => frame(rows) }
  }
  if (requests === 'one') {
    return {
      by,
      requests,
      route: routes[0]?.name as string,
      prepare: column.prepare ?? ((row) => requestOf(`${column.name}:${row.index}`)),
      finish: column.correct ?? column.finish ?? ((_reply, row) => ({ value: value(row) })),
    }
  }
  if (column.shared !== undefined) {
    return { by, requests: 'shared', route: routes[0]?.name as string, ...column.shared }
  }
  const task = column.task ?? ((row) => Promise.resolve({ value: value(row) }))
  return { by, requests: requests === 'none' ? 'none' : 'many', run: task }
}

export function requestOf(text: string): ModelRequest {
  return { operation: 'chat', messages: [textMessage('user', text)] }
}

/** The text a request was made of. */
export function promptOf(request: ModelRequest): string {
  return request.operation === 'chat' ? textOf(request.messages[0]?.content ?? []) : ''
}

export const emptyReply: ModelReply = {
  content: [],
  reasoning: null,
  finishReason: 'stop',
  usage: { ...noUsage, inputTokens: 1, outputTokens: 1 },
  model: 'test',
}

interface TestModel {
  /** Replies after this many ms of virtual time. */
  latency?: (text: string, attempt: number) => number
  /** Throws for requests that fail. */
  fail?: (text: string, attempt: number) => Error | null
}

export interface EngineOptions {
  columns: readonly TestColumn[]
  rows: number
  groupRows: number
  frameRows?: number
  partRows?: number
  /** Slots by route. */
  slots: Record<string, number>
  limiters?: (route: string) => readonly Limiter[]
  model?: TestModel
  /** For what in addition to the engine goes by its time. */
  clock?: VirtualClock
  decided?: RowSet
  known?: {
    cells: JournaledCell[]
    failures: JournaledFailure[]
    exchanges?: JournaledExchange[]
  }
  options?: Partial<SchedulerOptions>
}

/** One change of the number of requests in flight on a route. */
export interface Load {
  at: number
  route: string
  inFlight: number
}

export interface Engine {
  clock: VirtualClock
  scheduler: Scheduler
  cells: JournaledCell[]
  failures: JournaledFailure[]
  requests: RequestRecord[]
  events: SchedulerEvent[]
  /** Texts sent, in order. */
  sent: string[]
  exchanges: JournaledExchange[]
  load: Load[]
  parts: { part: number; rows: number[] }[]
  /** Known cells whose values were read. */
  valuesRead(): number
  run(): Promise<SchedulerEnd>
}

/** For runs that know nothing. */
export const noRows: ReadRows = () => {
  throw new Error('nothing is known')
}

/** A route that has one way to go. */
export function oneChoice(name: string, limiters: readonly Limiter[]): Route {
  const endpoint = `endpoint of ${name}`
  const choice = { name, resource: endpoint, endpoint, model: name, limiters, weight: 1 }
  return { name, choices: [choice] }
}

/** The scheduler under virtual time, against a model that answers after a while. */
export function createEngine(options: EngineOptions): Engine {
  const clock = options.clock ?? createVirtualClock()
  const { graph, generators } = testGraph(options.columns)
  const frameRows = options.frameRows ?? options.groupRows
  const partRows = options.partRows ?? Math.ceil(options.rows / frameRows) * frameRows
  const decided = options.decided ?? RowSet.empty
  const plan = createPlan({
    target: options.rows,
    decided,
    groupRows: options.groupRows,
    frameRows,
    partRows,
  })
  const engine: Omit<Engine, 'scheduler' | 'run' | 'valuesRead'> = {
    clock,
    cells: [],
    failures: [],
    requests: [],
    events: [],
    sent: [],
    exchanges: [],
    load: [],
    parts: [],
  }
  const inFlight = new Map<string, number>()
  const attempts = new Map<string, number>()
  const routes: Route[] = Object.entries(options.slots).map(([name, cap]) =>
    oneChoice(name, options.limiters?.(name) ?? [createConcurrencyLimiter({ name, cap })]),
  )
  const known = options.known === undefined ? null : knownSource(graph, options.known)

  function changeLoad(route: string, by: number): void {
    inFlight.set(route, (inFlight.get(route) ?? 0) + by)
    engine.load.push({ at: clock.now(), route, inFlight: inFlight.get(route) as number })
  }

  const scheduler = createScheduler({
    clock,
    graph,
    generators,
    source: planSource(plan, { wholeFrames: graph.columns.some(({ by }) => by === 'column') }),
    remainingIn: (part) => {
      const end = Math.min((part + 1) * partRows, options.rows)
      return end - part * partRows - decided.intersect(part * partRows, end).count
    },
    known: (group) => known?.known(group) ?? null,
    read: known?.read ?? noRows,
    hold: holdNothing,
    routes,
    send(route, request, signal) {
      const text = promptOf(request)
      const attempt = (attempts.get(text) ?? 0) + 1
      attempts.set(text, attempt)
      engine.sent.push(text)
      changeLoad(route, 1)
      return new Promise((resolve, reject) => {
        const timer = clock.after(options.model?.latency?.(text, attempt) ?? 50, () => {
          // Tens of thousands of listeners on one signal make adding one a search.
          signal.removeEventListener('abort', giveUp)
          changeLoad(route, -1)
          const error = options.model?.fail?.(text, attempt) ?? null
          if (error === null) resolve({ ...emptyReply, content: [{ type: 'text', text }] })
          else reject(error)
        })
        function giveUp(): void {
          timer.cancel()
          changeLoad(route, -1)
          reject(new Error('aborted'))
        }
        signal.addEventListener('abort', giveUp)
      })
    },
    journal: {
      cell: (cell) => engine.cells.push(cell),
      exchange(exchange, durable) {
        engine.exchanges.push(exchange)
        clock.soon(durable)
      },
      forget(row, column, fromTurn) {
        const kept = engine.exchanges.filter(
          (one) => one.row !== row || one.column !== column || one.turn < fromTurn,
        )
        engine.exchanges.splice(0, Infinity, ...kept)
      },
      failure: (failure) => engine.failures.push(failure),
      request: (record) => engine.requests.push(record),
      pendingBytes: 0,
      onDurable: () => undefined,
    },
    completePart: (part, rows) => {
      engine.parts.push({ part, rows: [...rows] })
      return new Promise((resolve) => clock.after(1, resolve))
    },
    budget: { maxRows: 16_384, maxBytes: 256 * 2 ** 20, maxWriting: 2, lineFactor: 4 },
    maxPendingBytes: 2 ** 24,
    maxAttempts: 8,
    maxOutageMs: 300_000,
    localWorkers: 4,
    localTimeoutMs: 3_600_000,
    exchangeHash: (partner, asked) => JSON.stringify([partner, asked]),
    earlyShutdown: null,
    jitter: () => 0.5,
    onEvent: (event) => engine.events.push(event),
    ...options.options,
  })
  return {
    ...engine,
    scheduler,
    valuesRead: () => known?.valuesRead ?? 0,
    async run() {
      const ended = scheduler.run()
      await clock.runUntilIdle({ maxMs: 24 * 3_600_000 })
      return ended
    },
  }
}

/** Share of a route's slots that were busy between two instants. */
export function busyShare(
  load: readonly Load[],
  route: string,
  slots: number,
  from: number,
  to: number,
): number {
  let busy = 0
  let at = from
  let inFlight = 0
  for (const change of load) {
    if (change.route !== route) continue
    if (change.at > to) break
    if (change.at > from) {
      busy += inFlight * (change.at - at)
      at = change.at
    }
    inFlight = change.inFlight
  }
  busy += inFlight * (to - at)
  return busy / (slots * (to - from))
}
