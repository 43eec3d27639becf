import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  chat,
  fresh,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import {
  createModelServer,
  type ModelServer,
  type ServerAction,
  type ServerCall,
} from '../testing/model-server.ts'
import { decodedText } from './content-coding.ts'
import type { ModelRegistry } from './registry.ts'

let next: ServerAction = {}
let server: ModelServer
let registry: ModelRegistry
const calls: ServerCall[] = []
beforeAll(async () => {
  server = await createModelServer({
    script(call) {
      calls.push(call)
      return next
    },
  })
  registry = openRegistry(providerConfig({ endpoint: server.url }))
})
afterAll(async () => {
  await registry.close()
  await server.close()
})

const good = JSON.stringify({
  choices: [{ message: { content: 'squeezed é' }, finish_reason: 'stop' }],
})

async function answer(body: string | Uint8Array, headers: Record<string, string> = {}) {
  next = { body, headers }
  return (await registry.send('writer', chat('Hello'), fresh())).content
}

test.each<[string, Uint8Array, Record<string, string>]>([
  ['gzip', gzipSync(good), { 'content-encoding': 'gzip' }],
  ['x-gzip', gzipSync(good), { 'content-encoding': 'X-GZIP' }],
  ['deflate', deflateSync(good), { 'content-encoding': 'deflate' }],
  ['deflate without its header', deflateRawSync(good), { 'content-encoding': 'deflate' }],
  ['brotli', brotliCompressSync(good), { 'content-encoding': 'br' }],
  ['zstd', zstdCompressSync(good), { 'content-encoding': 'zstd' }],
  ['two of them', brotliCompressSync(gzipSync(good)), { 'content-encoding': 'gzip, br' }],
  ['identity', Buffer.from(good), { 'content-encoding': 'identity' }],
  ['gzip that is not said', gzipSync(good), {}],
  ['zstd that is not said', zstdCompressSync(good), {}],
  ['gzip that was undone', Buffer.from(good), { 'content-encoding': 'gzip' }],
  ['brotli that was undone', Buffer.from(good), { 'content-encoding': 'br' }],
  ['a mark at the beginning', Buffer.from(`\ufeff${good}`), {}],
  [
    'latin 1',
    Buffer.from(good, 'latin1'),
    { 'content-type': 'application/json; charset=ISO-8859-1' },
  ],
  [
    'utf-16',
    Buffer.from(good, 'utf16le'),
    { 'content-type': 'application/json; charset="utf-16le"' },
  ],
  ['utf-8 that is said', Buffer.from(good), { 'content-type': 'application/json; charset=UTF-8' }],
])('a reply in %s is read', async (_name, body, headers) => {
  expect(await answer(body, headers)).toEqual([{ type: 'text', text: 'squeezed é' }])
})

test('what is asked for is no coding', () => {
  expect(calls.at(-1)?.headers['accept-encoding']).toBe('identity')
})

test('errors come compressed, too', async () => {
  const body = gzipSync(JSON.stringify({ error: { message: 'the model is on holiday' } }))
  next = { status: 400, body, headers: { 'content-encoding': 'gzip' } }
  const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
  expect(error.message).toContain('the model is on holiday')
})

test.each([
  ['an unknown coding', Buffer.from([1, 2, 3]), 'compress', "it is compressed with 'compress'"],
  ['a cut body', gzipSync(good).subarray(0, 30), 'gzip', "can't be decompressed"],
  ['a body of something else', Buffer.from('<html>'), 'br', "can't be decompressed"],
])('%s says so', async (_name, body, coding, words) => {
  next = { body, headers: { 'content-encoding': coding } }
  const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
  expect([error.code, error.problem.kind]).toEqual(['bad-reply', 'transient'])
  expect(error.message).toContain(words)
})

test('a small body that grows without end is stopped', async () => {
  const bomb = gzipSync(Buffer.alloc(2 ** 20))
  const decoded = decodedText(bomb, { 'content-encoding': 'gzip' }, { maxBytes: 2 ** 16 })
  await expect(decoded).rejects.toThrow('more than 0.0625 MiB')
})

test('numbers that JSON does not have lose nothing else', async () => {
  const body = good.replace('"choices"', '"logprob": NaN, "low": -Infinity, "choices"')
  expect(await answer(body.replace('squeezed é', 'NaN stays'))).toEqual([
    { type: 'text', text: 'NaN stays' },
  ])
})

test('a stream of events is reported as one', async () => {
  next = { body: 'data: {"choices":[]}\n\ndata: [DONE]\n\n' }
  const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
  expect(error.message).toContain('a stream of events, though the request says "stream": false')
  expect(calls.at(-1)?.text).toContain('"stream":false')
})

const spellings: [string, unknown][] = [
  ['null', null],
  ['empty text', ''],
  ['no blocks', []],
  ['a block of thoughts', [{ type: 'thinking', thinking: 'hm' }]],
  ['an empty block', [{ type: 'text', text: '' }]],
  ['white space', ' \n\t'],
]

test.each(
  spellings.flatMap(([name, content]) =>
    [
      ['length', 'out-of-tokens'],
      ['content_filter', 'content-filter'],
    ].map(([reason = '', code = '']) => [name, reason, content, code] as const),
  ),
)('no text as %s at %s', async (_name, finishReason, content, code) => {
  next = { message: { content }, finishReason }
  const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
  expect(error.code).toBe(code)
})

test.each([
  ['refuses', { content: '', refusal: 'I would rather not.' }, 'stop', 'model-refused'],
  ['only thinks', { content: '', reasoning_content: 'hm' }, 'stop', 'bad-reply'],
  [
    'only thinks in blocks',
    { content: [{ type: 'thinking', thinking: 'hm' }] },
    'stop',
    'bad-reply',
  ],
  ['ends for no reason', { content: '' }, 'unknown', 'bad-reply'],
])('a model that %s gives no answer', async (_name, message, finishReason, code) => {
  next = { message, finishReason }
  expect((await requestError(registry.send('writer', chat('Hello'), fresh()))).code).toBe(code)
})

test('a model that ends with no text answers with none', async () => {
  next = { message: { content: '', refusal: null }, finishReason: 'stop' }
  expect(await registry.send('writer', chat('Hello'), fresh())).toMatchObject({ content: [] })
})

test('a key that comes back in an answer is taken out of it', async () => {
  const key = 'sk-0123456789abcdef'
  const own = openRegistry(providerConfig({ endpoint: server.url, api_key: 'KEY' }), {
    environment: { KEY: key },
  })
  next = { text: `you sent ${key}`, message: { reasoning_content: `Bearer ${key}` } }
  const reply = await own.send('writer', chat('Hello'), fresh())
  await own.close()
  expect(reply.content).toEqual([{ type: 'text', text: 'you sent ***' }])
  expect(reply.reasoning).toBe('Bearer ***')
})

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

test.each([
  ['a body of brackets', deep(10_000), 200],
  ['an error of brackets', `{"error":${deep(100_000)}}`, 200],
  ['an error with a code', `{"error":{"code":500,"message":"x","detail":${deep(100_000)}}}`, 200],
  ['a detail of brackets', `{"detail":${deep(100_000)}}`, 500],
  ['an error body of brackets', deep(200_000), 503],
  ['a content of brackets', `{"choices":[{"message":{"content":${deep(100_000)}}}]}`, 200],
  [
    'arguments of brackets',
    `{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":${deep(100_000)}}}]}}]}`,
    200,
  ],
])('%s is a reply that can not be used', async (_name, body, status) => {
  next = { body, status }
  const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
  expect(error.problem.kind).toBe('transient')
})
