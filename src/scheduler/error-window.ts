/** The share of failures among the latest cells, for stopping a run that only burns money. */
export interface ErrorWindow {
  /** Notes how a cell ended; answers whether the share reached the limit. */
  note(failed: boolean): boolean
}

export interface ErrorWindowOptions {
  /** Stop when at least this share of the window failed; 0 to 1. */
  rate: number
  /** Cells looked at; nothing is decided before as many have ended. */
  size: number
}

export function createErrorWindow({ rate, size }: ErrorWindowOptions): ErrorWindow {
  const latest = new Uint8Array(size)
  let noted = 0
  let failures = 0
  return {
    note(failed) {
      const at = noted % size
      failures += (failed ? 1 : 0) - (latest[at] as number)
      latest[at] = failed ? 1 : 0
      noted += 1
      return noted >= size && failures > 0 && failures / size >= rate
    },
  }
}
