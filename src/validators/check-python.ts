import { createRequire } from 'node:module'
import { compareText } from '../util/json.ts'

/** The rules that NeMo Data Designer has: no style, no imports that are not used. */
const rules = ['E', 'F6', 'F7', 'F8', 'SIM', 'PLC', 'PLE', 'PLR', 'PLW']

/** From the worst to the best; the last two are no worse than each other in the score. */
const severities = ['fatal', 'error', 'warning', 'convention', 'refactor'] as const

type Severity = (typeof severities)[number]

interface PythonMessage {
  readonly type: Severity
  readonly symbol: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** What ruff says of a snippet, as NeMo Data Designer tells it. */
export interface PythonFound {
  readonly isValid: boolean
  readonly score: number
  readonly severity: Severity | 'none'
  readonly messages: readonly PythonMessage[]
}

/** What is used of ruff's own form. */
interface Diagnostic {
  readonly code: string | null
  readonly message: string
  readonly start_location: { readonly row: number; readonly column: number }
}

/** Loads ruff: some 10 MB of WebAssembly. */
export function openRuff(): (code: string) => PythonFound {
  const require = createRequire(import.meta.url)
  const library =
    require('@astral-sh/ruff-wasm-nodejs') as typeof import('@astral-sh/ruff-wasm-nodejs')
  const settings = { 'line-length': 88, 'indent-width': 4, lint: { select: rules } }
  const workspace = new library.Workspace(settings, library.PositionEncoding.Utf32)
  return (code) => {
    // Typed by ruff as anything.
    const found = workspace.check(code) as readonly Diagnostic[]
    return judge(found, () => statements(workspace.parse(code)))
  }
}

function judge(found: readonly Diagnostic[], countStatements: () => number): PythonFound {
  const messages = found
    .map(({ code, message, start_location: at }): PythonMessage => {
      const symbol = code ?? 'invalid-syntax'
      return { type: severityOf(symbol), symbol, line: at.row, column: at.column, message }
    })
    .toSorted(
      (one, other) =>
        rank(one) - rank(other) ||
        one.line - other.line ||
        one.column - other.column ||
        compareText(one.message, other.message),
    )
  const severity = messages[0]?.type ?? 'none'
  const isValid = severity !== 'fatal' && severity !== 'error'
  return { isValid, severity, messages, score: scoreOf(messages, countStatements) }
}

function rank({ type }: PythonMessage): number {
  return severities.indexOf(type)
}

function severityOf(symbol: string): Severity {
  if (symbol === 'invalid-syntax') return 'fatal'
  if (/^(?:SIM|PLR|E)/.test(symbol)) return 'refactor'
  if (/^(?:F|PLE)/.test(symbol)) return 'error'
  return symbol.startsWith('PLC') ? 'convention' : 'warning'
}

/** An error counts five times; all by the number of statements. */
function scoreOf(messages: readonly PythonMessage[], countStatements: () => number): number {
  if (messages.length === 0) return 10
  if (messages[0]?.type === 'fatal') return 0
  const weights = messages.reduce((sum, { type }) => sum + (type === 'error' ? 5 : 1), 0)
  return Math.max(0, 10 - (weights / Math.max(1, countStatements())) * 10)
}

/**
 * Statements as Python's own tree has them, counted in the text that ruff prints of its tree. There
 * an `elif` is a clause; in Python's tree it is a statement inside the `else`.
 */
function statements(tree: string): number {
  const bare = tree.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  const nodes = bare.match(/\bStmt\w+ \{/g)?.length ?? 0
  const clauses = bare.match(
    /\bElifElseClause \{\s+range: [\d.]+,\s+node_index: [^,]+,\s+test: Some\(/g,
  )
  return nodes + (clauses?.length ?? 0)
}
