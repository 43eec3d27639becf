import { readFile, rm, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { create, open, type RunOptions, type RunResult } from '../../src/index.ts'
import { scriptedProvider, type ScriptedProvider } from '../../src/testing/scripted.ts'
import { openResponseCache } from '../../src/store/response-cache.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'
import { datasetHashes } from '../crash/run-folder.ts'
import { stories } from './configs.ts'

// Answers of models are kept for other runs, and taken from there.

/** Each answer is another one, as those of a model are. */
function model(): ScriptedProvider {
  return scriptedProvider(({ number, prompt, request }) => {
    if (request.operation === 'embed') {
      return { vectors: request.inputs.map((_, at) => Float32Array.of(number, at, 1)) }
    }
    if (prompt.startsWith('pick')) return { text: JSON.stringify({ pick: number }) }
    return `answer ${number}`
  })
}

const models = {
  model_providers: [{ name: 'p', provider_type: 'scripted', endpoint: 'http://example.invalid' }],
  model_configs: ['chat-completion', 'embedding'].map((type) => ({
    alias: type === 'embedding' ? 'e' : 'm',
    provider: 'p',
    model: 'x',
    skip_health_check: true,
    inference_parameters: { generation_type: type, max_parallel_requests: 4 },
  })),
}

const columns = [
  { name: 'one', column_type: 'llm-text', model_alias: 'm', prompt: 'the same for all rows' },
  { name: 'two', column_type: 'llm-text', model_alias: 'm', prompt: 'the same for all rows' },
  {
    name: 'picked',
    column_type: 'llm-structured',
    model_alias: 'm',
    prompt: 'pick for {{ one }}',
    output_format: {
      type: 'object',
      properties: { pick: { type: 'integer', minimum: 8 } },
      required: ['pick'],
    },
    on_failure: 'null',
  },
  { name: 'vector', column_type: 'embedding', model_alias: 'e', target_column: 'two' },
]

function optionsOf(out: string, cache: string, provider: ScriptedProvider): RunOptions {
  return {
    config: { config: { ...models, seed: 5, columns } },
    rows: 8,
    out,
    cache,
    plugins: [{ name: 'scripted', providers: [provider] }],
  }
}

async function recordsOf({ dir }: RunResult): Promise<Record<string, unknown>[]> {
  await using dataset = await open(dir)
  const records = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

test('a second run asks for nothing, and a prompt has as many answers as rows and columns', async () => {
  await using desk = await createDesk()
  const cache = desk.path('cache')
  const provider = model()
  const first = await create(optionsOf(desk.path('first'), cache, provider))
  const records = await recordsOf(first)
  const answers = records.flatMap(({ one, two }) => [one, two])
  expect(new Set(answers).size).toBe(16)
  expect(first.cached).toBe(0)
  const asked = provider.calls.length

  const second = await create(optionsOf(desk.path('second'), cache, provider))
  expect(provider.calls.length).toBe(asked)
  // Vectors of cells that shared a request are found one by one.
  expect(second).toMatchObject({ requests: 0, usage: { outputTokens: 0 } })
  expect(second.cached).toBeGreaterThanOrEqual(first.requests)
  expect(datasetHashes(second.dir)).toEqual(datasetHashes(first.dir))
  const summary = JSON.parse(await readFile(`${second.dir}/run.json`, 'utf8'))
  expect(summary).toMatchObject({ cached: second.cached, requests: 0 })

  // More rows are asked for; what is shared is not.
  const more = await create({ ...optionsOf(desk.path('more'), cache, provider), rows: 12 })
  expect(more.cached).toBe(second.cached)
  expect((await recordsOf(more)).slice(0, 8)).toEqual(records)

  // Without a cache everything is asked for again.
  const { cache: _cache, ...without } = optionsOf(desk.path('without'), cache, model())
  expect((await create(without)).cached).toBe(0)
})

const picked = {
  ...columns[2],
  prompt: 'pick',
  output_format: { type: 'object', properties: { pick: { type: 'integer' } }, required: ['pick'] },
  on_failure: 'drop',
}

test('rows that are made again get other answers, and those are kept', async () => {
  await using desk = await createDesk()
  const cache = desk.path('cache')
  let good = false
  const provider = scriptedProvider(({ number }) => (good ? `{"pick": ${number}}` : 'no'))
  const options: RunOptions = {
    ...optionsOf(desk.path('first'), cache, provider),
    config: { config: { ...models, columns: [picked] } },
    runConfig: { disable_early_shutdown: true, max_conversation_restarts: 0 },
  }
  expect((await create(options)).rows.dropped).toBe(8)
  good = true
  const again = await create({ ...options, retryDropped: true })
  expect(again.rows).toMatchObject({ accepted: 8, dropped: 0 })
  const asked = provider.calls.length
  const other = await create({ ...options, out: desk.path('second') })
  expect([other.rows.accepted, provider.calls.length]).toEqual([8, asked])
})

test('the answers go to another machine, where a run needs neither a model nor a key', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const config = stories({ url: server.url, apiKey: 'STORY_KEY' })
  await desk.write('tales.json', config)
  const create20 = ['create', 'tales.json', '-n', '20', '--seed', '4', '--out']
  const made = await desk.run([...create20, 'made', '--cache', 'there'], { STORY_KEY: 'secret' })
  expect(made.code, made.stderr).toBe(0)
  const exported = await desk.run(['cache', 'export', 'answers.jsonl', '--cache', 'there'])
  expect(exported.stderr).toContain('20 answers of')
  const asked = server.counts.requests

  const imported = await desk.run(['cache', 'import', 'answers.jsonl'])
  expect(imported.stderr).toContain('20 answers added to')
  const replayed = await desk.run([...create20, 'replayed', '--replay'])
  expect(replayed.code, replayed.stderr).toBe(0)
  expect(replayed.stderr).toContain('No requests, 20 answers from the cache')
  expect(server.counts.requests).toBe(asked)
  expect(datasetHashes(desk.path('replayed'))).toEqual(datasetHashes(desk.path('made')))
  const shown = await desk.run(['show', 'replayed'])
  expect(shown.stdout).toContain('20 from the cache')

  // One that is not there is an error, and the run can continue with a model.
  const missing = await desk.run([...create20.with(3, '21'), 'replayed', '--replay'])
  expect(missing.code).toBe(4)
  expect(missing.stderr).toContain('row 20: the answer of writer is not in the cache')
  await rm(desk.path('.rowsmith-cache'), { recursive: true })
  const none = await desk.run([...create20, 'fresh', '--replay'])
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('there is no cache')])

  await writeFile(desk.path('wrong.jsonl'), '{"key":"12"}\n')
  const wrong = await desk.run(['cache', 'import', 'wrong.jsonl'])
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('wrong.jsonl:1:')])
})

test('two processes fill one cache at the same time, and neither loses an answer', async () => {
  await using desk = await createDesk()
  let asked = 0
  await using server = await createModelServer({
    script: () => ({ text: `answer ${(asked += 1)}` }),
  })
  const config = stories({ url: server.url, apiKey: 'STORY_KEY' })
  await desk.write('tales.json', config)
  const words = ['create', 'tales.json', '-n', '60', '--seed', '4', '--cache', 'shared', '--out']
  const both = await Promise.all(
    ['one', 'two'].map((out) => desk.run([...words, out], { STORY_KEY: 'secret' })),
  )
  expect(both.map(({ code, stderr }) => [code, stderr.includes('cache')])).toEqual([
    [0, expect.any(Boolean)],
    [0, expect.any(Boolean)],
  ])
  const [one, two] = await Promise.all(
    ['one', 'two'].map(async (out) => {
      await using dataset = await open(desk.path(out))
      const records = []
      for await (const record of dataset.records()) records.push(record)
      return records
    }),
  )
  expect([one?.length, two?.length]).toEqual([60, 60])
  const sent = asked
  const replayed = await create({
    config: { config },
    rows: 60,
    seed: 4n,
    out: desk.path('replayed'),
    cache: desk.path('shared'),
    replay: true,
  })
  expect([replayed.rows.accepted, replayed.cached, asked]).toEqual([60, 60, sent])
  // The first answer stays: each row has that of one process.
  const records = await recordsOf(replayed)
  records.forEach((record, row) => expect([one?.[row], two?.[row]]).toContainEqual(record))
})

test('a cache that is made by several at once, locked, broken or full costs no answer', async () => {
  await using desk = await createDesk()
  for (let round = 0; round < 4; round += 1) {
    const folder = desk.path(`made-${round}`)
    const opened = await Promise.all([0, 1, 2].map(() => openResponseCache(folder)))
    opened.forEach((cache, at) => cache.keep({ key: `0${at}`, reply: `${at}` }))
    for (const cache of opened) await cache[Symbol.asyncDispose]()
    await using cache = await openResponseCache(folder, { readOnly: true })
    expect((await cache.count()).entries).toBe(3)
  }

  const provider = model()
  const warnings: string[] = []
  const options = (out: string, cache: string): RunOptions => ({
    ...optionsOf(desk.path(out), desk.path(cache), provider),
    onEvent(event) {
      if (event.type !== 'warning' || event.problem.code !== 'cache-failed') return
      warnings.push(event.problem.message)
    },
  })

  // Another program holds the lock for too long.
  await using locked = await openResponseCache(desk.path('locked'), {
    patienceMs: 1,
    onFailure: (message) => warnings.push(message),
  })
  const holder = new DatabaseSync(locked.path)
  holder.exec('BEGIN IMMEDIATE')
  locked.keep({ key: '01', reply: 'one' })
  await locked.flush()
  expect(warnings.splice(0)).toEqual([expect.stringContaining('database is locked')])
  expect(await locked.find('01')).toBeNull()
  holder.exec('COMMIT')
  holder.close()

  // Its table is missing while it is used: answers are asked for, and the run is whole.
  await create(options('first', 'broken'))
  const asked = provider.calls.length
  const database = new DatabaseSync(desk.path('broken/answers.sqlite'))
  database.exec('ALTER TABLE answer RENAME COLUMN reply TO lost')
  database.close()
  const again = await create(options('second', 'broken'))
  expect(again.end).toEqual({ kind: 'complete' })
  expect(provider.calls.length).toBe(2 * asked)
  expect(warnings.splice(0)).toEqual([expect.stringContaining("can't be read from")])
  await expect(create({ ...options('third', 'broken'), replay: true })).rejects.toThrow(
    'reading the cache',
  )

  // No more pages may be added, as on a full disk.
  await using full = await openResponseCache(desk.path('full'), {
    onFailure: (message) => warnings.push(message),
  })
  const plug = new DatabaseSync(full.path)
  plug.exec(
    "CREATE TRIGGER full BEFORE INSERT ON answer BEGIN SELECT raise(ABORT, 'disk is full'); END",
  )
  plug.close()
  full.keep({ key: '01', reply: 'one' })
  await full.flush()
  expect(warnings.at(-1)).toContain('disk is full')
})
