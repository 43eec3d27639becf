import { DatabaseSync } from 'node:sqlite'
import { messageOf } from '../util/errors.ts'
import { sqliteStatements } from './sqlite-statements.ts'

/** What is wrong with a text, a line each. */
export type FindFaults = (code: string) => readonly string[]

const noPlace = 'PRS: '

function placed(line: number, position: number | null, message: string): string {
  const at = position === null ? `Line ${line}` : `Line ${line}, Position ${position}`
  return `PRS: ${at}: ${message}`
}

/** Names that a snippet expects are not there when only its words are looked at. */
const missingNames =
  /^(?:no such|unknown database|table .* has no column|there is already|cannot open|no query solution)|already exists/i

/**
 * SQLite itself reads each statement, without running it: what it says of names that are not there
 * counts for nothing.
 */
export function openSqlite(): FindFaults {
  return (code) =>
    sqliteStatements(code).flatMap(({ text, line }) => {
      const database = new DatabaseSync(':memory:')
      try {
        database.prepare(text)
        return []
      } catch (error) {
        const message = messageOf(error)
        return missingNames.test(message) ? [] : [placed(line, null, message)]
      } finally {
        database.close()
      }
    })
}

/** PostgreSQL's own parser. */
export async function openPostgres(): Promise<FindFaults> {
  const library = await import('libpg-query')
  await library.loadModule()
  return (code) => {
    if (code.trim() === '') return []
    try {
      library.parseSync(code)
      return []
    } catch (error) {
      if (!library.hasSqlDetails(error)) throw error
      const at = error.sqlDetails?.cursorPosition ?? 0
      const before = Array.from(code).slice(0, at).join('').split('\n')
      return [placed(before.length, (before.at(-1) ?? '').length + 1, error.message)]
    }
  }
}

/** A parser of many dialects: it takes some forms of others. */
export async function openPolyglot(dialect: string): Promise<FindFaults> {
  const library = await import('@polyglot-sql/sdk')
  await library.init()
  return (code) =>
    library
      .validate(code, dialect, { strictSyntax: true })
      .errors.filter(({ severity }) => severity === 'error')
      .map(({ message, line, column }) =>
        line === undefined ? `${noPlace}${message}` : placed(line, column ?? null, message),
      )
}

/** What NeMo Data Designer looks for itself, in its words. */
export function decimalFaults(code: string): readonly string[] {
  if (!/DECIMAL\(\d+\)/.test(code)) return []
  return ['Custom Check: Found DECIMAL definitions without a scale, which may be incorrect.']
}
