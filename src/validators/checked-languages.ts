/** What looks at a snippet, and what of npm it needs. */
export interface LanguageEngine {
  readonly engine:
    | 'ruff'
    | 'sqlite'
    | 'postgres'
    | 'polyglot'
    | 'javascript'
    | 'typescript'
    | 'tree'
  /** What the engine calls the language. */
  readonly as: string
  readonly packages: readonly string[]
  /** The part of Node that it is instead. */
  readonly partOfNode?: 'v8' | 'sqlite' | 'amaro'
}

const ruff: LanguageEngine = {
  engine: 'ruff',
  as: 'python',
  packages: ['@astral-sh/ruff-wasm-nodejs'],
}

function polyglot(as: string): LanguageEngine {
  return { engine: 'polyglot', as, packages: ['@polyglot-sql/sdk'] }
}

/** A grammar that `@vscode/tree-sitter-wasm` brings. */
function tree(as: string): LanguageEngine {
  return { engine: 'tree', as, packages: ['web-tree-sitter', '@vscode/tree-sitter-wasm'] }
}

/** The words of `code_lang`, as `llm-code` has them and those that only can be checked. */
export const checkedLanguages = {
  python: ruff,
  'sql:sqlite': { engine: 'sqlite', as: 'sqlite', packages: [], partOfNode: 'sqlite' },
  'sql:postgres': { engine: 'postgres', as: 'postgres', packages: ['libpg-query'] },
  'sql:mysql': polyglot('mysql'),
  'sql:tsql': polyglot('tsql'),
  'sql:bigquery': polyglot('bigquery'),
  'sql:ansi': polyglot('generic'),
  javascript: { engine: 'javascript', as: 'javascript', packages: [], partOfNode: 'v8' },
  typescript: { engine: 'typescript', as: 'typescript', packages: [], partOfNode: 'amaro' },
  tsx: tree('tsx'),
  bash: tree('bash'),
  cpp: tree('cpp'),
  csharp: tree('c-sharp'),
  css: tree('css'),
  go: tree('go'),
  java: tree('java'),
  php: tree('php'),
  powershell: tree('powershell'),
  ruby: tree('ruby'),
  rust: tree('rust'),
} as const satisfies Readonly<Record<string, LanguageEngine>>

export type CheckedLanguage = keyof typeof checkedLanguages

// The table's own keys.
export const checkedWords = Object.keys(checkedLanguages) as CheckedLanguage[]

/** Of a grammar that the user brings as a file. */
export const ownGrammar: LanguageEngine = {
  engine: 'tree',
  as: 'own',
  packages: ['web-tree-sitter'],
}
