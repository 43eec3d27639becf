import { type OutputMode, outputModes } from '../config/output-mode.ts'
import type { FoundMode, LeftMode } from '../graph/found-mode.ts'
import { corrupt } from './ledger-corrupt.ts'
import { type LedgerFile, readMeta } from './ledger-file.ts'

/** In `meta`; absent until something is known. */
const key = 'outputModes'

/** What is known of how models are held to the form of their answers. */
export function readOutputModes(ledger: LedgerFile): FoundMode[] {
  const stored = readMeta(ledger, key)
  if (stored === null) return []
  const { text, value } = stored
  if (Array.isArray(value) && value.every(isFoundMode)) return value
  throw corrupt(`meta.${key}`, text, 'a JSON list of output modes')
}

export function storeOutputModes(ledger: LedgerFile, found: readonly FoundMode[]): void {
  ledger.write(() => {
    ledger.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, JSON.stringify(found))
  })
}

function isFoundMode(value: unknown): value is FoundMode {
  if (!isObject(value)) return false
  const { provider, endpoint, model, mode, forms, left } = value
  return (
    [provider, endpoint, model].every((one) => typeof one === 'string') &&
    isMode(mode) &&
    isObject(forms) &&
    Object.values(forms).every(isMode) &&
    Array.isArray(left) &&
    left.every(isLeftMode)
  )
}

function isLeftMode(value: unknown): value is LeftMode {
  if (!isObject(value)) return false
  const { mode, why, refused, form } = value
  return (
    isMode(mode) &&
    typeof why === 'string' &&
    typeof refused === 'boolean' &&
    (form === null || typeof form === 'string')
  )
}

function isMode(value: unknown): value is OutputMode {
  return outputModes.some((mode) => mode === value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
