import { RowsmithError } from '../util/errors.ts'

/** Parts with rows that were decided and are not in a part file yet. */
export interface PartTracker {
  /** Notes a decided row; hands the part on when it was the last one planned. */
  decided(part: number, row: number): void
  /** Hands on what incomplete parts have, at the end of a run that stops early. */
  handOnIncomplete(): void
  /** Parts handed on whose commit is awaited, and their rows. */
  readonly writing: number
  readonly writingRows: number
}

export interface PartTrackerOptions {
  /** Rows of the part that had no outcome when the run was opened. */
  remainingIn: (part: number) => number
  /** Writes a part; resolves after its commit. Rows are absolute and ascending. */
  completePart: (part: number, rows: Float64Array) => Promise<void>
  committed: () => void
  fatal: (error: unknown) => void
}

export function createPartTracker(options: PartTrackerOptions): PartTracker {
  const open = new Map<number, { remaining: number; rows: number[] }>()
  let writing = 0
  let writingRows = 0

  function handOn(part: number, rows: readonly number[]): void {
    open.delete(part)
    const ascending = Float64Array.from(rows).sort()
    writing += 1
    writingRows += ascending.length
    options.completePart(part, ascending).then(() => committed(ascending.length), options.fatal)
  }

  function committed(rows: number): void {
    writing -= 1
    writingRows -= rows
    options.committed()
  }

  return {
    decided(part, row) {
      let state = open.get(part)
      if (state === undefined) {
        const remaining = options.remainingIn(part)
        if (!(remaining > 0)) {
          throw new RowsmithError(
            'group-unknown',
            `expected a row of a part with rows that remain, got row ${row} of part ${part}, in which none does`,
          )
        }
        state = { remaining, rows: [] }
        open.set(part, state)
      }
      state.rows.push(row)
      if (state.rows.length === state.remaining) handOn(part, state.rows)
    },
    handOnIncomplete() {
      for (const [part, { rows }] of open) handOn(part, rows)
    },
    get writing() {
      return writing
    },
    get writingRows() {
      return writingRows
    },
  }
}
