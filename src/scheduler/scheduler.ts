import type { Graph } from '../graph/graph.ts'
import type { InterruptReason } from '../graph/interrupted.ts'
import type { Generator } from '../graph/kind.ts'
import { charactersOf } from '../graph/request-size.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import { createDispatcher, type Dispatcher } from '../limits/dispatcher.ts'
import type { AdjustableLimiter } from '../limits/limiter.ts'
import type { GroupSource } from '../plan/group-source.ts'
import type { Clock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import type { ByteTally } from '../rows/block.ts'
import { createCells } from './cells.ts'
import type { ExchangePartner } from './conversation.ts'
import { createErrorWindow } from './error-window.ts'
import { createEvaluator } from '../rows/evaluate.ts'
import type { SchedulerEvent, Snapshot } from './scheduler-event.ts'
import type { HoldRows } from '../rows/held-rows.ts'
import type { Journal } from '../rows/journal.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'
import type { ReadRows } from '../rows/stored-rows.ts'
import { createJournalGate } from './journal-gate.ts'
import type { OpenGroup } from './open-group.ts'
import { createOpenGroups, type FindKnown } from './open-groups.ts'
import type { OpeningBudget, RouteState } from './opening.ts'
import { type CompletePart, createPartTracker } from './parts.ts'
import { type CellCounts, columnProgress, routeProgress } from './count-progress.ts'
import { createRequests, type Job } from './requests.ts'
import { createResources } from './resources.ts'
import { createRowPlans } from './row-plan.ts'
import { createRowStarts } from './row-starts.ts'
import { createRouteCounters, type Route, type RouteCounters } from './route.ts'
import { createStartRoutes, goesStraight, type StartRoutes } from './start-routes.ts'
import { createStopping, type SchedulerEnd } from './stopping.ts'
import { createWorkGraph, type WorkColumn } from './work-graph.ts'

export interface SchedulerOptions {
  clock: Clock
  graph: Graph
  /** By column id; null for side columns. */
  generators: readonly (Generator | null)[]
  /** Groups of the rows that remain, in order. */
  source: GroupSource
  /** Rows of a part without an outcome at the start. */
  remainingIn: (part: number) => number
  /** Which cells of a group's rows are known; answers at once where nothing has to be read. */
  known: FindKnown
  /** Reads known cells. */
  read: ReadRows
  /** Gets what rows read from outside (a seed) into memory. */
  hold: HoldRows
  routes: readonly Route[]
  /** `choice` is the name of a route's choice. */
  send: (choice: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  /** How large a request is where tokens are limited; characters of text when left out. */
  sizeOf?: (choice: string, request: ModelRequest) => number
  journal: Journal
  completePart: CompletePart
  budget: OpeningBudget
  /** Bytes on the way to the ledger above which nothing new is sent. */
  maxPendingBytes: number
  maxAttempts: number
  /** How long an endpoint may be away before its rows are left, in ms. */
  maxOutageMs: number
  /** Cells of local asynchronous work (custom functions) and whole-column calls at once. */
  localWorkers: number
  /** Time such a cell, or a step of one, may take. */
  localTimeoutMs: number
  /** Hex SHA-256 of what is asked, and of the model behind an alias: what an exchange is known by. */
  exchangeHash: (partner: ExchangePartner, asked: unknown) => string
  earlyShutdown: { rate: number; window: number } | null
  /** Uniform in [0, 1), for back-off jitter. */
  jitter: () => number
  /** Sends nothing: rows whose cells are known are decided, the others stay. */
  settleOnly?: boolean
  onEvent?: (event: SchedulerEvent) => void
}

export interface Scheduler {
  run(): Promise<SchedulerEnd>
  /** Sends nothing more; ends when what is on the wire came back. */
  drain(): void
  /** Gives up what is on the wire. */
  abort(): void
  /** Changes the cap of a limiter of its routes: a share of an endpoint that others hand out. */
  setCap(limiter: AdjustableLimiter, cap: number): void
  snapshot(): Snapshot
}

/** An early shutdown is about what is answered; an endpoint that is away has a limit of its own. */
const connectionFailures: ReadonlySet<string> = new Set(['unreachable', 'disconnected'])

/** Longest time on the event loop, in ms. */
const SLICE_MS = 4

/**
 * Makes every cell of a plan: opens groups, makes what is ready, ends when nothing is left.
 *
 * What comes from outside (a reply, a timer, a commit) notes its consequences and asks for a
 * `turn`, the one place where anything new begins.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { clock, graph, routes, source } = options
  const emit = options.onEvent ?? (() => undefined)
  const work = createWorkGraph(graph, options.generators)
  const startRoutes = createStartRoutes(work, routes, options.localWorkers)
  const routeOf = positionsByName(routes)
  const controller = new AbortController()
  const { signal } = controller
  const { settleOnly = false } = options
  const stopping = createStopping({ settleOnly })
  const counters: RouteCounters[] = routes.map(createRouteCounters)
  const counts = graph.columns.map((): CellCounts => ({ known: 0, made: 0, skipped: 0, failed: 0 }))
  const noteFailure = failureNote(options.earlyShutdown)
  const ending = Promise.withResolvers<SchedulerEnd>()
  // Whoever never calls `run` does not wait for it either.
  ending.promise.catch(() => undefined)

  const tally: ByteTally = { bytes: 0 }
  let decidedRows = 0
  const lost: Record<AbsentOutcome, number> = { dropped: 0, rejected: 0 }
  let ended = false
  let partFailure: { error: unknown } | null = null
  let inTurn = false
  let again = false
  let turnComing = false

  const journal = createJournalGate({
    journal: options.journal,
    maxPendingBytes: options.maxPendingBytes,
    drained: turn,
    failed: fatal,
  })
  const dispatcher: Dispatcher<Job> = createDispatcher<Job>({
    clock,
    routes: [...routes, ...startRoutes.routes],
    start: (job, lease) => job.start(lease),
    mayStart: () => !ended && !stopping.quiet && !journal.full,
    wake: turn,
  })
  const shared = {
    clock,
    journal,
    dispatcher: () => dispatcher,
    signal,
    isOver: () => ended,
    changed: turn,
    fatal,
  }
  const resources = createResources({
    clock,
    routes,
    signal,
    maxOutageMs: options.maxOutageMs,
    isNeeded: (route) =>
      dispatcher.waiting(route) > 0 ||
      (counters[route] as RouteCounters).inFlight > 0 ||
      requests.backingOff > 0,
    choiceStopped({ route, choice }, error, isLast) {
      dispatcher.stop(route, choice)
      if (!isLast) return
      ;(counters[route] as RouteCounters).stopped = error
      stopping.endpointRefuses(error)
      requests.routeStopped(route)
      cells.routeStopped(route)
    },
    stopped(what, error) {
      emit({ type: 'endpoint-stopped', ...what, error })
      turn()
    },
  })
  const requests = createRequests({
    ...shared,
    routes,
    counters,
    resources,
    send: options.send,
    sizeOf: options.sizeOf ?? ((_route, request) => charactersOf(request)),
    maxAttempts: options.maxAttempts,
    jitter: options.jitter,
    providerFailed: (route, error) =>
      emit({ type: 'provider-failed', route: (routes[route] as Route).name, error }),
    throttled: (route, { problem }) =>
      emit({
        type: 'request-throttled',
        route: (routes[route] as Route).name,
        retryAfterMs: problem.kind === 'throttled' ? problem.retryAfterMs : null,
      }),
  })
  const cells = createCells({
    ...shared,
    work,
    evaluator: createEvaluator({
      graph,
      onConditionError: ({ name }, row, error) =>
        emit({ type: 'condition-failed', column: name, row, message: messageOf(error) }),
    }),
    requests,
    settleOnly,
    routeOf,
    exchangeHash: options.exchangeHash,
    localTimeoutMs: options.localTimeoutMs,
    closed,
    closedTo: (route) =>
      closed() ?? ((counters[route] as RouteCounters).stopped === null ? null : 'stopped'),
    startRouteOf: (local) => routes.length + startRoutes.positionOf(local),
    cellMade,
    cellFailed({ id, name }, row, { code, message }, kept) {
      const { journaled } = work.columns[work.localOf[id] as number] as WorkColumn
      if (journaled && !connectionFailures.has(code)) noteEnd(true)
      emit({ type: 'cell-failed', column: name, row, code, message, kept })
    },
    groupChanged: (group) => groups.closeIfDone(group),
  })
  const parts = createPartTracker({
    remainingIn: options.remainingIn,
    completePart: options.completePart,
    signal,
    tally,
    lost(outcome, rows) {
      lost[outcome] += rows
    },
    committed: turn,
    failed: partFailed,
  })
  const linesOf = (columns: readonly WorkColumn[]): RouteState[] =>
    linePositions(columns, routes.length, routeOf, startRoutes).map((position) => ({
      get isIdle() {
        return dispatcher.isIdle(position)
      },
      get waiting() {
        // What waits for nothing any more keeps nobody from the other lines.
        return counters[position]?.stopped ? 0 : dispatcher.waiting(position)
      },
      get limit() {
        return dispatcher.limit(position)
      },
    }))
  const lines = linesOf(work.columns)
  const plans = createRowPlans(work)
  const starts = createRowStarts({
    work,
    plans,
    tally,
    budget: options.budget,
    hold: options.hold,
    read: options.read,
    routes: lines,
    linesOf,
    rowWork: cells.rowWork,
    frames: cells.frames,
    settleOnly,
    cellsKnown(local, known) {
      ;(counts[(work.columns[local] as WorkColumn).column.id] as CellCounts).known += known
    },
    changed: turn,
    fatal,
  })
  const groups = createOpenGroups({
    work,
    tally,
    budget: options.budget,
    source,
    known: options.known,
    firstRoutes: linesOf(plans.fresh.first),
    routes: lines,
    parts,
    frames: cells.frames,
    starts,
    listener: {
      cellReady: (group, local, offset) => cells.ready(group, local, offset),
      rowDecided,
      rowLeft: (group) => groups.closeIfDone(group),
      rowEnded: (group, offset, bytes) => starts.ended(group, offset, bytes),
    },
    settleOnly,
    emit,
    changed: turn,
    fatal,
  })

  function rowDecided(group: OpenGroup, offset: number): void {
    decidedRows += 1
    const loss = group.lossOf(offset)
    if (loss !== null) {
      lost[loss] += 1
      cells.rowLost(group, offset, loss)
    }
    // Lost, or all it needed was in the ledger: frames must not wait for it.
    if (work.wholeFrames) cells.frames.leaveAll({ group, offset })
    parts.decided(group.group.part, group.block.rowAt(offset), loss)
    groups.closeIfDone(group)
  }

  function cellMade(local: number, outcome: 'ok' | 'skipped' | 'failed'): void {
    const { column, journaled } = work.columns[local] as WorkColumn
    const count = counts[column.id] as CellCounts
    if (outcome === 'ok') count.made += 1
    else if (outcome === 'skipped') count.skipped += 1
    else count.failed += 1
    if (journaled && outcome === 'ok') noteEnd(false)
  }

  function noteEnd(failed: boolean): void {
    if (!noteFailure(failed) || stopping.begun || options.earlyShutdown === null) return
    const { rate, window } = options.earlyShutdown
    emit({ type: 'early-shutdown', rate, window })
    stopping.shutDown(
      `at least ${Math.round(rate * 100)} % of the last ${window} cells failed (shutdown_error_rate)`,
    )
    cells.nothingSent('stopped')
  }

  /** Why nothing is sent any more, whatever the route. */
  function closed(): InterruptReason | null {
    if (ended || signal.aborted) return 'aborted'
    if (stopping.draining) return 'drain'
    return stopping.quiet ? 'stopped' : null
  }

  function turn(): void {
    if (ended || turnComing) return
    if (inTurn) {
      again = true
      return
    }
    inTurn = true
    try {
      const now = clock.now()
      if (!begin(now, now + SLICE_MS)) comeBack()
      else endIfDone()
    } catch (error) {
      fatal(error)
    } finally {
      inTurn = false
    }
  }

  /** Begins all that can begin; answers false when `until` came before that. */
  function begin(now: number, until: number): boolean {
    const { rowWork } = cells
    for (let time = now; ; time = clock.now()) {
      if (time > until) return false
      again = false
      if (!rowWork.empty) {
        rowWork.run(until)
        time = clock.now()
      }
      if (dispatcher.dispatch(until, time)) return false
      const more =
        !rowWork.empty ||
        (mayBegin() && starts.beginNext()) ||
        (mayOpen() && groups.openNext()) ||
        again
      if (!more || ended) return true
    }
  }

  function mayOpen(): boolean {
    return !ended && !stopping.begun
  }

  /** Rows of open groups go on where an endpoint stopped: others make what they can of them. */
  function mayBegin(): boolean {
    return mayOpen() || (!ended && !stopping.quiet)
  }

  /** Gives the event loop a turn between two slices. */
  function comeBack(): void {
    turnComing = true
    clock.soon(() => {
      turnComing = false
      turn()
    })
  }

  /** Whether anything outside of this function will still change the state. */
  function waitingForSomething(): boolean {
    if (requests.inFlight > 0 || groups.loading || starts.loading) return true
    if (!cells.rowWork.empty || cells.settling > 0) return true
    if (signal.aborted) return false
    if (cells.active > 0) return true
    if (stopping.quiet) return false
    return journal.full || requests.backingOff > 0 || canSendLater()
  }

  /** Work waits on a route that is not stopped: the end of a pause will move it, or another cap. */
  function canSendLater(): boolean {
    for (let position = 0; position < routes.length + startRoutes.routes.length; position += 1) {
      if (dispatcher.waiting(position) === 0) continue
      if (dispatcher.readyAt(position) < Infinity || dispatcher.isShut(position)) return true
    }
    return false
  }

  function endIfDone(): void {
    if (ended || waitingForSomething()) return
    if (!stopping.quiet && !stopping.begun && !groups.nothingLeft) {
      // With no group open the next one waits for a commit, or for its source.
      if (groups.size === 0 || groups.waitingForMore) return
      throw new Error(
        `the scheduler has ${groups.size} open groups and nothing to wait for; this is a defect of rowsmith`,
      )
    }
    parts.handOnIncomplete()
    if (parts.writing > 0) return
    if (partFailure !== null) return fatal(partFailure.error)
    // Not by open groups: a task of a dropped row may be open still.
    const complete = source.exhausted && decidedRows === source.rows && !parts.givenUp
    ending.resolve(stopping.end(complete))
    end(new Error('the run has ended'))
  }

  /** Nothing more is sent; answers in flight are paid for, and are kept before the run fails. */
  function partFailed(error: unknown): void {
    if (partFailure !== null) return
    partFailure = { error }
    stopping.shutDown('a part could not be written')
    requests.close()
    cells.nothingSent('stopped')
  }

  function fatal(error: unknown): void {
    if (ended) return
    ending.reject(error)
    end(error)
  }

  function backOffNow(): Snapshot['backOff'] {
    if (requests.backOff === null) return null
    const { nextAt, ...last } = requests.backOff
    return { nextMs: Math.max(0, nextAt - clock.now()), ...last }
  }

  /** What is still at work elsewhere is told to stop, and nobody listens to it any more. */
  function end(reason: unknown): void {
    ended = true
    requests.close()
    resources.close()
    dispatcher.close()
    groups.end()
    starts.end()
    controller.abort(reason)
    cells.abort()
  }

  return {
    run() {
      turn()
      return ending.promise
    },
    drain() {
      if (ended || !stopping.drain()) return
      emit({ type: 'draining' })
      requests.close()
      cells.nothingSent('drain')
      turn()
    },
    abort() {
      if (ended) return
      stopping.drain()
      requests.close()
      controller.abort(new Error('the run was interrupted'))
      cells.abort()
      turn()
    },
    setCap: (limiter, cap) => dispatcher.setCap(limiter, cap),
    snapshot: () => ({
      backOff: backOffNow(),
      columns: columnProgress(graph, work, counts),
      routes: routeProgress(routes, { counters, dispatcher, resources, clock }),
      rows: {
        decided: decidedRows,
        ...lost,
        remaining: source.rows - decidedRows,
        open: groups.rows,
        begun: starts.begun,
      },
      openGroups: groups.size,
      partsWriting: parts.writing,
      backingOff: requests.backingOff,
      bytesHeld: tally.bytes,
      pendingBytes: journal.pendingBytes,
      draining: stopping.draining,
    }),
  }
}

function positionsByName(routes: readonly Route[]): (alias: string) => number {
  const positions = new Map(routes.map(({ name }, position) => [name, position]))
  return (alias) => {
    const position = positions.get(alias)
    if (position === undefined) throw new Error(`no route for the model alias ${alias}`)
    return position
  }
}

/** Positions of the dispatcher's routes in whose lines cells of these columns wait. */
function linePositions(
  columns: readonly WorkColumn[],
  modelRoutes: number,
  routeOf: (alias: string) => number,
  startRoutes: StartRoutes,
): number[] {
  const positions = columns
    .filter(({ column }) => column.by !== 'row' && column.producer === null)
    .flatMap(({ local, column }) =>
      column.by === 'cell' && goesStraight(column)
        ? column.routes.map(({ name }) => routeOf(name))
        : [modelRoutes + startRoutes.positionOf(local)],
    )
  return [...new Set(positions)]
}

/** Notes how a cell ended; answers whether too many of the latest failed. */
function failureNote(
  earlyShutdown: SchedulerOptions['earlyShutdown'],
): (failed: boolean) => boolean {
  if (earlyShutdown === null) return () => false
  const latest = createErrorWindow({ rate: earlyShutdown.rate, size: earlyShutdown.window })
  return (failed) => latest.note(failed)
}
