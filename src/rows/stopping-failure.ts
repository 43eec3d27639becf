import type { CellFailure } from '../graph/failure.ts'

/** A cell failed whose column stops the run then: no part with its row is written. */
export class StoppingFailure extends Error {
  readonly column: string
  readonly row: number
  readonly failure: CellFailure

  constructor(column: string, row: number, failure: CellFailure) {
    super(
      `column ${column} failed in row ${row} and stops the run (on_failure: stop): ${failure.message}`,
      { cause: failure },
    )
    this.name = 'StoppingFailure'
    this.column = column
    this.row = row
    this.failure = failure
  }
}
