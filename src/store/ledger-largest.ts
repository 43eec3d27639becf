import { corrupt } from './ledger-corrupt.ts'
import { type LedgerFile, readMeta } from './ledger-file.ts'

/** Tokens of the largest request of a route, and of its longest answer. */
export interface LargestRequest {
  readonly input: number
  readonly output: number
}

/** In `meta`; absent while no one counted tokens. */
const key = 'largest'

/** By route, over all sessions. */
export function readLargest(ledger: LedgerFile): Map<string, LargestRequest> {
  const stored = readMeta(ledger, key)
  if (stored === null) return new Map()
  const { text, value } = stored
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value)
    if (entries.every(isRouteEntry)) return new Map(entries)
  }
  throw corrupt(`meta.${key}`, text, 'a JSON object of the largest requests')
}

/** Inside a transaction. */
export function addLargest(ledger: LedgerFile, largest: ReadonlyMap<string, LargestRequest>): void {
  if (largest.size === 0) return
  const all = readLargest(ledger)
  for (const [route, one] of largest) all.set(route, largerOf(all.get(route), one))
  const text = JSON.stringify(Object.fromEntries(all))
  ledger.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, text)
}

export function largerOf(one: LargestRequest | undefined, other: LargestRequest): LargestRequest {
  if (one === undefined) return other
  return {
    input: Math.max(one.input, other.input),
    output: Math.max(one.output, other.output),
  }
}

function isRouteEntry(entry: [string, unknown]): entry is [string, LargestRequest] {
  const [, value] = entry
  if (typeof value !== 'object' || value === null) return false
  const { input, output } = value as Partial<LargestRequest>
  return Number.isSafeInteger(input) && Number.isSafeInteger(output)
}
