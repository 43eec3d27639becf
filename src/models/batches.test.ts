import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
} from '../../test/support/models.ts'
import { RequestError } from '../graph/request-error.ts'
import { textOf } from '../graph/request.ts'
import type { BatchAction, BatchCall, BatchCallAction } from '../testing/batch-server.ts'
import { createModelServer } from '../testing/model-server.ts'
import type { BatchApi, BatchFile, BatchResult } from './batch-api.ts'

let action: BatchAction = {}
let onCall: (call: BatchCall) => BatchCallAction | undefined = () => undefined
const server = await createModelServer({
  apiKey: 'a-long-enough-key',
  script: ({ prompt }) => ({ text: `to ${prompt}` }),
  batches: { polls: 2, script: () => action, onCall: (call) => onCall(call) },
})
const folder = mkdtempSync(join(tmpdir(), 'rowsmith-batches-'))
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
  await server.close()
  rmSync(folder, { recursive: true })
})

function apiOf(type: string, key = 'a-long-enough-key'): BatchApi {
  action = {}
  onCall = () => undefined
  const config = providerConfig({ endpoint: server.url, provider_type: type, api_key: 'KEY' })
  const registry = openRegistry(config, { models: [modelConfig()], environment: { KEY: key } })
  closing.push(() => registry.close())
  const api = registry.batches('writer')
  if (api === null) throw new Error(`no batches of ${type}`)
  return api
}

let files = 0

function fileOf(api: BatchApi, id: string, prompts: readonly string[]): BatchFile {
  const path = join(folder, `${files++}.jsonl`)
  const lines = prompts.map((prompt, number) => api.line(`${id}_${number}`, chat(prompt)))
  writeFileSync(path, lines.map(({ text }) => text).join(api.separator))
  return { path, bytes: statSync(path).size, endpoint: lines[0]?.endpoint ?? '' }
}

function submissionOf(id: string, requests: number) {
  return { id, requests, since: Date.now() }
}

async function endOf(api: BatchApi, handle: string) {
  await api.status(handle, fresh())
  return api.status(handle, fresh())
}

async function resultsOf(api: BatchApi, handle: string): Promise<BatchResult[]> {
  const status = await endOf(api, handle)
  return Array.fromAsync(api.results(status, fresh()))
}

function shown(result: BatchResult): unknown {
  if ('reply' in result) return [result.id, textOf(result.reply.content)]
  if ('again' in result) return [result.id, result.again]
  return [result.id, result.error.code, result.error.problem.kind]
}

describe.each(['openai', 'anthropic'])('%s', (type) => {
  test('a batch is sent as a file, looked at, and read line by line', async () => {
    const api = apiOf(type)
    const file = fileOf(api, 'run-1', ['one', 'two\u2028 ünï'])
    const handle = await api.submit(submissionOf('run-1', 2), file, fresh())
    const batch = server.batches.at(-1)
    expect(batch).toMatchObject({ handle, protocol: type })
    expect(batch?.requests.map(({ id }) => id)).toEqual(['run-1_0', 'run-1_1'])
    expect(JSON.parse(batch?.requests[1]?.body ?? '')).toMatchObject({
      model: 'test',
      messages: [{ role: 'user', content: 'two\u2028 ünï' }],
    })
    expect(await api.status(handle, fresh())).toMatchObject({ outcome: null, total: 2 })
    const ended = await api.status(handle, fresh())
    expect(ended).toMatchObject({ outcome: 'completed', done: 2, total: 2, error: null })
    const results = await Array.fromAsync(api.results(ended, fresh()))
    expect(results.map(shown)).toEqual([
      ['run-1_0', 'to one'],
      ['run-1_1', 'to two\u2028 ünï'],
    ])
    expect(results[0]).toMatchObject({ reply: { usage: { inputTokens: 1, outputTokens: 2 } } })
  })

  test('each request has a separate result: answers, errors by their class, what was not done', async () => {
    const api = apiOf(type)
    const error = (status: number) => ({ status, body: '{"error":{"message":"it says no"}}' })
    const answers = [undefined, error(400), error(529), 'expired', 'cancelled', 'missing'] as const
    action = {
      outcome: 'expired',
      answer: (_, position) => answers[position],
      lines: (lines) => [...lines].reverse().concat('{"custom_id":"run-2_0","resp'),
    }
    const file = fileOf(api, 'run-2', ['a', 'b', 'c', 'd', 'e', 'f'])
    const handle = await api.submit(submissionOf('run-2', 6), file, fresh())
    const results = await resultsOf(api, handle)
    const sorted = results.toSorted((one, other) => (one.id < other.id ? -1 : 1)).map(shown)
    expect(sorted).toEqual([
      ['run-2_0', 'to a'],
      ['run-2_1', 'bad-request', 'refused'],
      ['run-2_2', 'server-error', 'transient'],
      ['run-2_3', 'expired'],
      ['run-2_4', 'cancelled'],
    ])
  })

  test('one that was sent without an answer is found, and no other one is taken for it', async () => {
    const api = apiOf(type)
    const file = fileOf(api, 'run-3', ['a', 'b', 'c'])
    onCall = ({ step }) => (step === 'create' ? 'lose' : undefined)
    const sent = submissionOf('run-3', 3)
    const lost = await api.submit(sent, file, fresh()).catch((error: unknown) => error)
    expect(lost).toBeInstanceOf(RequestError)
    expect(lost).toMatchObject({ code: 'disconnected', problem: { kind: 'transient' } })
    const own = server.batches.at(-1)?.handle ?? ''
    // One of the same size next to it.
    onCall = () => undefined
    const other = fileOf(api, 'run-4', ['x', 'y', 'z'])
    const otherHandle = await api.submit(submissionOf('run-4', 3), other, fresh())
    await endOf(api, own)
    await endOf(api, otherHandle)
    expect(await api.find(sent, new Set(), fresh())).toEqual({ kind: 'found', handle: own })
    const never = submissionOf('run-5', 3)
    expect(await api.find(never, new Set(), fresh())).toEqual({ kind: 'none' })
  })

  test('a file of results that is missing has none; a wrong key and a refusal are reported', async () => {
    const api = apiOf(type)
    action = { isLost: true }
    const handle = await api.submit(submissionOf('run-6', 1), fileOf(api, 'run-6', ['a']), fresh())
    expect(await resultsOf(api, handle)).toEqual([])
    onCall = () => ({ status: 429, headers: { 'retry-after': '7' } })
    await expect(api.status(handle, fresh())).rejects.toMatchObject({
      problem: { kind: 'throttled', retryAfterMs: 7000 },
    })
    await expect(apiOf(type, 'another-key').status(handle, fresh())).rejects.toMatchObject({
      code: 'unauthorized',
    })
  })

  test('it can be cancelled', async () => {
    const api = apiOf(type)
    const handle = await api.submit(submissionOf('run-7', 1), fileOf(api, 'run-7', ['a']), fresh())
    await api.cancel(handle, fresh())
    expect(await api.status(handle, fresh())).toMatchObject({ outcome: 'cancelled' })
    expect((await resultsOf(api, handle)).map(shown)).toEqual([['run-7_0', 'cancelled']])
  })
})

test('a batch in progress at Anthropic may be the one that is looked for', async () => {
  const api = apiOf('anthropic')
  const handle = await api.submit(
    submissionOf('run-8', 4),
    fileOf(api, 'run-8', ['a', 'b', 'c', 'd']),
    fresh(),
  )
  const sent = submissionOf('run-8', 4)
  expect(await api.find(sent, new Set(), fresh())).toEqual({ kind: 'unsure' })
  expect(await api.find(sent, new Set([handle]), fresh())).toEqual({ kind: 'none' })
  expect(await api.find(sent, new Set(), fresh())).toEqual({ kind: 'found', handle })
})

test('a batch that is refused as a whole says why', async () => {
  const api = apiOf('openai')
  action = {
    outcome: 'failed',
    error: { code: 'token_limit_exceeded', message: 'Enqueued too much.' },
  }
  const handle = await api.submit(submissionOf('run-9', 1), fileOf(api, 'run-9', ['a']), fresh())
  expect(await endOf(api, handle)).toMatchObject({
    outcome: 'failed',
    error: 'Enqueued too much.',
    results: [],
  })
})
