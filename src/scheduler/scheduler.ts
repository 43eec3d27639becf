import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { Generator } from '../graph/kind.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import { createDispatcher, type Dispatcher } from '../limits/dispatcher.ts'
import type { RequestError } from '../limits/outcome.ts'
import type { Group } from '../plan/group.ts'
import type { Clock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import type { ByteTally } from './block.ts'
import { createCells } from './cells.ts'
import { createErrorWindow } from './error-window.ts'
import { createEvaluator } from './evaluate.ts'
import type { SchedulerEvent, Snapshot } from './events.ts'
import type { Journal } from './journal.ts'
import { fillKnown, type KnownCells } from './known-cells.ts'
import { OpenGroup } from './open-group.ts'
import { type OpeningBudget, reasonToOpen, type RouteState } from './opening.ts'
import { createPartTracker } from './parts.ts'
import { createRequests, type Job } from './requests.ts'
import { createRouteCounters, type Route, type RouteCounters } from './routes.ts'
import { createStartRoutes } from './start-routes.ts'
import { createWorkGraph, type WorkColumn } from './work-graph.ts'

export interface SchedulerOptions {
  clock: Clock
  graph: Graph
  /** By column id; null for side columns. */
  generators: readonly (Generator | null)[]
  /** Groups of the rows that remain, in order. */
  nextGroup: () => Group | null
  /** Rows of a part without an outcome at the start. */
  remainingIn: (part: number) => number
  remainingRows: number
  /** Gets at hand what a group needs; answers at once where nothing has to be read. */
  load: (group: Group) => Promise<GroupInputs> | GroupInputs
  routes: readonly Route[]
  send: (route: string, request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>
  journal: Journal
  completePart: (part: number, rows: Float64Array) => Promise<void>
  budget: OpeningBudget
  /** Bytes on the way to the ledger above which nothing new is sent. */
  maxPendingBytes: number
  maxAttempts: number
  /** Cells of local asynchronous work (custom functions) at once. */
  localWorkers: number
  earlyShutdown: { rate: number; window: number } | null
  /** Uniform in [0, 1), for back-off jitter. */
  jitter: () => number
  /** Sends nothing: rows whose cells are known are decided, the others stay. */
  settleOnly?: boolean
  onEvent?: (event: SchedulerEvent) => void
}

/** What a group starts from. */
export interface GroupInputs {
  /** What the ledger holds of its rows. */
  known: KnownCells | null
  /** Called once the group is closed. */
  release: () => void
}

/** How a run ended. `stopped`: by itself, with rows remaining. */
export type SchedulerEnd =
  | { kind: 'complete' }
  | { kind: 'stopped'; reason: string; error: Error | null }
  | { kind: 'interrupted' }

export interface Scheduler {
  run(): Promise<SchedulerEnd>
  /** Sends nothing more; ends when what is on the wire came back. */
  drain(): void
  /** Gives up what is on the wire. */
  abort(): void
  snapshot(): Snapshot
}

/** Makes every cell of a plan: opens groups, makes what is ready, ends when nothing is left. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { clock, graph, journal, routes, budget } = options
  const emit = options.onEvent ?? (() => undefined)
  const work = createWorkGraph(graph, options.generators)
  const startRoutes = createStartRoutes(work, routes, options.localWorkers)
  const controller = new AbortController()
  const counters: RouteCounters[] = routes.map(createRouteCounters)
  const made = graph.columns.map(() => ({ made: 0, skipped: 0, failed: 0 }))
  const groups = new Map<OpenGroup, GroupInputs>()
  const window = options.earlyShutdown && createErrorWindow({
    rate: options.earlyShutdown.rate,
    size: options.earlyShutdown.window,
  })
  const firstRoutes = routePositions(work.first.map((local) => work.columns[local] as WorkColumn))
  const allRoutes = routePositions(work.columns)

  let next: Group | null = null
  let exhausted = false
  let loading = false
  let opened = 0
  let rowsOpen = 0
  const tally: ByteTally = { bytes: 0 }
  let decidedRows = 0
  let droppedRows = 0
  let draining = false
  let journalFull = false
  let stop: { reason: string; error: Error | null } | null = null
  let failure: { error: unknown } | null = null
  let ended = false
  let finish: (() => void) | null = null
  let inTurn = false
  let again = false
  let turnComing = false

  const dispatcher: Dispatcher<Job> = createDispatcher<Job>({
    clock,
    routes: [...routes, ...startRoutes.routes],
    start: (job, lease) => job.start(lease),
    settled: turn,
  })

  const requests = createRequests({
    clock,
    routes,
    counters,
    journal,
    dispatcher: () => dispatcher,
    send: options.send,
    signal: controller.signal,
    maxAttempts: options.maxAttempts,
    jitter: options.jitter,
    stopEndpoint,
    throttled: (route, { problem }) =>
      emit({
        type: 'request-throttled',
        route: (routes[route] as Route).name,
        retryAfterMs: problem.kind === 'throttled' ? problem.retryAfterMs : null,
      }),
    fatal,
    changed: turn,
  })

  const cells = createCells({
    clock,
    work,
    evaluator: createEvaluator({
      graph,
      onConditionError: (column, row, error) =>
        emit({ type: 'condition-failed', column: column.name, row, message: messageOf(error) }),
    }),
    journal,
    requests,
    dispatcher: () => dispatcher,
    routeOf,
    startRouteOf: (local) => routes.length + startRoutes.positionOf(local),
    signal: controller.signal,
    cellMade,
    cellFailed: ({ name }, row, { code, message }, kept) =>
      emit({ type: 'cell-failed', column: name, row, code, message, kept }),
    groupChanged: closeIfDone,
    changed: turn,
    fatal,
  })

  const parts = createPartTracker({
    remainingIn: options.remainingIn,
    completePart: options.completePart,
    committed: turn,
    fatal,
  })

  const listener = {
    cellReady: cells.ready,
    rowDecided(group: OpenGroup, offset: number) {
      decidedRows += 1
      if (group.isDropped(offset)) droppedRows += 1
      parts.decided(group.group.part, group.block.rowAt(offset))
      closeIfDone(group)
    },
  }

  function routeOf(alias: string): number {
    const position = routes.findIndex(({ name }) => name === alias)
    if (position < 0) throw new Error(`no route for the model alias ${alias}`)
    return position
  }

  /** Positions of the dispatcher's routes that cells of these columns wait on. */
  function routePositions(columns: readonly WorkColumn[]): number[] {
    const positions = columns
      .filter(({ journaled, column }) => journaled && column.by === 'cell')
      .flatMap(({ local, column }) =>
        column.requests === 'one'
          ? column.routes.map(routeOf)
          : [routes.length + startRoutes.positionOf(local)],
      )
    return [...new Set(positions)]
  }

  function cellMade(local: number, outcome: 'ok' | 'skipped' | 'failed'): void {
    const { column, journaled } = work.columns[local] as WorkColumn
    const progress = made[column.id] as (typeof made)[number]
    if (outcome === 'ok') progress.made += 1
    else if (outcome === 'skipped') progress.skipped += 1
    else progress.failed += 1
    if (!journaled || outcome === 'skipped' || !window?.note(outcome === 'failed')) return
    if (stop !== null || options.earlyShutdown === null) return
    const { rate, window: size } = options.earlyShutdown
    emit({ type: 'early-shutdown', rate, window: size })
    stopBecause(
      `at least ${Math.round(rate * 100)} % of the last ${size} cells failed (shutdown_error_rate)`,
      null,
    )
    dispatcher.hold(true)
  }

  function stopBecause(reason: string, error: Error | null): void {
    stop ??= { reason, error }
  }

  function stopEndpoint(endpoint: string, error: RequestError): void {
    let changed = false
    routes.forEach((route, position) => {
      const counter = counters[position] as RouteCounters
      if (route.endpoint !== endpoint || counter.stopped !== null) return
      counter.stopped = error
      dispatcher.stop(position)
      changed = true
    })
    if (!changed) return
    stopBecause(error.message, error)
    emit({ type: 'endpoint-stopped', endpoint, error })
  }

  function fatal(error: unknown): void {
    failure ??= { error }
    controller.abort(error)
    end()
  }

  function closeIfDone(group: OpenGroup): void {
    const inputs = group.closed ? groups.get(group) : undefined
    if (inputs === undefined) return
    groups.delete(group)
    inputs.release()
    rowsOpen -= group.group.size
    tally.bytes -= group.block.bytes
    turn()
  }

  function turn(): void {
    if (ended || turnComing) return
    if (inTurn) {
      again = true
      return
    }
    inTurn = true
    try {
      holdWhileJournalIsFull()
      do {
        again = false
        const leftOver = cells.rowWork.run()
        openGroups()
        if (leftOver || !cells.rowWork.empty) {
          comeBack()
          return
        }
      } while (again)
      endIfDone()
    } catch (error) {
      fatal(error)
    } finally {
      inTurn = false
    }
  }

  function holdWhileJournalIsFull(): void {
    if (journalFull || journal.pendingBytes <= options.maxPendingBytes) return
    journalFull = true
    dispatcher.hold(true)
  }

  /** Gives the event loop a turn between two slices of row-wise work. */
  function comeBack(): void {
    turnComing = true
    clock.soon(() => {
      turnComing = false
      turn()
    })
  }

  function peek(): Group | null {
    if (next === null && !exhausted) {
      next = options.nextGroup()
      exhausted = next === null
    }
    return next
  }

  function routeState(position: number): RouteState {
    return {
      couldSend: dispatcher.couldSend(position),
      waiting: dispatcher.waiting(position),
      limit: dispatcher.limit(position),
    }
  }

  function openGroups(): void {
    while (!loading && !draining && stop === null && failure === null) {
      const group = peek()
      if (group === null) return
      const reason = reasonToOpen(
        {
          openGroups: groups.size,
          rowWorkPending: !cells.rowWork.empty,
          rowsHeld: rowsOpen + parts.writingRows,
          bytesHeld: tally.bytes,
          writing: parts.writing,
          firstRoutes: firstRoutes.map(routeState),
          routes: allRoutes.map(routeState),
          pure: work.journaledCount === 0,
          frameStarted: frameStarted(group),
        },
        budget,
        group.size,
      )
      if (reason === null && !options.settleOnly) return
      next = null
      emit({ type: 'row-group-opened', part: group.part, rows: group.size, reason: reason ?? 'settle' })
      open(group)
    }
  }

  let currentFrame = -1
  function frameStarted({ frame }: Group): boolean {
    return work.wholeFrames && frame === currentFrame
  }

  function open(group: Group): void {
    const inputs = options.load(group)
    if (!(inputs instanceof Promise)) return enter(group, inputs)
    loading = true
    inputs.then((loaded) => {
      loading = false
      if (ended) return loaded.release()
      enter(group, loaded)
      turn()
    }, fatal)
  }

  function enter(group: Group, inputs: GroupInputs): void {
    const openGroup = new OpenGroup(work, group, opened, listener, tally)
    opened += 1
    rowsOpen += group.size
    groups.set(openGroup, inputs)
    if (work.wholeFrames) cells.frames.join(openGroup)
    if (inputs.known !== null) fillKnown(openGroup, inputs.known, work, cells.frames)
    openGroup.start()
    if (work.wholeFrames) {
      currentFrame = group.frame
      if (peek()?.frame !== group.frame) cells.frames.admitted(group.frame)
    }
  }

  /** Whether anything outside of this function will still change the state. */
  function waitingForSomething(): boolean {
    if (loading || !cells.rowWork.empty || requests.inFlight > 0) return true
    if (controller.signal.aborted) return false
    if (cells.activeTasks > 0) return true
    if (quiet()) return false
    return journalFull || requests.backingOff > 0 || canSendLater()
  }

  /** Nothing is sent any more, whatever waits. */
  function quiet(): boolean {
    return draining || options.settleOnly === true || (stop !== null && stop.error === null)
  }

  /** Work waits on a route that is not stopped: the end of a pause will move it. */
  function canSendLater(): boolean {
    for (let position = 0; position < routes.length + startRoutes.routes.length; position += 1) {
      if (dispatcher.waiting(position) > 0 && dispatcher.readyAt(position) < Infinity) return true
    }
    return false
  }

  function endIfDone(): void {
    if (ended || waitingForSomething()) return
    const nothingLeft = groups.size === 0 && peek() === null
    const mayEnd = nothingLeft || quiet() || stop !== null
    if (!mayEnd) {
      if (groups.size > 0) throw new Error(stuckMessage())
      return
    }
    parts.handOnIncomplete()
    if (parts.writing === 0) end()
  }

  function stuckMessage(): string {
    return `the scheduler has ${groups.size} open groups and nothing to wait for; this is a defect of rowsmith`
  }

  function end(): void {
    if (ended) return
    ended = true
    requests.close()
    dispatcher.close()
    for (const { release } of groups.values()) release()
    finish?.()
  }

  function outcome(): SchedulerEnd {
    if (failure !== null) throw failure.error
    if (groups.size === 0 && peek() === null) return { kind: 'complete' }
    if (draining) return { kind: 'interrupted' }
    return stop === null
      ? { kind: 'stopped', reason: 'rows remain', error: null }
      : { kind: 'stopped', ...stop }
  }

  journal.onDurable((error) => {
    if (error !== null) return fatal(error)
    if (journalFull && journal.pendingBytes <= options.maxPendingBytes / 2) {
      journalFull = false
      if (!quiet()) dispatcher.hold(false)
      turn()
    }
  })

  return {
    async run() {
      const done = new Promise<void>((resolve) => (finish = resolve))
      if (options.settleOnly) dispatcher.hold(true)
      turn()
      await done
      return outcome()
    },
    drain() {
      if (draining || ended) return
      draining = true
      emit({ type: 'draining' })
      dispatcher.hold(true)
      requests.close()
      turn()
    },
    abort() {
      draining = true
      dispatcher.hold(true)
      requests.close()
      controller.abort(new Error('the run was interrupted'))
      turn()
    },
    snapshot: () => takeSnapshot(),
  }

  function coolDown(position: number): number {
    const at = dispatcher.readyAt(position)
    return at === Infinity ? 0 : Math.max(0, at - clock.now())
  }

  function takeSnapshot(): Snapshot {
    return {
      columns: graph.columns
        .filter(({ producer }) => producer === null)
        .map((column: GraphColumn) => ({
          name: column.name,
          scheduled: (work.localOf[column.id] as number) >= 0,
          ...(made[column.id] as (typeof made)[number]),
        })),
      routes: routes.map((route, position) => {
        const counter = counters[position] as RouteCounters
        return {
          name: route.name,
          endpoint: route.endpoint,
          inFlight: counter.inFlight,
          limit: dispatcher.limit(position),
          waiting: dispatcher.waiting(position),
          requests: counter.requests,
          succeeded: counter.succeeded,
          throttled: counter.throttled,
          failed: counter.failed,
          inputTokens: counter.inputTokens,
          outputTokens: counter.outputTokens,
          coolDownMs: coolDown(position),
          stopped: counter.stopped?.message ?? null,
        }
      }),
      rows: {
        decided: decidedRows,
        dropped: droppedRows,
        remaining: options.remainingRows - decidedRows,
        open: rowsOpen,
      },
      openGroups: groups.size,
      partsWriting: parts.writing,
      backingOff: requests.backingOff,
      pendingBytes: journal.pendingBytes,
      draining,
    }
  }
}
