import { startEarly } from '../threads/worker-calls.ts'

/** Starts to load the ledger's thread, for a program that is about to open a run and has to load more. */
export function startLedgerEarly(): void {
  startEarly('ledger.worker', import.meta.url)
}
