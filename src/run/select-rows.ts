import type { SelectConfig } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import { mostCandidates } from '../config/select.ts'
import type { Graph } from '../graph/graph.ts'
import type { KeptRows } from '../plan/candidates.ts'
import { RowSet } from '../plan/row-set.ts'
import { passesOf, type DatasetPass } from '../processors/dataset-pass.ts'
import type { SelectionResult } from '../report/run-result.ts'
import type { Snapshot } from '../scheduler/scheduler-event.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { SchedulerEnd } from '../scheduler/stopping.ts'
import type { KeptSearch } from '../store/ledger-kept.ts'
import type { RunStore } from '../store/run-store.ts'
import { addSnapshots } from './add-snapshots.ts'

/** The work of a run: one engine, or one after the other until enough rows are accepted. */
export interface RowMaker extends Pick<Scheduler, 'drain' | 'abort'> {
  run(): Promise<SchedulerEnd>
  snapshot(): Snapshot | null
  /** What became of the selection; null without one. */
  selection(): SelectionResult | null
}

/** Every row below the target, by one engine. */
export function makerOf(engine: Scheduler): RowMaker {
  return {
    run: () => engine.run(),
    drain: () => engine.drain(),
    abort: () => engine.abort(),
    snapshot: () => engine.snapshot(),
    selection: () => null,
  }
}

export interface SelectRowsOptions {
  store: RunStore
  graph: Pick<Graph, 'processors' | 'output'>
  select: SelectConfig
  /** What makes rows until so many have a record. */
  createEngine: (
    decided: RowSet,
    select: { wanted: number; kept: KeptRows },
  ) => Promise<Omit<RowMaker, 'selection'>>
  warn: (problem: Problem) => void
}

/** How far a stored run is with its selection. */
interface SelectionState {
  /** Counted as accepted, of rows below which all are decided. */
  accepted: number
  /** Rows below it are all decided. */
  frontier: number
  /** The row of the last record that is wanted; null while there are too few. */
  last: number | null
  decided: RowSet
  kept: KeptRows
}

/** Looks what a run folder has of a selection; reads the records where a processor decides on them. */
export async function selectionState(
  store: RunStore,
  graph: SelectRowsOptions['graph'],
  select: SelectConfig,
): Promise<SelectionState> {
  const { target } = select
  const { counted } = passesOf(graph, store.settings.seed)
  const search = { wanted: target, most: mostCandidates(select) }
  const { decided, last, kept } = await keptOf(store, search)
  const { frontier, below } = kept
  const state = { frontier, decided, kept }
  if (counted === null) return { ...state, accepted: below, last }
  return { ...state, ...(await countRecords(store, counted, { frontier, target })) }
}

/** Which candidates are decided, and which of them have a record. */
export async function keptOf(
  store: Pick<RunStore, 'keptRows'>,
  search: KeptSearch,
): Promise<{ decided: RowSet; last: number | null; kept: KeptRows }> {
  const { decided, frontier, below, beyond, last } = await store.keptRows(search)
  const kept = { frontier, below, beyond: RowSet.fromIntervals(beyond) }
  return { decided: RowSet.fromIntervals(decided), last, kept }
}

/** Makes candidates until `target` rows are accepted, and cuts the run behind the last of them. */
export function createRowSelection(options: SelectRowsOptions): RowMaker {
  const { store, graph, select } = options
  const { target } = select
  const most = mostCandidates(select)
  const counts = passesOf(graph, store.settings.seed).counted !== null
  let engine: Omit<RowMaker, 'selection'> | null = null
  let earlier: Snapshot | null = null
  let told: SelectionResult | null = null
  let draining = false
  let aborted = false

  async function run(): Promise<SchedulerEnd> {
    for (;;) {
      const state = await selectionState(store, graph, select)
      told = {
        target,
        accepted: Math.min(target, state.accepted),
        candidates: state.frontier,
        most,
      }
      if (state.last !== null) return await cut(state.last + 1)
      if (state.frontier >= most) return await usedUp(state.accepted)
      if (draining || aborted) return { kind: 'interrupted' }
      if (store.settings.rows !== most) await store.setTarget(most)
      const wanted = counts ? wantedNow(state) : target
      engine = await options.createEngine(state.decided.intersect(0, most), {
        wanted,
        kept: state.kept,
      })
      if (aborted) engine.abort()
      else if (draining) engine.drain()
      const end = await engine.run()
      earlier = snapshot()
      engine = null
      if (end.kind !== 'complete') {
        const after = await store.keptRows({ wanted: target, most })
        const accepted = Math.min(target, after.below + after.beyond.reduce(sizeOf, 0))
        told = { target, accepted, candidates: decidedRows(after.decided), most }
        return end
      }
    }
  }

  /**
   * Records in addition to those that are there: as many as the share that counts asks for, and never more
   * beyond what is certainly needed than are in flight.
   */
  function wantedNow({ accepted, kept }: SelectionState): number {
    const records = kept.below
    const missing = target - accepted
    const inFlight = earlier?.routes.reduce((sum, { limit }) => sum + limit, 0) ?? 0
    const expected = Math.floor((missing * (records + 1)) / (accepted + 1))
    return records + Math.max(missing, Math.min(expected, missing + inFlight))
  }

  async function cut(rows: number): Promise<SchedulerEnd> {
    if (store.settings.rows !== rows) await store.setTarget(rows)
    told = { target, accepted: target, candidates: rows, most }
    return { kind: 'complete' }
  }

  async function usedUp(accepted: number): Promise<SchedulerEnd> {
    if (store.settings.rows !== most) await store.setTarget(most)
    const message = `All ${most} candidates are made, and ${accepted} of the ${target} rows that are wanted were accepted.`
    const keeps = select.on_exhausted === 'keep'
    options.warn({
      level: 'warning',
      code: 'candidates-used-up',
      path: ['select', 'max_candidates'],
      message,
      suggestion: keeps
        ? "The dataset has these; a larger 'max_candidates' continues from here."
        : "A larger 'max_candidates' continues from here; on_exhausted: keep uses the accepted rows.",
    })
    return keeps ? { kind: 'complete' } : { kind: 'stopped', reason: message, error: null }
  }

  function snapshot(): Snapshot | null {
    if (engine === null) return earlier
    const now = engine.snapshot()
    return now === null || earlier === null ? (now ?? earlier) : addSnapshots(earlier, now)
  }

  return {
    run,
    drain() {
      draining = true
      engine?.drain()
    },
    abort() {
      aborted = true
      engine?.abort()
    },
    snapshot,
    selection: () => told,
  }
}

/** Counts the records that processors keep of the first rows, up to the one that is wanted last. */
async function countRecords(
  store: RunStore,
  counted: DatasetPass,
  { frontier, target }: { frontier: number; target: number },
): Promise<Pick<SelectionState, 'accepted' | 'last'>> {
  let accepted = 0
  if (frontier === 0) return { accepted, last: null }
  for await (const rows of store.passRows(counted, frontier)) {
    const at = target - accepted - 1
    accepted += rows.length
    const last = rows[at]
    if (last !== undefined) return { accepted: target, last }
  }
  return { accepted, last: null }
}

function sizeOf(sum: number, { start, end }: { start: number; end: number }): number {
  return sum + end - start
}

function decidedRows(decided: readonly { start: number; end: number }[]): number {
  return decided.reduce(sizeOf, 0)
}
