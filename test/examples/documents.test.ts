import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { copyExample, countsOf } from '../support/example-run.ts'

interface Question {
  topic: string
  question: string
  passage: string
  page: number
}

/** A text in lower case without what a question may begin or end with. */
const bare = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()

test('document-questions: topics found once, passages that stand in their page', async () => {
  await using example = await copyExample('document-questions')
  const first = await example.make<{ topics: string; pages: string }>({ config: 'topics' })
  expect(Object.fromEntries(first.requests)).toEqual({ found: 1 })
  const topics = JSON.parse(first.records[0]?.topics ?? '[]') as string[]
  expect(topics).toHaveLength(7)

  const { result, records, requests } = await example.make<Question>()
  expect(records).toHaveLength(10)
  expect(result.rows.rejected).toBeGreaterThan(0)
  expect([...requests.keys()]).toEqual(['pair'])
  expect(new Set(records.map(({ topic }) => topic)).size).toBeGreaterThan(4)
  for (const { topic, passage, page } of records) {
    expect(topics).toContain(topic)
    const text = await readFile(example.path('pages', `page-${page}.txt`), 'utf8')
    expect(text.replaceAll(/\s+/g, ' ')).toContain(passage)
  }
  expect(new Set(records.map(({ question }) => bare(question))).size).toBe(10)
})

interface Solved {
  answer: string
  obfuscated: string
  tidy: { answer: string }
  is_correct: boolean
}

test('search-agent: rows stop where they go wrong, and answers are compared', async () => {
  await using example = await copyExample('search-agent')
  const { dir, records, requests } = await example.make<Solved>()
  const shown = await example.rowsmith('show', dir, '--json')
  const { rejections } = JSON.parse(shown.stdout) as {
    rejections: { code: string; count: number }[]
  }
  const rejected = Object.fromEntries(rejections.map(({ code, count }) => [code, count]))
  // One of six paths has no end; some riddles say their answer.
  expect(rejected['invalid-path']).toBe(4)
  const leaked = rejected['leaked'] ?? 0
  expect(leaked).toBeGreaterThan(0)
  expect(records.length).toBe(24 - 4 - leaked)
  expect(requests.get('riddle')).toBe(20)
  expect(requests.get('obfuscated')).toBe(20)
  // The agent asks three times and searches twice, for the rows that are left alone.
  expect(requests.get('solution')).toBe(records.length * 5)
  expect(requests.get('tidy')).toBe(records.length)
  for (const { answer, obfuscated, tidy, is_correct: isCorrect } of records) {
    expect(obfuscated.toLowerCase()).not.toContain(answer.toLowerCase())
    expect(isCorrect).toBe(tidy.answer === answer)
  }
  const outcomes = countsOf(records, (record) => String(record.is_correct))
  expect(outcomes['true']).toBeGreaterThan(5)
  expect(outcomes['false']).toBeGreaterThan(0)
})

interface Lesson {
  example: { instruction: string; answer: string }
  recommended: boolean
}

test('session-distillation: the accepted set is exported, without secrets', async () => {
  await using example = await copyExample('session-distillation')
  const { dir, result, records } = await example.make<Lesson>()
  expect(result.rows).toMatchObject({ accepted: 3, rejected: 1 })
  expect(records.filter(({ recommended }) => !recommended)).toEqual([])
  const words = ['--format', 'chat', '--map', 'map.yaml', '--to', 'train.jsonl']
  expect((await example.rowsmith('export', dir, ...words)).code).toBe(0)
  const exported = await readFile(example.path('train.jsonl'), 'utf8')
  const lines = exported.trim().split('\n')
  expect(lines).toHaveLength(3)
  const [first] = lines.map((line) => JSON.parse(line) as { messages: { role: string }[] })
  expect(first?.messages.map(({ role }) => role)).toEqual(['user', 'assistant'])

  // The sessions have secrets and personal data, and what is kept of them has none.
  const secrets = /ghp_\w+|[\w.]+@[\w.]+|\+1 212|\/home\/\w+/
  const read = async (file: string) => await readFile(example.path('sessions', file), 'utf8')
  expect(await read('deploy.jsonl')).toMatch(/ghp_\w+/)
  expect(await read('fix-test.jsonl')).toMatch(/mira\.okafor@/)
  expect(JSON.stringify(records)).not.toMatch(secrets)
  expect(exported).not.toMatch(secrets)
  expect(exported).toContain('[SECRET]')
})
