/** The values of `code_lang`, as NeMo Data Designer has them. */
export const codeLanguages = [
  'bash',
  'c',
  'cobol',
  'cpp',
  'csharp',
  'go',
  'java',
  'javascript',
  'kotlin',
  'python',
  'ruby',
  'rust',
  'scala',
  'swift',
  'typescript',
  'sql:sqlite',
  'sql:tsql',
  'sql:bigquery',
  'sql:mysql',
  'sql:postgres',
  'sql:ansi',
] as const

export type CodeLanguage = (typeof codeLanguages)[number]

/** The word behind a fence: one for all dialects of SQL. */
export function fenceOf(language: CodeLanguage): string {
  return language.split(':')[0] ?? language
}

/** The language as a person calls it. */
export function languageName(language: CodeLanguage): string {
  return names[language]
}

const names: Readonly<Record<CodeLanguage, string>> = {
  bash: 'Bash',
  c: 'C',
  cobol: 'COBOL',
  cpp: 'C++',
  csharp: 'C#',
  go: 'Go',
  java: 'Java',
  javascript: 'JavaScript',
  kotlin: 'Kotlin',
  python: 'Python',
  ruby: 'Ruby',
  rust: 'Rust',
  scala: 'Scala',
  swift: 'Swift',
  typescript: 'TypeScript',
  'sql:sqlite': 'SQL (SQLite)',
  'sql:tsql': 'SQL (T-SQL)',
  'sql:bigquery': 'SQL (BigQuery)',
  'sql:mysql': 'SQL (MySQL)',
  'sql:postgres': 'SQL (PostgreSQL)',
  'sql:ansi': 'SQL (ANSI)',
}

/** Other words that models put behind a fence. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  bash: ['sh', 'shell', 'zsh'],
  cobol: ['cbl', 'cob'],
  cpp: ['c++', 'cc', 'cxx', 'hpp'],
  csharp: ['c#', 'cs'],
  go: ['golang'],
  javascript: ['js', 'jsx', 'mjs', 'node'],
  kotlin: ['kt', 'kts'],
  python: ['py', 'python3', 'py3'],
  ruby: ['rb'],
  rust: ['rs'],
  typescript: ['ts', 'tsx'],
  sql: [
    'sqlite',
    'sqlite3',
    'tsql',
    't-sql',
    'mssql',
    'bigquery',
    'mysql',
    'postgres',
    'postgresql',
    'psql',
    'plpgsql',
    'ansi',
  ],
}

/** Whether a word behind a fence is the language's. */
export function isFenceOf(word: string, language: CodeLanguage): boolean {
  const own = fenceOf(language)
  return word === own || word === language || (aliases[own]?.includes(word) ?? false)
}
