import { RowsmithError } from '../util/errors.ts'

import type { ByteTally } from '../rows/block.ts'
import { StoppingFailure } from '../rows/stopping-failure.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'

/** What the writing of a part shares with the run. */
interface PartContext {
  /** Aborted when the run is: what is not written then stays in the ledger. */
  signal: AbortSignal
  /** Bytes held while records are made are counted here. */
  tally: ByteTally
}

/** Rows without a record. */
type Losses = Readonly<Record<AbsentOutcome, number>>

export type CompletePart = (
  part: number,
  rows: Float64Array,
  /** `made` is reported how many of the rows have no record, once all records were made. */
  context: PartContext & { made: (losses: Losses) => void },
) => Promise<void>

/** Parts with rows that were decided and are not in a part file yet. */
export interface PartTracker {
  /** Notes a decided row; hands the part on when it was the last one planned. */
  decided(part: number, row: number, loss: AbsentOutcome | null): void
  /** Hands on what incomplete parts have, at the end of a run that stops early. */
  handOnIncomplete(): void
  /** Parts handed on whose commit is awaited, and their rows. */
  readonly writing: number
  readonly writingRows: number
  /** A part was not written, because the run was aborted. */
  readonly givenUp: boolean
}

export interface PartTrackerOptions extends PartContext {
  /** Rows of the part that had no outcome when the run was opened. */
  remainingIn: (part: number) => number
  /** Writes a part; resolves after its commit. Rows are absolute and ascending. */
  completePart: CompletePart
  /** So many more rows have no record than was known before their part was made. */
  lost: (outcome: AbsentOutcome, rows: number) => void
  committed: () => void
  /** A cell of a part stops the run: the part is not written, and its rows remain. */
  stopped: (failure: StoppingFailure) => void
  /** A part could not be written: its rows are as undecided as before. */
  failed: (error: unknown) => void
}

interface OpenPart {
  remaining: number
  rows: number[]
  /** Among them, as far as is known. */
  losses: Record<AbsentOutcome, number>
}

export function createPartTracker(options: PartTrackerOptions): PartTracker {
  const open = new Map<number, OpenPart>()
  let writing = 0
  let writingRows = 0
  let givenUp = false
  let failed = false
  const { signal, tally } = options

  function handOn(part: number, { rows, losses }: OpenPart): void {
    open.delete(part)
    // What can't be written now stays in the ledger, and is written when the run continues.
    if (failed) return
    const ascending = new Float64Array(rows).sort()
    writing += 1
    writingRows += ascending.length
    const made = (all: Losses): void => {
      options.lost('dropped', all.dropped - losses.dropped)
      options.lost('rejected', all.rejected - losses.rejected)
    }
    options.completePart(part, ascending, { signal, tally, made }).then(
      () => committed(ascending.length),
      (error: unknown) => {
        givenUp = true
        if (error instanceof StoppingFailure) {
          options.stopped(error)
        } else if (!signal.aborted || error !== signal.reason) {
          failed = true
          options.failed(error)
        }
        committed(ascending.length)
      },
    )
  }

  function committed(rows: number): void {
    writing -= 1
    writingRows -= rows
    options.committed()
  }

  return {
    decided(part, row, loss) {
      let state = open.get(part)
      if (state === undefined) {
        const remaining = options.remainingIn(part)
        if (!(remaining > 0)) {
          throw new RowsmithError(
            'group-unknown',
            `expected a row of a part with rows that remain, got row ${row} of part ${part}, in which none does`,
          )
        }
        state = { remaining, rows: [], losses: { dropped: 0, rejected: 0 } }
        open.set(part, state)
      }
      state.rows.push(row)
      if (loss !== null) state.losses[loss] += 1
      if (state.rows.length === state.remaining) handOn(part, state)
    },
    handOnIncomplete() {
      for (const [part, state] of open) handOn(part, state)
    },
    get givenUp() {
      return givenUp
    },
    get writing() {
      return writing
    },
    get writingRows() {
      return writingRows
    },
  }
}
