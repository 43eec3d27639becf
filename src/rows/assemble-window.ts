import type { CellFailure } from '../graph/failure.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { Generator, RowGenerator, TaskContext, TaskGenerator } from '../graph/kind.ts'
import { fromStored, storedBytes, type StoredValue } from '../graph/stored-value.ts'
import {
  type Block,
  BlockRow,
  type ByteTally,
  cellStatus,
  createBlock,
  freeRow,
  freeRows,
  setCell,
  setStatus,
  statusOf,
} from './block.ts'
import { type Evaluator, fillCell, fillNull, rejectsRow } from './evaluate.ts'
import type { JournaledFailure } from './journal.ts'
import { frameFailure, frameOutcomes, type Outcome, thrownFailure } from './cell-outcome.ts'
import type { Pace } from './pace.ts'
import type { AbsentRow, PartEnd, RecordBlock } from './part-content.ts'
import { StoppingFailure } from './stopping-failure.ts'
import { createAbort } from './abort.ts'
import { storedCells, storedColumn } from './stored-cells.ts'
import type { StoredBlock } from './stored-rows.ts'

export interface WindowMakerOptions {
  graph: Graph
  generators: readonly (Generator | null)[]
  evaluator: Evaluator
  frameRows: number
  localWorkers: number
  signal: AbortSignal
  tally: ByteTally
  blockBytes: number
  pace: Pace
}

/** Makes the records of a part window by window; what is known at the end is collected. */
export interface WindowMaker {
  /** `known` is what the ledger holds, of these rows and perhaps of more. */
  make(rows: Float64Array, known: StoredBlock | null): AsyncGenerator<RecordBlock>
  end(): PartEnd
  /** Nothing more is made. */
  close(): void
}

/** Some rows of a part, column by column. */
interface Window {
  rows: Float64Array
  block: Block
  /** 1 for a row that has no record. */
  lost: Uint8Array
  /** Journaled cells by column id and position, in their stored form; undefined where there is none. */
  stored: readonly ((StoredValue | undefined)[] | undefined)[]
  /** Journaled failures that left a null, by column and position. */
  kept: ReadonlySet<string>
  /** By column id: the position behind the last one made. */
  made: number[]
  /** The first position that was not handed on. */
  from: number
  /** Where the pass over the columns ends; earlier than it was planned once the bytes are enough. */
  to: number
}

/** Rows between two looks at the clock. */
const STRIDE = 16
/** Rows of the first call of a whole-column function. */
const FIRST_FRAME_ROWS = 16

export function createWindowMaker(options: WindowMakerOptions): WindowMaker {
  const { graph, generators, evaluator, blockBytes, pace, tally } = options
  const absent: AbsentRow[] = []
  const failures: JournaledFailure[] = []
  const skipped = graph.columns.map(() => 0)
  let nullKept = 0
  const main = graph.columns.filter(({ producer }) => producer === null)
  const isRead = readByPure(graph)
  const canSkip = graph.columns.some(({ skip }) => skip !== null)
  const keeping = graph.columns.filter(({ onFailure }) => onFailure === 'null')
  const abort = createAbort(options.signal)
  /** By column id: rows of a whole-column call; what the values of the last ones weighed decides. */
  const rowsAtOnce: number[] = []

  function open(rows: Float64Array, known: StoredBlock | null): Window {
    const block = createBlock(graph, rows.length, (offset) => rows[offset] as number, tally)
    const lost = new Uint8Array(rows.length)
    const kept = known === null ? noFailures : takeFailures(rows, known, lost)
    const stored = known === null ? [] : storedCells(graph, rows, known)
    return { rows, block, lost, stored, kept, made: [], from: 0, to: rows.length }
  }

  /** Null-kept cells; rows that have a failed cell otherwise are absent. */
  function takeFailures(
    rows: Float64Array,
    known: StoredBlock,
    lost: Uint8Array,
  ): ReadonlySet<string> {
    if (known.failures.length === 0) return noFailures
    const offsets = new Map(Array.from(rows, (row, offset) => [row, offset]))
    const kept = new Set<string>()
    for (const { row, column, code, outcome } of known.failures) {
      const offset = offsets.get(row)
      if (offset === undefined) continue
      if (outcome === 'null') {
        kept.add(`${column}:${offset}`)
      } else if (outcome === 'dropped' && lost[offset] === 0) {
        lost[offset] = 1
        absent.push({ row, outcome, column, code })
      }
    }
    return kept
  }

  /** One pass over the columns: makes rows from `window.from` on, until their bytes are a block. */
  async function pass(window: Window): Promise<void> {
    window.to = window.block.size
    for (const column of main) {
      const generator = generators[column.id] ?? null
      const from = window.made[column.id] ?? 0
      if (!column.pure) takeColumn(window, column, from)
      else if (generator?.by === 'row') await makeRows(window, column, generator, from)
      else if (generator?.by === 'cell') await makeCells(window, column, generator, from)
      else await makeFrames(window, column, generator, from)
      window.made[column.id] = Math.max(from, window.to)
    }
  }

  function stopWhenFull(window: Window, to: number): void {
    if (window.block.bytes >= blockBytes && to < window.to) window.to = to
  }

  function takeColumn(window: Window, column: GraphColumn, from: number): void {
    for (let offset = from; offset < window.to; offset += 1) {
      if (window.lost[offset] === 1) continue
      takeKnown(window, column, offset)
      stopWhenFull(window, offset + 1)
    }
  }

  /** A journaled cell: what the ledger has, also when its condition would skip it today. */
  function takeKnown({ block, stored, kept }: Window, column: GraphColumn, offset: number): void {
    const value = stored[column.id]?.[offset]
    if (value !== undefined) {
      takeValue(block, column.id, offset, value)
      for (const side of column.sides)
        takeValue(block, side, offset, stored[side]?.[offset] ?? null)
    } else if (kept.has(`${column.id}:${offset}`)) {
      fillNull(column, block, offset)
    } else if (!evaluator.skip(column, block, offset)) {
      throw new Error(
        `row ${block.rowAt(offset)} counts as decided but the ledger has no cell of column ${column.name}; this is a bug in rowsmith`,
      )
    }
  }

  /** Parsed only where a pure column reads it: the text goes into the part as it is. */
  function takeValue(block: Block, column: number, offset: number, value: StoredValue): void {
    const { type } = graph.columns[column] as GraphColumn
    if (isRead[column]) setCell(block, column, offset, fromStored(type, value), cellStatus.done)
    else setStatus(block, column, offset, cellStatus.done, storedBytes(value))
  }

  /** The cells of a sampler, an expression or a seed column: one loop over a slice of rows. */
  async function makeRows(
    window: Window,
    column: GraphColumn,
    generator: RowGenerator,
    from: number,
  ): Promise<void> {
    const { block, lost } = window
    const row = new BlockRow(block, 0)
    const mayReject = column.rejects !== null
    for (let start = from; start < window.to; start += STRIDE) {
      const pause = pace()
      if (pause !== null) await pause
      for (let offset = start; offset < start + STRIDE && offset < window.to; offset += 1) {
        if (lost[offset] === 1 || evaluator.skip(column, block, offset)) continue
        row.offset = offset
        const failure = evaluator.row(column, generator, row)
        if (failure !== null) lose(window, column, offset, failure)
        else if (mayReject && rejectsRow(column, block, offset)) reject(window, column, offset)
        if (block.bytes >= blockBytes) stopWhenFull(window, offset + 1)
      }
    }
  }

  /** Cells that may take their time, some at once. */
  async function makeCells(
    window: Window,
    column: GraphColumn,
    generator: Extract<Generator, { by: 'cell' }>,
    from: number,
  ): Promise<void> {
    if (generator.requests !== 'none') {
      throw new Error(`column ${column.name} is declared pure and sends requests; it can't be both`)
    }
    let next = from
    async function work(task: TaskGenerator): Promise<void> {
      while (next < window.to) {
        const offset = next
        next += 1
        if (window.lost[offset] === 1 || evaluator.skip(column, window.block, offset)) continue
        take(window, column, offset, await runCell(window, column, task, offset))
        stopWhenFull(window, next)
      }
    }
    const workers = Math.min(options.localWorkers, window.to - from)
    await Promise.all(Array.from({ length: workers }, () => work(generator)))
  }

  /** A pure cell sends nothing: a request would be paid for again. */
  async function runCell(
    { block }: Window,
    column: GraphColumn,
    generator: TaskGenerator,
    offset: number,
  ): Promise<Outcome> {
    const { signal } = options
    const request = (): Promise<never> =>
      Promise.reject(new Error(`column ${column.name} is declared to send no requests`))
    const step: TaskContext['step'] = (_name, _input, work) => work(signal)
    signal.throwIfAborted()
    try {
      const running = generator.run(new BlockRow(block, offset), { signal, request, step })
      return { result: await abort.orElse(running) }
    } catch (error) {
      return { error }
    }
  }

  /** Whole-column work that is pure answers for every row alone, so any rows of a frame will do. */
  async function makeFrames(
    window: Window,
    column: GraphColumn,
    generator: Generator | null,
    from: number,
  ): Promise<void> {
    if (generator?.by !== 'column') throw new Error(`column ${column.name} has no frame generator`)
    const { block, lost } = window
    for (let start = from; start < window.to;) {
      const frame = Math.floor(block.rowAt(start) / options.frameRows)
      const offsets: number[] = []
      const atOnce = rowsAtOnce[column.id] ?? FIRST_FRAME_ROWS
      const bound = Math.min(window.to, start + atOnce)
      let end = start
      for (; end < bound && Math.floor(block.rowAt(end) / options.frameRows) === frame; end += 1) {
        if (lost[end] === 0 && !evaluator.skip(column, block, end)) offsets.push(end)
      }
      start = end
      if (offsets.length === 0) continue
      options.signal.throwIfAborted()
      const before = block.bytes
      const views = offsets.map((offset) => new BlockRow(block, offset))
      let outcomes: readonly Outcome[]
      try {
        const answer = await abort.orElse(generator.generate(views, options.signal))
        outcomes = frameOutcomes(column.name, offsets.length, answer)
      } catch (error) {
        outcomes = frameFailure(offsets.length, error)
      }
      offsets.forEach((offset, at) => take(window, column, offset, outcomes[at] as Outcome))
      const each = (block.bytes - before) / offsets.length
      rowsAtOnce[column.id] = Math.max(1, Math.min(8 * atOnce, Math.floor(blockBytes / each)))
      stopWhenFull(window, end)
    }
  }

  function take(window: Window, column: GraphColumn, offset: number, outcome: Outcome): void {
    // What is thrown when it is told to stop says nothing about the cell.
    options.signal.throwIfAborted()
    try {
      if ('error' in outcome) throw outcome.error
      fillCell(column, window.block, offset, outcome.result)
    } catch (error) {
      lose(window, column, offset, thrownFailure(error))
    }
  }

  /**
   * A pure cell failed: the row keeps a null there or has no record, as its column says. The ledger
   * has it already when something paid for needed the cell.
   */
  function lose(
    { block, lost, kept }: Window,
    column: GraphColumn,
    offset: number,
    failure: CellFailure,
  ): void {
    const { code, message } = failure
    const row = block.rowAt(offset)
    if (column.onFailure === 'stop') throw new StoppingFailure(column.name, row, failure)
    const keeps = column.onFailure === 'null'
    const outcome = keeps ? 'null' : 'dropped'
    if (!kept.has(`${column.id}:${offset}`)) {
      failures.push({ row, column: column.id, code, message, attempts: 1, outcome })
    }
    if (keeps) {
      fillNull(column, block, offset)
    } else {
      lost[offset] = 1
      absent.push({ row, outcome: 'dropped', column: column.id, code })
    }
  }

  function reject({ block, lost }: Window, { id, rejects }: GraphColumn, offset: number): void {
    lost[offset] = 1
    const row = block.rowAt(offset)
    absent.push({ row, outcome: 'rejected', column: id, code: rejects ?? '' })
  }

  /** Takes the finished rows out of a window; null when none of them has a record. */
  function handOn(window: Window): RecordBlock | null {
    const { rows, block, lost, from, to } = window
    const offsets: number[] = []
    let bytes = 0
    for (let offset = from; offset < to; offset += 1) {
      if (lost[offset] === 1) continue
      offsets.push(offset)
      bytes += 8 + (block.rowBytes[offset] as number)
    }
    count(block, offsets)
    const columns = graph.columns.map(({ id, type }) =>
      storedColumn(type, window.stored[id], block.cells[id], offsets),
    )
    if (to === block.size) freeRows(block)
    else for (let offset = from; offset < to; offset += 1) freeRow(block, offset)
    window.from = to
    if (offsets.length === 0) return null
    tally.bytes += bytes
    let held = true
    return {
      rows: offsets.length === to - from ? rows.slice(from, to) : rowsAt(rows, offsets),
      columns,
      bytes,
      release() {
        if (held) tally.bytes -= bytes
        held = false
      },
    }
  }

  function count(block: Block, offsets: readonly number[]): void {
    if (canSkip) {
      for (const { id } of graph.columns) {
        for (const offset of offsets) {
          if (statusOf(block, id, offset) === cellStatus.skipped)
            skipped[id] = (skipped[id] ?? 0) + 1
        }
      }
    }
    if (keeping.length === 0) return
    for (const offset of offsets) {
      if (keeping.some(({ id }) => statusOf(block, id, offset) === cellStatus.failed)) nullKept += 1
    }
  }

  return {
    async *make(rows, known) {
      const window = open(rows, known)
      try {
        while (window.from < rows.length) {
          await pass(window)
          const block = handOn(window)
          if (block !== null) yield block
        }
      } finally {
        tally.bytes -= window.block.bytes
      }
    },
    end: () => ({
      absent: absent.sort((one, other) => one.row - other.row),
      failures,
      nullKept,
      skipped,
    }),
    close: abort.close,
  }
}

const noFailures: ReadonlySet<string> = new Set()

/** In a loop: `Float64Array.from` with a function costs more than the other work of a cheap row. */
function rowsAt(rows: Float64Array, offsets: readonly number[]): Float64Array {
  const kept = new Float64Array(offsets.length)
  for (let at = 0; at < offsets.length; at += 1) kept[at] = rows[offsets[at] as number] as number
  return kept
}

/** By column id: whether a pure column reads it, its condition included. */
function readByPure(graph: Graph): boolean[] {
  const read = graph.columns.map(() => false)
  for (const { pure, producer, upstream, skip } of graph.columns) {
    // A journaled column's condition is asked again where the ledger has no cell of it.
    if (producer === null && (pure || skip !== null)) for (const id of upstream) read[id] = true
  }
  return read
}
