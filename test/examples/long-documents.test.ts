import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { datasetHashes, readDurable } from '../crash/run-folder.ts'
import { baseEnvironment, program } from '../e2e/command.ts'
import { copyExample, type Example } from '../support/example-run.ts'

interface Question {
  question: string
  answer: string
}

interface Page {
  document: string
  page: number
  picture: string
  text: string
  kind: string
  text_question: Question
  visual_question: Question | null
  window_question: Question | null
  document_question: Question | null
  review: Record<'correct' | 'self_contained' | 'useful', { score: string }>
  total: number
}

/** Requests that the first command sees answered. */
const answered = 14

/** The example's plugin, whose process is killed a moment after a request too many. */
const killed = `
import example from './scripted.ts'

const [scripted] = example.providers
let asked = 0
const open = (config, context) => {
  const provider = scripted.open(config, context)
  const send = (...request) => {
    asked += 1
    if (asked <= ${answered}) return provider.send(...request)
    if (asked === ${answered} + 1) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
    return new Promise(() => {})
  }
  return { ...provider, send }
}
export default { ...example, providers: [{ ...scripted, open }] }
`

test('long-documents: one command for the chain, continued after a kill', async () => {
  await using whole = await copyExample('long-documents')
  const { dir, result, records, requests } = await whole.make<Page>()
  const pages = await pagesOf(dir)
  for (const { document, page, text } of pages) {
    const written = await readFile(whole.path('pages', `${document}-${page}.txt`), 'utf8')
    expect(text).toBe(written.trim())
  }
  expect(pages.map(({ kind }) => kind).join(' ')).toBe('prose table chart prose prose table prose')
  expect(pages.map(questionsOf)).toEqual([
    'text window document',
    'text visual window',
    'text visual window',
    'text',
    'text window document',
    'text visual window',
    'text',
  ])
  expect(pages[1]?.window_question?.question).toContain('Ships by quarter and Freight by quarter?')
  expect(pages[4]?.document_question?.answer).toBe('3 pages say it.')
  for (const { review, total } of pages) {
    const { correct, self_contained: selfContained, useful } = review
    const tenths = 5 * +correct.score + 3 * +selfContained.score + 2 * +useful.score
    expect(total).toBeCloseTo(tenths / 10, 9)
  }
  const good = pages.filter(({ total }) => total >= 3)
  expect(records.map(({ picture }) => picture)).toEqual(good.map(({ picture }) => picture))
  expect(result.rows).toMatchObject({ accepted: good.length, rejected: 7 - good.length })
  expect(good.length).toBeGreaterThan(0)
  expect(good.length).toBeLessThan(7)

  // The same command, killed in the middle and started again.
  await using broken = await copyExample('long-documents')
  const durable = await killInTheMiddle(broken)
  const again = await broken.make<Page>()
  expect(datasetHashes(again.dir)).toEqual(datasetHashes(dir))
  expect(again.records).toEqual(records)
  // No answer in the run folder is asked for again, and everything else is asked for once.
  const asked = await cellsIn(broken.path('..', '..', 'config.jsonl'), 'request-sent')
  expect(asked.filter((cell) => durable.has(cell))).toEqual([])
  const all = [...requests.values()].reduce((sum, count) => sum + count, 0)
  expect(asked).toHaveLength(all - durable.size)
})

/** All pages with their values, rejected ones too. */
async function pagesOf(dir: string): Promise<Page[]> {
  await using dataset = await open(dir)
  const pages: Page[] = []
  for (let row = 0; row < 7; row += 1) {
    const { cells } = await dataset.row(row)
    // The columns are those of the example's config.
    pages.push(Object.fromEntries(cells.map(({ column, value }) => [column, value])) as never)
  }
  return pages
}

function questionsOf(page: Page): string {
  return (['text', 'visual', 'window', 'document'] as const)
    .filter((name) => page[`${name}_question`] !== null)
    .join(' ')
}

/** Kills the command; returns the cells whose answers the run folder then holds. */
async function killInTheMiddle(example: Example): Promise<Set<string>> {
  await writeFile(example.path('killed.js'), killed)
  const words = ['create', 'config.yaml', '--seed', '1', '--events', 'killed.jsonl']
  const plugin = ['--plugin', './killed.js', '--providers', '../scripted.yaml']
  const child = spawn(process.execPath, [program, ...words, ...plugin], {
    cwd: example.path(),
    env: baseEnvironment(example.path()),
    stdio: 'ignore',
  })
  await once(child, 'close')
  expect(child.signalCode).toBe('SIGKILL')
  const { cells } = readDurable(example.path('runs', 'config'))
  const received = await cellsIn(example.path('killed.jsonl'), 'request-answered')
  expect(received).toHaveLength(answered)
  const durable = new Set<string>(received.filter((cell) => cells.has(cell)))
  expect(durable.size).toBeGreaterThan(0)
  return durable
}

/** The cells of all events of a type. */
async function cellsIn(events: string, type: string): Promise<`${string} ${number}`[]> {
  const lines = (await readFile(events, 'utf8')).trim().split('\n')
  return lines
    .map((line) => JSON.parse(line) as { type: string; column: string; row: number })
    .filter((event) => event.type === type)
    .map(({ column, row }) => `${column} ${row}` as const)
}
