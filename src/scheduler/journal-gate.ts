import type { Journal } from '../rows/journal.ts'

/** The journal, with a mark above which nothing is sent: what is paid for must be written down. */
export interface JournalGate extends Journal {
  /** Set by the record that passes the mark; cleared when half of it is durable. */
  readonly full: boolean
}

export interface JournalGateOptions {
  journal: Journal
  maxPendingBytes: number
  /** There is room again. */
  drained: () => void
  /** The journal failed for good. */
  failed: (error: Error) => void
}

export function createJournalGate(options: JournalGateOptions): JournalGate {
  const { journal, maxPendingBytes } = options
  let full = false

  function check(): void {
    if (journal.pendingBytes > maxPendingBytes) full = true
  }

  journal.onDurable((error) => {
    if (error !== null) return options.failed(error)
    if (!full || journal.pendingBytes > maxPendingBytes / 2) return
    full = false
    options.drained()
  })

  return {
    cell(cell) {
      journal.cell(cell)
      check()
    },
    failure(failure) {
      journal.failure(failure)
      check()
    },
    exchange(exchange, durable) {
      journal.exchange(exchange, durable)
      check()
    },
    forget(row, column, fromTurn) {
      journal.forget(row, column, fromTurn)
      check()
    },
    request(record) {
      journal.request(record)
      check()
    },
    get pendingBytes() {
      return journal.pendingBytes
    },
    onDurable: (callback) => journal.onDurable(callback),
    get full() {
      return full
    },
  }
}
