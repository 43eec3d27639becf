import type { Scope } from '../templates/template.ts'
import type { Value } from '../util/value.ts'
import type { Row } from './kind.ts'

/** A row as templates see it: names are looked up once, rows are only pointed at. */
export class RowScope implements Scope {
  readonly #ids: ReadonlyMap<string, number>
  #row: Row | null = null

  constructor(ids: ReadonlyMap<string, number>) {
    this.#ids = ids
  }

  /** Moves to a row; returns itself. */
  at(row: Row): this {
    this.#row = row
    return this
  }

  get(name: string): Value | undefined {
    const id = this.#ids.get(name)
    return id === undefined ? undefined : this.#row?.get(id)
  }
}
