/**
 * Why nothing more is sent for a cell: the run drains, its endpoint stopped, the run was aborted, the
 * row was dropped because another cell of it failed, a filter rejected it, enough rows were accepted
 * without it, or its answer comes with a batch.
 */
export type InterruptReason =
  | 'drain'
  | 'stopped'
  | 'aborted'
  | 'row-dropped'
  | 'row-rejected'
  | 'row-unneeded'
  | 'batch'

const reasons: Readonly<Record<InterruptReason, string>> = {
  drain: 'the run is stopping and sends nothing more',
  stopped: 'the endpoint stopped and nothing more is sent to it',
  aborted: 'the run was aborted',
  'row-dropped': 'the row was dropped because another cell of it failed',
  'row-rejected': 'a filter rejected the row',
  'row-unneeded': 'enough rows were accepted without this one',
  batch: 'the answer arrives with a batch, later',
}

/**
 * What a pending `request()` of a cell rejects with when nothing more is sent for it.
 *
 * It does not fail the cell, whatever the function does with it, and
 * the answers so far are available when the run continues.
 */
export class CellInterrupted extends Error {
  readonly reason: InterruptReason

  constructor(reason: InterruptReason) {
    super(reasons[reason])
    this.name = 'CellInterrupted'
    this.reason = reason
  }
}
