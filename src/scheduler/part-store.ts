import type { Interval } from '../plan/interval.ts'
import type { Journal } from '../rows/journal.ts'
import type { KnownRows } from '../rows/known-rows.ts'
import type { PartContent } from '../rows/part-content.ts'
import type { ReadRows } from '../rows/stored-rows.ts'

/**
 * Where an engine keeps what it makes: a run folder behind threads of this process, or one that
 * another process or machine has open, behind the same messages.
 *
 * All that crosses it is plain data in its stored form. A store that fails rejects what was asked,
 * and its journal reports the error; the engine then ends, and what was durable is there next time.
 */
export interface PartStore {
  readonly settings: {
    readonly rows: number
    readonly frameRows: number
    readonly partRows: number
  }
  readonly journal: Journal
  /** Parts that have journaled cells or failures of undecided rows. */
  unfinishedParts(): Promise<number[]>
  /**
   * What is journaled of rows of one part, with all that was appended before; the next block is read
   * ahead.
   */
  readonly readRows: ReadRows
  /** Which cells are journaled of rows of one part, without their values. */
  readKnownRows(rows: Interval): Promise<KnownRows>
  /** Resolves when the rows are decided. */
  writePart(content: PartContent): Promise<void>
}
