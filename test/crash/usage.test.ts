import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUsage, noUsage, type Usage } from '../../src/graph/request.ts'
import type { RunResult } from '../../src/index.ts'
import { inspectStore } from '../../src/store/inspect-store.ts'
import { readStoredRow } from '../../src/store/stored-row.ts'
import { createModelServer, type ServerAction } from '../../src/testing/model-server.ts'
import type { Session } from './child.ts'
import { modelsAt } from './model.ts'
import { startSession } from './process.ts'

const rows = 120

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-usage-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** What a column's row is answered: most with text, some with what can't be used. */
function answerTo(column: string, row: number, attempt: number): ServerAction {
  const usage = {
    prompt_tokens: 10 + row,
    prompt_tokens_details: { cached_tokens: row % 3 },
    completion_tokens: 20 + row,
    completion_tokens_details: { reasoning_tokens: row % 5 },
    cost: 0.25,
  }
  const nothing = { message: { content: null }, usage }
  if (column === 'title') return { text: `title ${row}`, usage }
  if (row % 10 === 3) return { ...nothing, finishReason: 'length' }
  if (row % 10 === 5) return { ...nothing, finishReason: 'content_filter' }
  if (row % 10 === 7) return { message: { content: null, refusal: 'No.' }, usage }
  // Nothing at all once, then an answer.
  if (row % 10 === 9 && attempt === 0) return { ...nothing, finishReason: 'stop' }
  return { text: `story ${row}`, usage }
}

function usageOf({ usage }: ServerAction): Usage {
  const given = usage as {
    prompt_tokens: number
    prompt_tokens_details: { cached_tokens: number }
    completion_tokens: number
    completion_tokens_details: { reasoning_tokens: number }
    cost: number
  }
  return {
    inputTokens: given.prompt_tokens,
    cachedInputTokens: given.prompt_tokens_details.cached_tokens,
    outputTokens: given.completion_tokens,
    reasoningTokens: given.completion_tokens_details.reasoning_tokens,
    images: 0,
    cost: given.cost,
  }
}

/** Requests the ledger counts; 0 while it is being made. */
function recorded(directory: string): number {
  if (!existsSync(join(directory, 'ledger.sqlite'))) return 0
  const options = { readOnly: true, timeout: 60_000 }
  using database = new DatabaseSync(join(directory, 'ledger.sqlite'), options)
  const tables = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'usage'").all()
  if (tables.length === 0) return 0
  const [found] = database.prepare('SELECT sum(ok + throttled + failed) AS sum FROM usage').all()
  return Number(found?.['sum'] ?? 0)
}

test('a killed and resumed run has counted what the server has, for unusable replies too', async () => {
  const sums = new Map<string, Usage>()
  const attempts = new Map<string, number>()
  let answered = 0
  let most = 70
  await using server = await createModelServer({
    script({ prompt }) {
      const [, column = '', row = ''] = /^(\w+) (\d+):/.exec(prompt) ?? []
      if (answered >= most) return { hang: true }
      answered += 1
      const attempt = attempts.get(prompt) ?? 0
      attempts.set(prompt, attempt + 1)
      const action = answerTo(column, Number(row), attempt)
      sums.set(column, addUsage(sums.get(column) ?? noUsage, usageOf(action)))
      return action
    },
  })
  const session: Session = {
    config: {
      ...modelsAt(server.url, 8),
      seed: 5,
      columns: [
        { name: 'row', column_type: 'row-number' },
        {
          name: 'story',
          column_type: 'llm-text',
          model_alias: 'writer',
          prompt: 'story {{ row }}: tell',
        },
        {
          name: 'title',
          column_type: 'llm-text',
          model_alias: 'writer',
          prompt: 'title {{ row }}: {{ story }}',
        },
      ],
    },
    rows,
    out: join(root, 'run'),
    runConfig: { buffer_size: 20, part_rows: 40, disable_early_shutdown: true },
    receipts: join(root, 'receipts'),
  }
  for (let kill = 0; kill < 2; kill += 1) {
    const running = startSession(session)
    // What is answered is in the ledger; what is asked beyond is never answered, and costs nothing.
    while (recorded(session.out) < most) await setTimeout(20)
    running.process.kill('SIGKILL')
    await running.ended
    most += 70
  }
  most = Infinity
  const ended = await startSession(session).ended
  expect(ended).toMatchObject({ by: 0, stderr: '' })
  const result: RunResult = JSON.parse(ended.stdout)
  expect(result.rows).toMatchObject({ accepted: 84, dropped: 36, remaining: 0 })
  const all = [...sums.values()].reduce(addUsage, noUsage)
  expect(result.usage).toEqual(all)
  const { columnUsage, settings } = await inspectStore(session.out)
  const counted = columnUsage.map(({ column, ...usage }) => [
    settings.columns[column ?? -1]?.name,
    usage,
  ])
  expect(counted).toMatchObject([...sums].toSorted(([one], [other]) => one.localeCompare(other)))
  expect(result.requests).toBe(answered)
  // What each cell cost is known, too, and adds up to the same.
  const ofCells = new Map<string, Usage>()
  for (let row = 0; row < rows; row += 1) {
    for (const [column, { requests: _requests, ...usage }] of (
      await readStoredRow(session.out, row)
    ).usage) {
      const name = settings.columns[column]?.name ?? ''
      ofCells.set(name, addUsage(ofCells.get(name) ?? noUsage, usage))
    }
  }
  expect(ofCells).toEqual(sums)
  // Only the stories that could not be used are in the failures.
  expect(result.requestOutcomes).toMatchObject({ failed: 48 })
}, 120_000)
