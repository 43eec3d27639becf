import { corrupt } from './ledger-corrupt.ts'
import { parseStored, readText, type LedgerFile } from './ledger-file.ts'

/** What a model wrote next to the dataset, of what judges gave for one score. */
export interface StoredJudgeSummary {
  /** Names of the column, the score, and the alias of the model. */
  column: string
  score: string
  alias: string
  /** A hash of what was asked, and of whom: another question is asked anew. */
  asked: string
  /** Null where the model gave none, which `failure` explains. */
  text: string | null
  failure: string | null
}

const prefix = 'summary:'

type Place = Pick<StoredJudgeSummary, 'column' | 'score' | 'alias'>

function keyOf({ column, score, alias }: Place): string {
  return prefix + JSON.stringify([column, score, alias])
}

/** Keeps a summary in the place of an older one of the same. */
export function keepSummary(ledger: LedgerFile, summary: StoredJudgeSummary): void {
  ledger.write(() =>
    ledger.run(
      'INSERT OR REPLACE INTO meta VALUES (?, ?)',
      keyOf(summary),
      JSON.stringify(summary),
    ),
  )
}

/** Removes summaries that no one asks for any more. */
export function forgetSummaries(ledger: LedgerFile, places: readonly Place[]): void {
  ledger.write(() => {
    for (const place of places) ledger.run('DELETE FROM meta WHERE key = ?', keyOf(place))
  })
}

export function readSummaries(ledger: LedgerFile): StoredJudgeSummary[] {
  return ledger
    .all("SELECT value FROM meta WHERE key >= ? AND key < 'summary;' ORDER BY key", prefix)
    .map((row) => {
      const text = readText(row, 'value', 'meta.summary')
      const stored = parseStored(text, 'meta.summary')
      if (isSummary(stored)) return stored
      throw corrupt('meta.summary', text, 'a summary of judgements')
    })
}

function isSummary(value: unknown): value is StoredJudgeSummary {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map(Object.entries(value))
  const isText = (name: string): boolean => typeof fields.get(name) === 'string'
  return (
    ['column', 'score', 'alias', 'asked'].every(isText) &&
    ['text', 'failure'].every((name) => isText(name) || fields.get(name) === null)
  )
}
