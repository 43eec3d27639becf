import type { RequestGenerator, SharedGenerator } from '../graph/kind.ts'
import type { RequestError } from '../graph/request-error.ts'
import type { ModelReply, ModelRequest, Usage } from '../graph/request.ts'
import { BlockRow } from '../rows/block.ts'
import { type Lookup, partsOfReply } from './cache-lookups.ts'
import type { OpenGroup } from './open-group.ts'
import { frameOutcomes, type Outcome, requestFailure } from '../rows/cell-outcome.ts'
import type { RequestJob } from './request-job.ts'
import type { Requests } from './requests.ts'

/** A cell that waits to be put into a request with others. */
interface SharedCell {
  group: OpenGroup
  offset: number
}

export interface SharedColumnOptions {
  /** The column's id and name. */
  id: number
  name: string
  generator: SharedGenerator
  route: number
  depth: number
  requests: Requests
  ended: (cell: SharedCell, attempts: number, outcome: Outcome) => void
  abandoned: (cell: SharedCell) => void
}

/** The cells of a column that share requests. */
export interface SharedColumn {
  queue(cell: SharedCell): void
}

/**
 * A request is formed when it can leave, from the cells that wait then: only so many requests are in
 * line as the waiting cells need.
 */
export function createSharedColumn(options: SharedColumnOptions): SharedColumn {
  const most = Math.max(1, Math.floor(options.generator.most))
  // The head moves and the front is cut off in bulk.
  let waiting: SharedCell[] = []
  let head = 0
  let inLine = 0

  function take(): SharedCell[] {
    inLine -= 1
    const taken: SharedCell[] = []
    while (head < waiting.length && taken.length < most) {
      const cell = waiting[head] as SharedCell
      head += 1
      if (cell.group.isOpen(cell.offset)) taken.push(cell)
      else options.abandoned(cell)
    }
    if (head > 1_024 && head > waiting.length / 2) {
      waiting = waiting.slice(head)
      head = 0
    }
    return taken
  }

  function submit(group: number, cells: readonly SharedCell[] | null): void {
    options.requests.submit(new SharedRequest({ ...options, group, take, submit }, cells))
  }

  return {
    queue(cell) {
      const { cache } = options.requests
      const lookup = cache === null ? null : lookupOf(options, cell)
      if (cache === null || lookup === null) return enter(cell)
      cache.find(lookup, (reply) => {
        if (reply === null) return enter(cell)
        if (!isOpen(cell)) return options.abandoned(cell)
        const [outcome] = outcomesOf(options, reply, [cell])
        options.ended(cell, 1, outcome as Outcome)
      })
    },
  }

  function enter(cell: SharedCell): void {
    waiting.push(cell)
    if (waiting.length - head <= inLine * most) return
    inLine += 1
    submit(cell.group.number, null)
  }
}

/** What one cell alone would ask; null where that can't be said. */
function lookupOf(
  { route, id: column, generator }: SharedColumnOptions,
  cell: SharedCell,
): Lookup | null {
  try {
    const message = generator.prepare([viewOf(cell)])
    return { route, row: cell.group.block.rowAt(cell.offset), column, turn: 0, message }
  } catch {
    // The error is reported when the shared request is made.
    return null
  }
}

function outcomesOf(
  { name, generator }: SharedColumnOptions,
  reply: ModelReply,
  cells: readonly SharedCell[],
): Outcome[] {
  try {
    return frameOutcomes(name, cells.length, generator.finish(reply, cells.map(viewOf)))
  } catch (error) {
    return cells.map(() => ({ error }))
  }
}

interface SharedRequestOptions extends SharedColumnOptions {
  group: number
  take: () => SharedCell[]
  submit: (group: number, cells: readonly SharedCell[]) => void
}

class SharedRequest implements RequestJob {
  readonly isShared = true
  readonly #options: SharedRequestOptions
  /** Null until it is first in its line. */
  #cells: readonly SharedCell[] | null
  /** Whether the request that is about to leave, or in flight, is about these cells. */
  #isFixed = false

  constructor(options: SharedRequestOptions, cells: readonly SharedCell[] | null) {
    this.#options = options
    this.#cells = cells
  }

  get route(): number {
    return this.#options.route
  }

  get row(): number {
    const [first] = this.#cells ?? []
    return first === undefined ? -1 : first.group.block.rowAt(first.offset)
  }

  rows(): readonly number[] {
    return this.#known().map(({ group, offset }) => group.block.rowAt(offset))
  }

  get column(): number {
    return this.#options.id
  }

  get group(): number {
    return this.#options.group
  }

  get depth(): number {
    return this.#options.depth
  }

  wanted(): boolean {
    if (this.#isFixed) return this.#known().some(isOpen)
    const cells = this.#cells ?? this.#options.take()
    this.#cells = cells.filter(isOpen)
    for (const cell of cells) if (!isOpen(cell)) this.#options.abandoned(cell)
    return this.#cells.length > 0
  }

  abandoned(): void {
    if (!this.#isFixed) return
    for (const cell of this.#known()) this.#options.abandoned(cell)
  }

  prepare(): ModelRequest {
    this.#isFixed = true
    return this.#options.generator.prepare(this.#known().map(viewOf))
  }

  /** Rows that were dropped meanwhile are not asked for again. */
  returned(): void {
    this.#isFixed = false
  }

  reply(reply: ModelReply, attempts: number, choice: number): void {
    const cells = this.#known()
    const outcomes = outcomesOf(this.#options, reply, cells)
    this.#keep(reply, choice, cells)
    // Of one reply: it is known only as a whole, and is lost as a whole where no row could use it.
    const usage = outcomes.every((outcome) => 'error' in outcome) ? reply.usage : null
    this.#end(outcomes, attempts, usage)
  }

  failed(error: RequestError, attempts: number, spent: Usage | null): void {
    const { kind } = error.problem
    // Both may be about the content of one row.
    if ((kind === 'refused' || kind === 'suspect') && this.#halve()) return
    const failure = { error: requestFailure(error) }
    this.#end(
      this.#known().map(() => failure),
      attempts,
      spent,
    )
  }

  unprepared(error: unknown): void {
    if (this.#halve()) return
    this.#end(
      this.#known().map(() => ({ error })),
      0,
      null,
    )
  }

  /** One row may be what is wrong with it. */
  #halve(): boolean {
    const cells = this.#known()
    if (cells.length < 2) return false
    const middle = cells.length >> 1
    for (const half of [cells.slice(0, middle), cells.slice(middle)]) {
      this.#options.submit(this.#options.group, half)
    }
    return true
  }

  /** Each cell is looked for by itself the next time, whatever it shares a request with then. */
  #keep(reply: ModelReply, choice: number, cells: readonly SharedCell[]): void {
    const { cache } = this.#options.requests
    if (cache === null) return
    const lookups = cells.flatMap((cell) => lookupOf(this.#options, cell) ?? [])
    if (lookups.length < cells.length) return
    const parts = partsOfReply(
      lookups.map(({ message }) => message),
      reply,
    )
    lookups.forEach((lookup, at) => {
      const part = parts[at]
      if (part !== null && part !== undefined) cache.keepPart(lookup, choice, part)
    })
  }

  #end(outcomes: readonly Outcome[], attempts: number, usage: Usage | null): void {
    this.#known().forEach((cell, index) => {
      const outcome = outcomes[index] as Outcome
      const first = index === 0 && usage !== null
      this.#options.ended(cell, attempts, first ? { ...outcome, usage } : outcome)
    })
  }

  #known(): readonly SharedCell[] {
    return this.#cells ?? []
  }
}

/** Makes each cell by a separate request, where its answer comes another time. */
export function aloneOf(generator: SharedGenerator): RequestGenerator {
  return {
    by: 'cell',
    requests: 'one',
    route: generator.route,
    prepare: (row) => generator.prepare([row]),
    finish(reply, row) {
      const [result] = generator.finish(reply, [row])
      if (result === undefined) throw new Error('no cell was made of the reply')
      if (result instanceof Error) throw result
      return result
    },
  }
}

function isOpen({ group, offset }: SharedCell): boolean {
  return group.isOpen(offset)
}

function viewOf({ group, offset }: SharedCell): BlockRow {
  return new BlockRow(group.block, offset)
}
