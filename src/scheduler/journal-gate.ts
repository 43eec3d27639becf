import type {
  Journal,
  JournaledCell,
  JournaledExchange,
  JournaledFailure,
  RequestRecord,
} from '../rows/journal.ts'

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
  /** The journal failed permanently. */
  failed: (error: Error) => void
}

export function createJournalGate(options: JournalGateOptions): JournalGate {
  const { journal, maxPendingBytes } = options
  const gate = new Gate(journal, maxPendingBytes)
  journal.onDurable((error) => {
    if (error !== null) return options.failed(error)
    if (!gate.full || journal.pendingBytes > maxPendingBytes / 2) return
    gate.full = false
    options.drained()
  })
  return gate
}

/** A class, and `full` a field: it is asked for several times with every reply. */
class Gate implements JournalGate {
  full = false
  readonly #journal: Journal
  readonly #maxPendingBytes: number

  constructor(journal: Journal, maxPendingBytes: number) {
    this.#journal = journal
    this.#maxPendingBytes = maxPendingBytes
  }

  get pendingBytes(): number {
    return this.#journal.pendingBytes
  }

  cell(cell: JournaledCell): void {
    this.#journal.cell(cell)
    this.#check()
  }

  failure(failure: JournaledFailure): void {
    this.#journal.failure(failure)
    this.#check()
  }

  exchange(exchange: JournaledExchange, durable: () => void): void {
    this.#journal.exchange(exchange, durable)
    this.#check()
  }

  forget(row: number, column: number, fromTurn: number): void {
    this.#journal.forget(row, column, fromTurn)
    this.#check()
  }

  request(record: RequestRecord): void {
    this.#journal.request(record)
    this.#check()
  }

  onDurable(callback: (error: Error | null) => void): void {
    this.#journal.onDurable(callback)
  }

  #check(): void {
    if (this.#journal.pendingBytes > this.#maxPendingBytes) this.full = true
  }
}
