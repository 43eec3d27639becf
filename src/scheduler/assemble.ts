import type { CellFailure } from '../graph/failure.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { Generator, RowGenerator, TaskContext } from '../graph/kind.ts'
import type { Clock } from '../util/clock.ts'
import type { Value } from '../util/value.ts'
import { type Block, BlockRow, cellStatus, createBlock, setCell, statusOf } from './block.ts'
import { type Evaluator, fillCell, fillNull } from './evaluate.ts'
import type { JournaledFailure } from './journal.ts'
import type { KnownCells } from './known-cells.ts'
import { frameFailure, frameOutcomes, type Outcome, thrownFailure } from './outcome.ts'

export interface AssembleOptions {
  graph: Graph
  generators: readonly (Generator | null)[]
  evaluator: Evaluator
  clock: Clock
  /** Decided rows of one part, absolute and ascending. */
  rows: Float64Array
  /** What the ledger holds of them. */
  known: KnownCells
  frameRows: number
  signal: AbortSignal
  /** Longest time on the event loop, in ms; others take their slices in the same turn. */
  sliceMs?: number
}

/** A decided row without a record. */
interface AbsentRow {
  row: number
  outcome: 'dropped' | 'rejected'
  column: number
  code: string
}

/** Decided rows ready to be written. */
export interface AssembledPart {
  /** Rows with a record. */
  rows: Float64Array
  /** Cells by column id, aligned with `rows`. */
  columns: readonly (readonly Value[])[]
  absent: readonly AbsentRow[]
  /** Failures of pure columns, found here. */
  failures: readonly JournaledFailure[]
  /** Rows with a null because a cell failed. */
  nullKept: number
  /** Skipped cells by column id. */
  skipped: readonly number[]
}

/**
 * Makes the records of decided rows: cells that were paid for come from the ledger, pure ones are
 * made again (the same, being pure) or, when nothing paid needed them, for the first time.
 */
export async function assemblePart(options: AssembleOptions): Promise<AssembledPart> {
  const { graph, known } = options
  const absent: AbsentRow[] = []
  const gone = new Set<number>()
  const kept = new Map<string, JournaledFailure>()
  for (const failure of known.failures) {
    const { row, column, code, outcome } = failure
    if (outcome === 'null') {
      kept.set(`${column}:${row}`, failure)
    } else if (!gone.has(row)) {
      gone.add(row)
      absent.push({ row, outcome, column, code })
    }
  }
  const rows = gone.size === 0 ? options.rows : options.rows.filter((row) => !gone.has(row))
  const decided = absent.length === 0 ? null : new Set(options.rows)
  const state: Assembly = {
    ...options,
    block: createBlock(graph, rows.length, (offset) => rows[offset] as number),
    lost: new Uint8Array(rows.length),
    kept,
    absent: absent.filter(({ row }) => decided?.has(row)),
    failures: [],
    pace: createPace(options.clock, options.sliceMs ?? 2),
  }
  for (const column of graph.columns) {
    if (column.producer === null) await makeColumn(state, column)
  }
  return collect(state, rows)
}

interface Assembly extends AssembleOptions {
  block: Block
  /** 1 for a row that lost a pure cell: it has no record. */
  lost: Uint8Array
  kept: ReadonlyMap<string, JournaledFailure>
  absent: AbsentRow[]
  failures: JournaledFailure[]
  pace: () => Promise<void> | null
}

/** Rows between two looks at the clock. */
const STRIDE = 16

async function makeColumn(state: Assembly, column: GraphColumn): Promise<void> {
  const generator = state.generators[column.id]
  if (column.pure && generator?.by === 'row') return makeRows(state, column, generator)
  const { block, lost, evaluator } = state
  const frames = new Map<number, number[]>()
  for (let offset = 0; offset < block.size; offset += 1) {
    const pause = offset % STRIDE === 0 ? state.pace() : null
    if (pause !== null) await pause
    if (lost[offset] === 1) continue
    if (!column.pure) {
      takeKnown(state, column, offset)
    } else if (evaluator.skip(column, block, offset)) {
      continue
    } else if (generator?.by === 'cell') {
      await makeCell(state, column, generator, offset)
    } else {
      const frame = Math.floor(block.rowAt(offset) / state.frameRows)
      const offsets = frames.get(frame)
      if (offsets === undefined) frames.set(frame, [offset])
      else offsets.push(offset)
    }
  }
  for (const offsets of frames.values()) {
    await makeFrame(state, column, generator, offsets)
  }
}

/** The cells of a sampler, an expression or a seed column: one loop over a slice of rows. */
async function makeRows(
  state: Assembly,
  column: GraphColumn,
  generator: RowGenerator,
): Promise<void> {
  const { block, lost, evaluator } = state
  const row = new BlockRow(block, 0)
  for (let from = 0; from < block.size; from += STRIDE) {
    const pause = state.pace()
    if (pause !== null) await pause
    const to = Math.min(from + STRIDE, block.size)
    for (let offset = from; offset < to; offset += 1) {
      if (lost[offset] === 1 || evaluator.skip(column, block, offset)) continue
      row.offset = offset
      const failure = evaluator.row(column, generator, row)
      if (failure !== null) lose(state, column, offset, failure)
    }
  }
}

/** A journaled cell: what the ledger has, also when its condition would skip it today. */
function takeKnown(state: Assembly, column: GraphColumn, offset: number): void {
  const { block, known } = state
  const row = block.rowAt(offset)
  const value = known.cells[column.id]?.get(row)
  if (value !== undefined) {
    setCell(block, column.id, offset, value, cellStatus.done)
    for (const side of column.sides) {
      setCell(block, side, offset, known.cells[side]?.get(row) ?? null, cellStatus.done)
    }
  } else if (state.kept.has(`${column.id}:${row}`)) {
    fillNull(column, block, offset)
  } else if (!state.evaluator.skip(column, block, offset)) {
    throw new Error(
      `row ${row} counts as decided but the ledger has no cell of column ${column.name}; this is a defect of rowsmith`,
    )
  }
}

/** A pure cell may take its time, but sends nothing: a request would be paid for again. */
async function makeCell(
  state: Assembly,
  column: GraphColumn,
  generator: Extract<Generator, { by: 'cell' }>,
  offset: number,
): Promise<void> {
  if (generator.requests !== 'none') {
    throw new Error(`column ${column.name} is declared pure and sends requests; it can't be both`)
  }
  const request = (): Promise<never> =>
    Promise.reject(new Error(`column ${column.name} is declared to send no requests`))
  let outcome: Outcome
  try {
    const row = new BlockRow(state.block, offset)
    const { signal } = state
    const step: TaskContext['step'] = (_name, _input, run) => run(signal)
    outcome = { result: await generator.run(row, { signal, request, step }) }
  } catch (error) {
    outcome = { error }
  }
  take(state, column, offset, outcome)
}

async function makeFrame(
  state: Assembly,
  column: GraphColumn,
  generator: Generator | null | undefined,
  offsets: readonly number[],
): Promise<void> {
  if (generator?.by !== 'column') throw new Error(`column ${column.name} has no frame generator`)
  const views = offsets.map((offset) => new BlockRow(state.block, offset))
  let outcomes: readonly Outcome[]
  try {
    const answer = await generator.generate(views, state.signal)
    outcomes = frameOutcomes(column.name, offsets.length, answer)
  } catch (error) {
    outcomes = frameFailure(offsets.length, error)
  }
  offsets.forEach((offset, index) => take(state, column, offset, outcomes[index] as Outcome))
}

function take(state: Assembly, column: GraphColumn, offset: number, outcome: Outcome): void {
  // What is thrown when it is told to stop says nothing about the cell.
  state.signal.throwIfAborted()
  try {
    if ('error' in outcome) throw outcome.error
    fillCell(column, state.block, offset, outcome.result)
  } catch (error) {
    lose(state, column, offset, thrownFailure(error))
  }
}

/**
 * A pure cell failed: the row keeps a null there or has no record, as its column says. The ledger
 * has it already when something paid for needed the cell.
 */
function lose(
  state: Assembly,
  column: GraphColumn,
  offset: number,
  { code, message }: CellFailure,
): void {
  const row = state.block.rowAt(offset)
  const keeps = column.onFailure === 'null'
  const outcome = keeps ? 'null' : 'dropped'
  const told = state.kept.has(`${column.id}:${row}`)
  if (!told)
    state.failures.push({
      row,
      column: column.id,
      code,
      message,
      attempts: 1,
      outcome,
    })
  if (keeps) {
    fillNull(column, state.block, offset)
  } else {
    state.lost[offset] = 1
    state.absent.push({ row, outcome: 'dropped', column: column.id, code })
  }
}

function collect(state: Assembly, rows: Float64Array): AssembledPart {
  const { block, lost, graph } = state
  const complete = state.absent.length === 0 || !lost.includes(1)
  const columns = graph.columns.map(({ id }) => {
    const cells = block.cells[id] ?? []
    return complete ? cells : cells.filter((_, offset) => lost[offset] === 0)
  })
  return {
    rows: complete ? rows : rows.filter((_, offset) => lost[offset] === 0),
    columns,
    absent: state.absent.sort((a, b) => a.row - b.row),
    failures: state.failures,
    nullKept: countKept(state),
    skipped: graph.columns.map(({ id }) => countSkipped(state, id)),
  }
}

function countSkipped({ block, lost }: Assembly, column: number): number {
  const states = block.status[column] ?? []
  let count = 0
  for (let offset = 0; offset < states.length; offset += 1) {
    if (states[offset] === cellStatus.skipped && lost[offset] === 0) count += 1
  }
  return count
}

function countKept({ block, lost, graph }: Assembly): number {
  const failing = graph.columns.filter(({ onFailure }) => onFailure === 'null')
  if (failing.length === 0) return 0
  let count = 0
  for (let offset = 0; offset < block.size; offset += 1) {
    if (lost[offset] === 1) continue
    if (failing.some(({ id }) => statusOf(block, id, offset) === cellStatus.failed)) count += 1
  }
  return count
}

/** Null to go on, or a promise of the event loop's next turn. */
function createPace(clock: Clock, sliceMs: number): () => Promise<void> | null {
  let end = clock.now() + sliceMs
  return () => {
    if (clock.now() < end) return null
    return new Promise((resolve) => {
      clock.soon(() => {
        end = clock.now() + sliceMs
        resolve()
      })
    })
  }
}
