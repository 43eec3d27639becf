import { outputModes } from '../config/output-mode.ts'
import {
  addAnswerCounts,
  type AnswerCounts,
  type ModeUsage,
  noAnswerCounts,
} from '../profile/answer-counts.ts'
import { corrupt } from './ledger-corrupt.ts'
import { type LedgerFile, readMeta } from './ledger-file.ts'

/** In `meta`; absent while no answer called a tool, was a correction or had a form. */
const key = 'answers'

/** What the answers of each route were, over all sessions. */
export function readAnswerCounts(ledger: LedgerFile): Map<string, AnswerCounts> {
  const stored = readMeta(ledger, key)
  if (stored === null) return new Map()
  const { text, value } = stored
  if (isObject(value)) {
    const entries = Object.entries(value)
    // Older ones have no count of the cache.
    if (entries.every(isRouteEntry)) {
      return new Map(entries.map(([route, counts]) => [route, { ...noAnswerCounts, ...counts }]))
    }
  }
  throw corrupt(`meta.${key}`, text, 'a JSON object of counts of answers')
}

/** Inside a transaction. */
export function addAnswers(ledger: LedgerFile, answers: ReadonlyMap<string, AnswerCounts>): void {
  if (answers.size === 0) return
  const all = readAnswerCounts(ledger)
  for (const [route, counts] of answers) {
    all.set(route, addAnswerCounts(all.get(route) ?? noAnswerCounts, counts))
  }
  const text = JSON.stringify(Object.fromEntries(all))
  ledger.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, text)
}

function isRouteEntry(entry: [string, unknown]): entry is [string, AnswerCounts] {
  const [, value] = entry
  if (!isObject(value)) return false
  const { toolTurns, toolCalls, corrections, cached = 0, byMode } = value
  return (
    [toolTurns, toolCalls, corrections, cached].every(isCount) &&
    isObject(byMode) &&
    Object.entries(byMode).every(
      ([mode, usage]) => outputModes.some((known) => known === mode) && isModeUsage(usage),
    )
  )
}

function isModeUsage(value: unknown): value is ModeUsage {
  if (!isObject(value)) return false
  const { cost, ...counts } = value
  const fields = [
    'answers',
    'inputTokens',
    'cachedInputTokens',
    'outputTokens',
    'reasoningTokens',
    'images',
  ]
  return (
    fields.every((field) => isCount(counts[field])) && (cost === null || typeof cost === 'number')
  )
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
