import type { Graph } from '../graph/graph.ts'
import type { Generator } from '../graph/kind.ts'
import type { AdjustableLimiter } from '../limits/limiter.ts'
import type { Candidates } from '../plan/candidates.ts'
import type { GroupSource } from '../plan/group-source.ts'
import type { ByteTally } from '../rows/block.ts'
import { createEvaluator } from '../rows/evaluate.ts'
import type { HoldRows } from '../rows/held-rows.ts'
import type { Journal } from '../rows/journal.ts'
import { StoppingFailure } from '../rows/stopping-failure.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'
import type { ReadRows } from '../rows/stored-rows.ts'
import { messageOf } from '../util/errors.ts'
import { createCells } from './cells.ts'
import type { ExchangePartner } from './conversation.ts'
import { createEarlyShutdown, type EarlyShutdownOptions } from './early-shutdown.ts'
import { createEnding } from './ending.ts'
import { createJournalGate } from './journal-gate.ts'
import { createLifetime } from './lifetime.ts'
import { createLinesOf } from './lines.ts'
import { createRowPeek } from './newest-row.ts'
import type { OpenGroup } from './open-group.ts'
import { createOpenGroups, type FindKnown } from './open-groups.ts'
import type { OpeningBudget } from './opening.ts'
import { createOutcomeCounts } from './outcome-counts.ts'
import { createParkedRows } from './parked-rows.ts'
import { type CompletePart, createPartTracker } from './parts.ts'
import { createRowPlans } from './row-plan.ts'
import { createRowStarts } from './row-starts.ts'
import type { SchedulerEvent, Snapshot } from './scheduler-event.ts'
import { createSending, type SendingPorts } from './sending.ts'
import { takeSnapshot } from './snapshot.ts'
import { createStartRoutes } from './start-routes.ts'
import { createStopping, type SchedulerEnd } from './stopping.ts'
import { createTurns } from './turns.ts'
import { createWorkGraph, type WorkColumn } from './work-graph.ts'

export interface SchedulerOptions extends SendingPorts {
  graph: Graph
  /** By column id; null for side columns. */
  generators: readonly (Generator | null)[]
  /** Groups of the rows that remain, in order. */
  source: GroupSource
  /** The source itself, where rows are made until enough of them have a record. */
  candidates?: Candidates
  /** Rows of a part without an outcome at the start. */
  remainingIn: (part: number) => number
  /** Which cells of a group's rows are known; answers at once where nothing has to be read. */
  known: FindKnown
  /** Reads known cells. */
  read: ReadRows
  /** Gets what rows read from outside (a seed) into memory. */
  hold: HoldRows
  journal: Journal
  completePart: CompletePart
  budget: OpeningBudget
  /** Bytes on the way to the ledger above which nothing new is sent. */
  maxPendingBytes: number
  /** Cells of local asynchronous work (custom functions) and whole-column calls at once. */
  localWorkers: number
  /** Time such a cell, or a step of one, may take. */
  localTimeoutMs: number
  /** Hex SHA-256 of what is asked, and of the model behind an alias: what an exchange is known by. */
  exchangeHash: (partner: ExchangePartner, asked: unknown) => string
  earlyShutdown: EarlyShutdownOptions['limit']
  /** Sends nothing: rows whose cells are known are decided, the others stay. */
  settleOnly?: boolean
  onEvent?: (event: SchedulerEvent) => void
}

export interface Scheduler {
  run(): Promise<SchedulerEnd>
  /** Sends nothing more; ends when what is in flight returned. */
  drain(): void
  /** Gives up what is in flight. */
  abort(): void
  /** Changes the cap of a limiter of its routes: a share of an endpoint that others hand out. */
  setCap(limiter: AdjustableLimiter, cap: number): void
  snapshot(): Snapshot
}

/**
 * Makes every cell of a plan: opens groups, makes what is ready, ends when nothing is left.
 *
 * Here its parts are put together: `turns.ts` begins what can begin, `sending.ts` is between work in
 * a line and its reply, `cells.ts` makes cells, `ending.ts` ends the run.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { budget, clock, graph, routes, source, candidates, settleOnly = false } = options
  const emit = options.onEvent ?? (() => undefined)
  const work = createWorkGraph(graph, options.generators, {
    // Their outcome says whether more are needed.
    wholeRows: candidates !== undefined,
  })
  const counts = createOutcomeCounts(graph, work)
  const peek = createRowPeek(graph)
  const tally: ByteTally = { bytes: 0 }
  const parked = options.deferred === undefined ? null : createParkedRows()
  const lifetime = createLifetime()
  const stopping = createStopping({ settleOnly })
  const earlyShutdown = createEarlyShutdown({
    limit: options.earlyShutdown,
    stopping,
    emit,
    shutDown: () => cells.nothingSent('stopped'),
  })
  function costReached(): void {
    const { cost } = options
    if (stopping.begun || cost === undefined || cost === null) return
    const { limit, spent } = cost
    emit({ type: 'cost-reached', limit, spent })
    stopping.shutDown(
      `$${spent.toFixed(4)} of $${limit} (max_cost) are spent, and the next request could exceed it`,
    )
    cells.nothingSent('stopped')
  }

  const changed = (now?: number): void => turn(now)
  const fatal = (error: unknown): void => ending.fatal(error)

  const journal = createJournalGate({
    journal: options.journal,
    maxPendingBytes: options.maxPendingBytes,
    drained: changed,
    failed: fatal,
  })
  const sending = createSending({
    ports: options,
    graph,
    startRoutes: createStartRoutes(work, routes, options.localWorkers),
    journal,
    lifetime,
    stopping,
    emit,
    routeStopped: (route) => cells.routeStopped(route),
    costReached: () => costReached(),
    changed,
    fatal,
  })
  const cells = createCells({
    clock,
    journal,
    dispatcher: sending.dispatcher,
    requests: sending.requests,
    routeOf: (alias) => sending.routeOf(alias),
    startRouteOf: (local) => sending.startRouteOf(local),
    work,
    evaluator: createEvaluator({
      graph,
      onConditionError: ({ name }, row, error) =>
        emit({ type: 'condition-failed', column: name, row, message: messageOf(error) }),
    }),
    settleOnly,
    parked,
    exchangeHash: options.exchangeHash,
    localTimeoutMs: options.localTimeoutMs,
    isOver: () => lifetime.isOver,
    closed: () => sending.closed(),
    closedTo: (route) => sending.closedTo(route),
    cellMade(local, outcome) {
      counts.cellEnded(local, outcome)
      if (outcome === 'ok' && isJournaled(local)) earlyShutdown.made()
    },
    cellCameBack: (local) => counts.cellCameBack(local),
    cellFailed({ id, name }, row, failure, outcome) {
      const { code, message } = failure
      if (outcome === 'stopped') return stopFor(new StoppingFailure(name, row, failure))
      if (isJournaled(work.localOf[id] as number)) earlyShutdown.failed(code)
      const kept = outcome === 'null'
      emit({ type: 'cell-failed', column: name, row, code, message, kept, stops: false })
    },
    groupChanged: (group) => groups.closeIfDone(group),
    changed,
    fatal,
  })
  const parts = createPartTracker({
    remainingIn: options.remainingIn,
    completePart: options.completePart,
    signal: lifetime.signal,
    tally,
    lost: (outcome, rows) => counts.rowsLost(outcome, rows),
    stopped: stopFor,
    committed: changed,
    failed: (error) => ending.partFailed(error),
  })
  const linesOf = createLinesOf(sending)
  const lines = linesOf(work.columns)
  const plans = createRowPlans(work)
  const starts = createRowStarts({
    work,
    plans,
    tally,
    budget,
    hold: options.hold,
    read: options.read,
    routes: lines,
    linesOf,
    rowWork: cells.rowWork,
    frames: cells.frames,
    settleOnly,
    cellsKnown: (local, known) => counts.cellsKnown(local, known),
    changed,
    fatal,
  })
  const groups = createOpenGroups({
    work,
    tally,
    budget,
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
      rowEnded(group, offset, bytes) {
        peek.ended(group, offset)
        starts.ended(group, offset, bytes)
      },
    },
    settleOnly,
    emit,
    changed,
    fatal,
  })
  const ending = createEnding({
    lifetime,
    stopping,
    source,
    counts,
    journal,
    sending,
    cells,
    starts,
    groups,
    parts,
    parked,
  })
  const turn = createTurns({
    clock,
    lifetime,
    stopping,
    rowWork: cells.rowWork,
    dispatcher: sending.dispatcher,
    starts,
    groups,
    leaveParked: () => parked?.leave() ?? false,
    allBegun: () => ending.endIfDone(),
    fatal,
  })

  /** Nothing more is sent; what is in flight is kept, and the row remains. */
  function stopFor({ column, row, failure, message: reason }: StoppingFailure): void {
    const { code, message } = failure
    emit({ type: 'cell-failed', column, row, code, message, kept: false, stops: true })
    // Whoever only settles what is there writes what can be written.
    if (settleOnly) return
    stopping.shutDown(reason)
    cells.nothingSent('stopped')
  }

  function rowDecided(group: OpenGroup, offset: number): void {
    const loss = group.lossOf(offset)
    counts.rowDecided(loss)
    if (loss !== null) rowLost(group, offset, loss)
    // Lost, or all it needed was in the ledger: frames must not wait for it.
    if (work.wholeFrames) cells.frames.leaveAll({ group, offset })
    parts.decided(group.group.part, group.block.rowAt(offset), loss)
    groups.closeIfDone(group)
    if (candidates?.decided(group.block.rowAt(offset), loss === null)) leaveUnneeded(candidates)
  }

  function rowLost(group: OpenGroup, offset: number, loss: AbsentOutcome): void {
    for (const { local } of work.columns) {
      if (!group.isFinished(local, offset)) counts.cellUnneeded(local)
    }
    cells.rowLost(group, offset, loss)
  }

  /** Rows beyond those that are needed: what is in flight for them is kept, and nothing more is sent. */
  function leaveUnneeded(search: Candidates): void {
    groups.leaveFrom(search.bound, (group, offset) => {
      search.left()
      cells.rowLost(group, offset, 'unneeded')
    })
  }

  function isJournaled(local: number): boolean {
    return (work.columns[local] as WorkColumn).journaled
  }

  return {
    run() {
      turn()
      return lifetime.result
    },
    drain() {
      if (lifetime.isOver || !stopping.drain()) return
      emit({ type: 'draining' })
      sending.requests.close()
      cells.nothingSent('drain')
      turn()
    },
    abort() {
      if (lifetime.isOver) return
      stopping.drain()
      sending.requests.close()
      lifetime.abort(new Error('the run was interrupted'))
      cells.abort()
      turn()
    },
    setCap: (limiter, cap) => sending.dispatcher.setCap(limiter, cap),
    snapshot: () =>
      takeSnapshot({
        clock,
        routes,
        sending,
        stopping,
        journal,
        source,
        candidates,
        counts,
        groups,
        starts,
        parts,
        tally,
        peek,
      }),
  }
}
