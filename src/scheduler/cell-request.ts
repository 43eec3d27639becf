import type { RequestGenerator } from '../graph/kind.ts'
import type { ModelReply, ModelRequest, Usage } from '../graph/request.ts'
import type { RequestError } from '../graph/request-error.ts'
import { BlockRow } from '../rows/block.ts'
import type { OpenGroup } from './open-group.ts'
import { type Outcome, requestFailure } from '../rows/cell-outcome.ts'
import type { RequestJob } from './request-job.ts'

/** What all cells of a column of one request each share. */
export interface RequestColumn {
  generator: RequestGenerator
  route: number
  /** The column's id. */
  id: number
  local: number
  depth: number
  ended: (
    group: OpenGroup,
    local: number,
    offset: number,
    attempts: number,
    outcome: Outcome,
  ) => void
  abandoned: (group: OpenGroup, offset: number) => void
  /** Its answer comes another time. */
  deferred: (group: OpenGroup, offset: number) => void
  /** Its reply could not be used: it goes on as a conversation that has got it. */
  again: (group: OpenGroup, offset: number, reply: ModelReply) => void
}

/** A cell of one request: a few numbers while it waits, because thousands may. */
export class CellRequest implements RequestJob {
  readonly #column: RequestColumn
  readonly #group: OpenGroup
  readonly #offset: number

  constructor(column: RequestColumn, group: OpenGroup, offset: number) {
    this.#column = column
    this.#group = group
    this.#offset = offset
  }

  get route(): number {
    return this.#column.route
  }

  get row(): number {
    return this.#group.block.rowAt(this.#offset)
  }

  get column(): number {
    return this.#column.id
  }

  get group(): number {
    return this.#group.number
  }

  get depth(): number {
    return this.#column.depth
  }

  wanted(): boolean {
    return this.#group.isOpen(this.#offset)
  }

  abandoned(): void {
    this.#column.abandoned(this.#group, this.#offset)
  }

  deferred(): void {
    this.#column.deferred(this.#group, this.#offset)
  }

  prepare(): ModelRequest {
    return this.#column.generator.prepare(this.#view())
  }

  reply(reply: ModelReply, attempts: number): void {
    const outcome = this.#finish(reply)
    if (outcome !== null) this.#ended(attempts, outcome)
    else this.#column.again(this.#group, this.#offset, reply)
  }

  failed(error: RequestError, attempts: number, spent: Usage | null): void {
    const failure = { error: requestFailure(error) }
    this.#ended(attempts, spent === null ? failure : { ...failure, usage: spent })
  }

  unprepared(error: unknown): void {
    this.#ended(0, { error })
  }

  /** Null when it asks again. */
  #finish(reply: ModelReply): Outcome | null {
    try {
      const result = this.#column.generator.finish(reply, this.#view(), null)
      return 'again' in result ? null : { result, usage: reply.usage }
    } catch (error) {
      return { error, usage: reply.usage }
    }
  }

  #ended(attempts: number, outcome: Outcome): void {
    this.#column.ended(this.#group, this.#column.local, this.#offset, attempts, outcome)
  }

  #view(): BlockRow {
    return new BlockRow(this.#group.block, this.#offset)
  }
}
