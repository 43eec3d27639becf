import type { OpenGroup } from './open-group.ts'

/** A row that reached a whole-column cell. */
export interface FrameRow {
  group: OpenGroup
  offset: number
}

/** Whole-column cells of open frames: each waits for all rows of its frame, and only for those. */
export interface Frames {
  /** A group of the frame was opened; its rows are counted in. */
  join(group: OpenGroup): void
  /** Every group of the frame is open. */
  admitted(frame: number): void
  /** The row's inputs are there; it will be part of the frame's call. */
  arrive(local: number, row: FrameRow): void
  /**
   * The row will never arrive (dropped, skipped, known from before); harmless when it did, and
   * for cells that are not whole-column ones.
   */
  leave(local: number, row: FrameRow): void
  /** `leave` for every whole-column cell of the row. */
  leaveAll(row: FrameRow): void
}

interface OpenFrame {
  rows: number
  admitted: boolean
  /** By (row, whole-column cell) of each group: 1 once the row arrived or left. */
  seen: Map<OpenGroup, Uint8Array>
  /** By position in `locals`: rows that arrived or left, and those that arrived. */
  settled: number[]
  arrived: FrameRow[][]
  /** Whole-column cells whose rows are complete. */
  complete: number
}

/** `call` gets the rows in row order; it is not called for a frame in which no row arrived. */
export function createFrames(
  locals: readonly number[],
  call: (local: number, rows: readonly FrameRow[]) => void,
): Frames {
  const frames = new Map<number, OpenFrame>()

  function frameOf(number: number): OpenFrame {
    let frame = frames.get(number)
    if (frame === undefined) {
      frame = {
        rows: 0,
        admitted: false,
        seen: new Map(),
        settled: locals.map(() => 0),
        arrived: locals.map(() => []),
        complete: 0,
      }
      frames.set(number, frame)
    }
    return frame
  }

  /** Counts a row once per whole-column cell; answers false for a second time. */
  function mark(frame: OpenFrame, at: number, { group, offset }: FrameRow): boolean {
    const seen = frame.seen.get(group) as Uint8Array
    const cell = offset * locals.length + at
    if (seen[cell] === 1) return false
    seen[cell] = 1
    frame.settled[at] = (frame.settled[at] as number) + 1
    return true
  }

  /** Runs when a count changed or the frame became whole; each cell is complete exactly once. */
  function check(number: number, frame: OpenFrame, at: number): void {
    if (!frame.admitted || (frame.settled[at] as number) < frame.rows) return
    frame.complete += 1
    const rows = frame.arrived[at] as FrameRow[]
    frame.arrived[at] = []
    if (frame.complete === locals.length) frames.delete(number)
    const open = rows.filter(({ group, offset }) => group.isOpen(offset))
    if (open.length === 0) return
    open.sort((a, b) => a.group.number - b.group.number || a.offset - b.offset)
    call(locals[at] as number, open)
  }

  function settle(local: number, row: FrameRow, arrived: boolean): void {
    const number = row.group.group.frame
    const frame = frames.get(number)
    if (frame === undefined) return
    const at = locals.indexOf(local)
    if (at < 0 || !mark(frame, at, row)) return
    if (arrived) (frame.arrived[at] as FrameRow[]).push(row)
    check(number, frame, at)
  }

  return {
    join(group) {
      const frame = frameOf(group.group.frame)
      frame.rows += group.group.size
      frame.seen.set(group, new Uint8Array(group.group.size * locals.length))
    },
    admitted(number) {
      const frame = frameOf(number)
      frame.admitted = true
      for (let at = 0; at < locals.length; at += 1) check(number, frame, at)
    },
    arrive: (local, row) => settle(local, row, true),
    leave: (local, row) => settle(local, row, false),
    leaveAll(row) {
      for (const local of locals) settle(local, row, false)
    },
  }
}
