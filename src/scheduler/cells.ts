import { CellFailure } from '../graph/failure.ts'
import type { GraphColumn } from '../graph/graph.ts'
import type {
  CellResult,
  ColumnGenerator,
  Generator,
  RequestGenerator,
  TaskGenerator,
} from '../graph/kind.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import { RequestError } from '../limits/outcome.ts'
import { BlockRow, cellOf } from './block.ts'
import { type Evaluator, fillCell, fillNull } from './evaluate.ts'
import { createFrames, type FrameRow, type Frames } from './frames.ts'
import type { Journal } from './journal.ts'
import type { OpenGroup } from './open-group.ts'
import type { Job, Requests } from './requests.ts'
import { createRowWork, type RowWork } from './row-work.ts'
import type { Clock } from '../util/clock.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

export interface CellsOptions {
  clock: Clock
  work: WorkGraph
  evaluator: Evaluator
  journal: Journal
  requests: Requests
  dispatcher: () => Dispatcher<Job>
  /** Position of a model alias among the dispatcher's routes. */
  routeOf: (alias: string) => number
  /** Position of the line in which cells of a task column wait to start; by local. */
  startRouteOf: (local: number) => number
  signal: AbortSignal
  cellMade: (local: number, outcome: 'ok' | 'skipped' | 'failed') => void
  cellFailed: (column: GraphColumn, row: number, failure: CellFailure, kept: boolean) => void
  groupChanged: (group: OpenGroup) => void
  changed: () => void
  fatal: (error: unknown) => void
}

/** Makes cells that became ready, each by its kind's declared unit of work. */
export interface Cells {
  readonly rowWork: RowWork
  readonly frames: Frames
  /** Tasks and frames that are at work themselves, not waiting for a reply. */
  readonly activeTasks: number
  ready(group: OpenGroup, local: number, offset: number): void
}

/** Turns of a conversation under way come before everything that has not started. */
const LIVE_GROUP = -1

export function createCells(options: CellsOptions): Cells {
  const { work, evaluator, journal, requests } = options
  const rowWork = createRowWork({ clock: options.clock, make: makeRowCell })
  const frameLocals = work.columns
    .filter(({ column }) => column.by === 'column' && column.producer === null)
    .map(({ local }) => local)
  const frames = createFrames(frameLocals, runFrame)
  let activeTasks = 0

  function columnOf(local: number): WorkColumn {
    return work.columns[local] as WorkColumn
  }

  function ready(group: OpenGroup, local: number, offset: number): void {
    const { column } = columnOf(local)
    if (column.producer !== null) {
      group.finish(local, offset)
    } else if (column.by === 'row') {
      rowWork.add(group, local, offset)
    } else if (evaluator.skip(column, group.block, offset)) {
      skipped(group, local, offset)
    } else if (column.by === 'column') {
      frames.arrive(local, { group, offset })
    } else {
      queue(group, local, offset)
    }
  }

  function skipped(group: OpenGroup, local: number, offset: number): void {
    if (columnOf(local).column.by === 'column') frames.leave(local, { group, offset })
    options.cellMade(local, 'skipped')
    group.finish(local, offset)
  }

  function makeRowCell(group: OpenGroup, local: number, offset: number): void {
    if (!group.isOpen(offset)) return
    const { column, generator } = columnOf(local)
    if (generator?.by !== 'row') throw new Error(`column ${column.name} has no row generator`)
    if (evaluator.skip(column, group.block, offset)) return skipped(group, local, offset)
    const failure = evaluator.row(column, generator, group.block, offset)
    if (failure === null) finished(group, local, offset)
    else failed(group, local, offset, failure, 1)
  }

  function queue(group: OpenGroup, local: number, offset: number): void {
    const generator = columnOf(local).generator as Generator
    if (generator.by !== 'cell') throw new Error('a cell column has a generator of another unit')
    group.running += 1
    if (generator.requests === 'one') queueRequest(group, local, offset, generator)
    else queueTask(group, local, offset, generator)
  }

  function leave(group: OpenGroup): void {
    group.running -= 1
    options.groupChanged(group)
  }

  function queueRequest(
    group: OpenGroup,
    local: number,
    offset: number,
    generator: RequestGenerator,
  ): void {
    const { column } = columnOf(local)
    const row = new BlockRow(group.block, offset)
    requests.submit({
      route: options.routeOf(generator.route),
      row: row.index,
      group: group.number,
      depth: column.depth,
      wanted: () => group.isOpen(offset),
      abandoned: () => leave(group),
      prepare: () => generator.prepare(row),
      reply: (reply, attempts) => settle(group, local, offset, attempts, finishOf(generator, reply, row)),
      failed: (error, attempts) =>
        settle(group, local, offset, attempts, { error: requestFailure(error) }),
      unprepared: (error) => settle(group, local, offset, 0, { error }),
    })
  }

  function queueTask(
    group: OpenGroup,
    local: number,
    offset: number,
    generator: TaskGenerator,
  ): void {
    const { column } = columnOf(local)
    options.dispatcher().enqueue(options.startRouteOf(local), {
      group: group.number,
      depth: column.depth,
      start(lease) {
        if (group.isOpen(offset)) {
          startTask(group, local, offset, generator, lease)
        } else {
          options.dispatcher().release(lease, { kind: 'unused' })
          leave(group)
        }
      },
    })
  }

  function startTask(
    group: OpenGroup,
    local: number,
    offset: number,
    generator: TaskGenerator,
    lease: Lease,
  ): void {
    const { column } = columnOf(local)
    const row = new BlockRow(group.block, offset)
    let sent = 0
    let outstanding = 0
    activeTasks += 1

    /** A task with a request outstanding waits like any request, in a line or on the wire. */
    function settled<T>(resolve: (value: T) => void): (value: T) => void {
      return (value) => {
        outstanding -= 1
        if (outstanding === 0) activeTasks += 1
        resolve(value)
      }
    }

    function request(alias: string, message: ModelRequest): Promise<ModelReply> {
      return new Promise((resolve, reject) => {
        const turn = sent
        sent += 1
        outstanding += 1
        if (outstanding === 1) activeTasks -= 1
        const refuse = settled(reject)
        requests.submit({
          route: options.routeOf(alias),
          row: row.index,
          group: turn === 0 ? group.number : LIVE_GROUP,
          depth: column.depth,
          wanted: () => true,
          abandoned: () => undefined,
          prepare: () => message,
          reply: settled(resolve),
          failed: (error) => refuse(requestFailure(error)),
          unprepared: refuse,
        })
      })
    }

    Promise.resolve()
      .then(() => generator.run(row, { signal: options.signal, request }))
      .then(
        (result) => taskEnded(group, local, offset, sent, lease, { result }),
        (error: unknown) => taskEnded(group, local, offset, sent, lease, { error }),
      )
      .catch(options.fatal)
  }

  function taskEnded(
    group: OpenGroup,
    local: number,
    offset: number,
    sent: number,
    lease: Lease,
    outcome: Outcome,
  ): void {
    // What a task throws when it is told to stop says nothing about its cell.
    if (options.signal.aborted && 'error' in outcome) leave(group)
    else settle(group, local, offset, Math.max(1, sent), outcome)
    options.dispatcher().release(lease, { kind: 'result' in outcome ? 'ok' : 'failed' })
    taskDone()
  }

  /** Last, so that nothing ends while the consequences of a task are drawn. */
  function taskDone(): void {
    activeTasks -= 1
    options.changed()
  }

  function runFrame(local: number, rows: readonly FrameRow[]): void {
    const generator = columnOf(local).generator as ColumnGenerator
    const views = rows.map(({ group, offset }) => new BlockRow(group.block, offset))
    for (const { group } of rows) group.running += 1
    activeTasks += 1
    Promise.resolve()
      .then(() => generator.generate(views, options.signal))
      .then(
        (results) => frameEnded(local, rows, results),
        (error: unknown) => frameEnded(local, rows, error),
      )
      .catch(options.fatal)
  }

  function frameEnded(local: number, rows: readonly FrameRow[], answer: unknown): void {
    if (options.signal.aborted && !Array.isArray(answer)) {
      for (const { group } of rows) leave(group)
      taskDone()
      return
    }
    const results = frameResults(columnOf(local), rows.length, answer)
    rows.forEach(({ group, offset }, index) => {
      const result = results[index] as CellResult | Error
      settle(group, local, offset, 1, result instanceof Error ? { error: result } : { result })
    })
    taskDone()
  }

  /** The cell has its answer: paid for, so written down whatever became of its row meanwhile. */
  function settle(
    group: OpenGroup,
    local: number,
    offset: number,
    attempts: number,
    outcome: Outcome,
  ): void {
    const { column } = columnOf(local)
    let failure: CellFailure | null = null
    if ('error' in outcome) {
      failure = outcome.error instanceof CellFailure ? outcome.error : thrownFailure(outcome.error)
    } else {
      try {
        fillCell(column, group.block, offset, outcome.result)
        if (!column.pure) writeDown(group, local, offset, attempts)
      } catch (error) {
        if (!(error instanceof CellFailure)) throw error
        failure = error
      }
    }
    if (failure === null) finished(group, local, offset)
    else failed(group, local, offset, failure, attempts)
    leave(group)
  }

  function writeDown(group: OpenGroup, local: number, offset: number, attempts: number): void {
    const { column } = columnOf(local)
    const row = group.block.rowAt(offset)
    // Sides first: where the main cell is known, they are.
    for (const id of [...column.sides, column.id]) {
      journal.cell({ row, column: id, value: cellOf(group.block, id, offset), attempts })
    }
  }

  function finished(group: OpenGroup, local: number, offset: number): void {
    options.cellMade(local, 'ok')
    if (group.isOpen(offset)) group.finish(local, offset)
  }

  function failed(
    group: OpenGroup,
    local: number,
    offset: number,
    failure: CellFailure,
    attempts: number,
  ): void {
    const { column } = columnOf(local)
    const keeps = column.onFailure === 'null'
    journal.failure({
      row: group.block.rowAt(offset),
      column: column.id,
      code: failure.code,
      message: failure.message,
      attempts,
      ...(failure.raw === undefined ? {} : { raw: failure.raw }),
      outcome: keeps ? 'null' : 'dropped',
    })
    options.cellMade(local, 'failed')
    options.cellFailed(column, group.block.rowAt(offset), failure, keeps)
    if (!group.isOpen(offset)) return
    if (keeps) {
      fillNull(column, group.block, offset)
      group.finish(local, offset)
    } else {
      group.drop(offset)
      frames.leaveAll({ group, offset })
    }
  }

  return {
    rowWork,
    frames,
    get activeTasks() {
      return activeTasks
    },
    ready,
  }
}

type Outcome = { result: CellResult } | { error: unknown }

function finishOf(generator: RequestGenerator, reply: ModelReply, row: BlockRow): Outcome {
  try {
    return { result: generator.finish(reply, row) }
  } catch (error) {
    return { error }
  }
}

function requestFailure(error: RequestError): CellFailure {
  const options = error.detail === null ? { cause: error } : { cause: error, raw: error.detail }
  return new CellFailure(error.code, error.message, options)
}

/** A function of the user threw: that is about its cell. The message is what can be acted on. */
function thrownFailure(error: unknown): CellFailure {
  const message = error instanceof Error ? error.message : String(error)
  return new CellFailure('generator-error', message, { cause: error })
}

function frameResults(
  { column }: WorkColumn,
  rows: number,
  answer: unknown,
): readonly (CellResult | Error)[] {
  if (Array.isArray(answer) && answer.length === rows) return answer
  const message = Array.isArray(answer)
    ? `column ${column.name} answered ${answer.length} cells for ${rows} rows; one per row is needed`
    : messageOfThrown(answer)
  return Array.from({ length: rows }, () => new CellFailure('frame-failed', message))
}

function messageOfThrown(answer: unknown): string {
  return answer instanceof Error ? answer.message : String(answer)
}
