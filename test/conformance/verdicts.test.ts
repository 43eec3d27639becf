import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { openJudge } from '../support/judge.ts'

interface Verdicts {
  python: { code: string; result: object }[]
  sql: { dialect: string; code: string; is_valid: boolean; custom?: string }[]
}

/** What NeMo Data Designer's own validators said of these snippets. */
const verdicts = JSON.parse(
  readFileSync(new URL('./verdicts.json', import.meta.url), 'utf8'),
) as Verdicts

/** Keeps the thread and what it loaded from test to test. */
const first = await openJudge('code', { code_lang: 'python' })
afterAll(() => first[Symbol.asyncDispose]())

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
      const messages = custom === undefined ? expect.any(String) : custom
      expect(found).toEqual({ is_valid: expect.any(Boolean), error_messages: messages })
      if ((found as { is_valid: boolean }).is_valid !== valid) differing.push(code)
    }
    expect(differing).toEqual(Object.keys(otherwise[dialect] ?? {}))
  })
})
