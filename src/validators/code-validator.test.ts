import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { openJudge } from '../../test/support/judge.ts'

/** Keeps the thread and what it loaded from test to test. */
const first = await openJudge('code', { code_lang: 'javascript' })
afterAll(() => first[Symbol.asyncDispose]())

async function messages(language: string, code: unknown): Promise<string> {
  await using judge = await openJudge('code', { code_lang: language })
  const { is_valid: valid, error_messages: said } = (await judge.judge(code)) as {
    is_valid: boolean
    error_messages: string
  }
  expect(valid).toBe(said === '')
  return said
}

describe('scripts', () => {
  test.each([
    ['javascript', 'import a from "b"\nexport const x = await a', ''],
    ['javascript', 'const a = require("b")\nif (a) return\nwith (a) {}', ''],
    ['javascript', 'let a = 1\nlet a = 2', "Line 2: Identifier 'a' has already been declared"],
    ['javascript', 'x = 1\ny = (\n', 'Line 3: Unexpected end of input'],
    ['typescript', 'enum A { B }\nclass C { constructor(private x: number) {} }', ''],
    [
      'typescript',
      'type A = 1\nlet a: A = 1\nlet a = 2',
      "Identifier 'a' has already been declared",
    ],
    [
      'typescript',
      'declare const a: number\nfunction f(): void\nfunction f(x?: 1) {}\n@f class B {}',
      '',
    ],
    ['typescript', 'let x: = 1', expect.stringContaining('Unexpected token `=`')],
    ['tsx', 'const a: number = 1\nconst b = <p>{a}</p>', ''],
    ['tsx', 'const b = <p>{a}</q', expect.stringContaining('Line 1')],
  ])('%s: %j', async (language, code, said) => {
    expect(await messages(language, code)).toEqual(said)
  })
})

test('languages with a grammar of tree-sitter say where they break', async () => {
  const good: Record<string, string> = {
    bash: 'for i in 1 2; do echo "$i"; done',
    cpp: 'int main() { return 0; }',
    csharp: 'class A { int B() => 1; }',
    css: 'a { color: red }',
    go: 'package main\nfunc main() { println(1) }',
    java: 'class A { int b() { return 1; } }',
    php: '<?php echo 1;',
    powershell: 'Get-ChildItem | Where-Object { $_.Length -gt 1 }',
    ruby: 'def a\n  1\nend',
    rust: 'fn main() { println!("{}", 1); }',
  }
  for (const [language, code] of Object.entries(good)) {
    expect([language, await messages(language, code)]).toEqual([language, ''])
    expect([language, await messages(language, `${code}\n"((`)]).not.toEqual([language, ''])
  }
  expect(await messages('go', 'package main\nfunc main( { println(1) }')).toMatch(
    /^Line 2, Position \d+: /,
  )
})

test('SQL: SQLite reads every statement, and misses no table', async () => {
  const trigger = `CREATE TRIGGER t AFTER INSERT ON a BEGIN
  UPDATE a SET b = 'x;y' WHERE c = 1; -- ; END
  DELETE FROM a;
END;
SELECT count(*) FROM nowhere; ;`
  expect(await messages('sql:sqlite', trigger)).toBe('')
  expect(await messages('sql:sqlite', `${trigger}\n-- last\nSELEC 1`)).toBe(
    'PRS: Line 7: near "SELEC": syntax error',
  )
  expect(await messages('sql:sqlite', 'SELECT nope(1) FROM t WHERE missing = 1')).toBe('')
  expect(await messages('sql:postgres', 'SELECT 1;\nSELECT a FROM WHERE b')).toBe(
    'PRS: Line 2, Position 15: syntax error at or near "WHERE"',
  )
})

describe('what breaks an engine is invalid, and the next one is judged again', () => {
  test.each([
    'python',
    'javascript',
    'typescript',
    'sql:mysql',
    'sql:postgres',
    'bash',
    'sql:sqlite',
  ])('%s', async (language) => {
    await using judge = await openJudge('code', { code_lang: language })
    const deep = language.startsWith('sql') ? 'SELECT ' : ''
    expect(await judge.judge(`${deep}${'('.repeat(100_000)}`)).toMatchObject({ is_valid: false })
    const fine = language.startsWith('sql') ? 'SELECT 1' : language === 'bash' ? 'x=1' : 'x = 1'
    expect(await judge.judge(fine)).toMatchObject({ is_valid: true })
  })
})

test('too long a text, and values that are not text', async () => {
  await using python = await openJudge('code', { code_lang: 'python' })
  expect(await python.judge('x'.repeat(1_000_001))).toEqual({
    is_valid: false,
    python_linter_score: 0,
    python_linter_severity: 'fatal',
    python_linter_messages: [
      {
        type: 'fatal',
        symbol: 'not-readable',
        line: 1,
        column: 1,
        message: 'a text of 1000001 characters is longer than 1000000',
      },
    ],
  })
  expect(await python.judge([1, { a: true }])).toMatchObject({
    is_valid: false,
    python_linter_messages: [{ symbol: 'F821', message: 'Undefined name `true`' }],
  })
})

test('a grammar of the user, its identity, and what is wrong with the parameters', async () => {
  const directory = new URL('../../node_modules/@vscode/tree-sitter-wasm/wasm/', import.meta.url)
  const grammar = 'tree-sitter-regex.wasm'
  await using regex = await openJudge(
    'code',
    { code_lang: 'other', grammar },
    { directory: directory.pathname },
  )
  expect(await regex.judge('a(b|c)*')).toEqual({ is_valid: true, error_messages: '' })
  expect(await regex.judge('a(b')).toMatchObject({ is_valid: false })
  await expect(openJudge('code', { code_lang: 'other', grammar: 'no.wasm' })).rejects.toThrow(
    "no.wasm can't be read",
  )
  await expect(openJudge('code', { code_lang: 'other' })).rejects.toThrow('a grammar together with')
  await expect(openJudge('code', { code_lang: 'go', grammar })).rejects.toThrow('no grammar')
  await expect(openJudge('code', { code_lang: 'Python' })).rejects.toThrow('expected one of python')
})

test('the versions of engines are in their identity', async () => {
  const identityOf = async (written: object): Promise<string> => {
    await using judge = await openJudge('code', written)
    return JSON.stringify(judge.identity)
  }
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as Record<string, Record<string, string> | undefined>
  const ruff = { ...dependencies, ...devDependencies }['@astral-sh/ruff-wasm-nodejs'] ?? ''
  expect(await identityOf({ code_lang: 'python' })).toBe(
    `{"engine":["@astral-sh/ruff-wasm-nodejs ${ruff.replace('^', '')}"]}`,
  )
  const [v8] = /^\d+\.\d+/.exec(process.versions.v8) ?? []
  expect(await identityOf({ code_lang: 'javascript' })).toBe(`{"engine":["v8 ${v8}"]}`)
  expect(await identityOf({ code_lang: 'sql:sqlite' })).toMatch(
    /^\{"engine":\["sqlite 3\.\d+"\]\}$/,
  )
  expect(await identityOf({ code_lang: 'go' })).toMatch(
    /^\{"engine":\["web-tree-sitter [\d.]+","@vscode\/tree-sitter-wasm [\d.]+"\]\}$/,
  )
})

interface Verdicts {
  python: { code: string; result: object }[]
  sql: { dialect: string; code: string; is_valid: boolean; custom?: string }[]
}

/** What NeMo Data Designer's own validators said of these snippets. */
const verdicts = JSON.parse(
  readFileSync(new URL('../../test/conformance/verdicts.json', import.meta.url), 'utf8'),
) as Verdicts

/** Where the two parsers do not agree, with who is right. */
const otherwise: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sqlite: {
    'SELECT [a] FROM [b]': 'SQLite takes brackets',
    'SELECT a::int FROM t': 'SQLite knows no ::',
  },
  mysql: { 'SELECT TOP 10 * FROM t': 'read as the product of TOP and 10' },
  bigquery: { 'SELECT TOP 10 * FROM t': 'read so, too' },
  ansi: {
    'SELECT TOP 10 * FROM t': 'read so, too',
    'SELECT `a` FROM `b`': 'any quotes are taken',
  },
  tsql: {
    'SELECT a FROM t LIMIT 5': 'words of other dialects are taken',
    'SELECT `a` FROM `b`': 'any quotes are taken',
  },
}

test('Python is judged as there: messages, their order, severity and score', async () => {
  await using python = await openJudge('code', { code_lang: 'python' })
  for (const { code, result } of verdicts.python) {
    expect({ code, result: await python.judge(code) }).toEqual({ code, result })
  }
})

describe('SQL is valid where it is valid there, but for what is listed here', () => {
  const dialects = [...new Set(verdicts.sql.map(({ dialect }) => dialect))]
  test.each(dialects)('%s', async (dialect) => {
    await using sql = await openJudge('code', { code_lang: `sql:${dialect}` })
    const differing: string[] = []
    for (const { code, is_valid: valid, custom } of verdicts.sql.filter(
      (one) => one.dialect === dialect,
    )) {
      const found = await sql.judge(code)
      const { is_valid: isValid, error_messages: said } = found as Record<string, unknown>
      expect([typeof isValid, said]).toEqual(['boolean', custom ?? said])
      if (isValid !== valid) differing.push(code)
    }
    expect(differing).toEqual(Object.keys(otherwise[dialect] ?? {}))
  })
})
