import { addChoiceUsage, type ChoiceUsage } from '../profile/choice-usage.ts'
import { corrupt } from './ledger-corrupt.ts'
import { type LedgerFile, readMeta } from './ledger-file.ts'

/** In `meta`; absent while no request went by a route with several choices. */
const key = 'choices'

/** By route, in the order in which they answered first. */
export type UsageByChoice = ReadonlyMap<string, readonly ChoiceUsage[]>

/** Requests by choice, over all sessions. */
export function readChoiceUsage(ledger: LedgerFile): UsageByChoice {
  const stored = readMeta(ledger, key)
  if (stored === null) return new Map()
  const { text, value } = stored
  if (isObject(value)) {
    const entries = Object.entries(value)
    if (entries.every(isRouteEntry)) return new Map(entries)
  }
  throw corrupt(`meta.${key}`, text, 'a JSON object of requests by choice')
}

/** Inside a transaction. */
export function addChoices(ledger: LedgerFile, choices: UsageByChoice): void {
  if (choices.size === 0) return
  const all = new Map(readChoiceUsage(ledger))
  for (const [route, usages] of choices) {
    all.set(route, usages.reduce(withChoice, all.get(route) ?? []))
  }
  const text = JSON.stringify(Object.fromEntries(all))
  ledger.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, text)
}

/** Adds requests to those of their choice. */
export function withChoice(
  known: readonly ChoiceUsage[],
  usage: ChoiceUsage,
): readonly ChoiceUsage[] {
  const at = known.findIndex(({ choice }) => choice === usage.choice)
  const before = known[at]
  return before === undefined ? [...known, usage] : known.with(at, addChoiceUsage(before, usage))
}

function isRouteEntry(entry: [string, unknown]): entry is [string, ChoiceUsage[]] {
  const [, value] = entry
  return Array.isArray(value) && value.every(isChoiceUsage)
}

const counts = [
  'ok',
  'throttled',
  'failed',
  'givenUp',
  'inputTokens',
  'cachedInputTokens',
  'outputTokens',
  'reasoningTokens',
  'images',
]

function isChoiceUsage(value: unknown): boolean {
  if (!isObject(value)) return false
  const { choice, cost, latencies } = value
  return (
    typeof choice === 'string' &&
    (cost === null || typeof cost === 'number') &&
    counts.every((field) => isCount(value[field])) &&
    isObject(latencies) &&
    Object.values(latencies).every(isCount)
  )
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
