import { afterAll, describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { type ChatRequest, noUsage, textMessage } from '../graph/request.ts'
import type { RequestProblem } from '../graph/request-error.ts'
import { createModelServer, type ServerAction, type ServerCall } from '../testing/model-server.ts'
import { providerSuite } from '../testing/provider-suite.ts'
import { anthropic } from './anthropic.ts'

const calls: ServerCall[] = []
let next: ServerAction | undefined
const server = await createModelServer({
  script(call) {
    calls.push(call)
    return call.prompt === 'slow' ? { delayMs: 150 } : next
  },
})
const provider = providerConfig({ endpoint: server.url, provider_type: 'anthropic' })
const registry = openRegistry(provider)
afterAll(async () => {
  await registry.close()
  await server.close()
})

async function sent(request: ChatRequest, parameters = {}): Promise<unknown> {
  next = undefined
  const models = [modelConfig({}, parameters)]
  const environment = { KEY: 'a-key' }
  const own = openRegistry({ ...provider, api_key: 'KEY' }, { models, environment })
  await own.send('writer', request, fresh())
  await own.close()
  return JSON.parse(calls.at(-1)?.text ?? '')
}

test('with cache_prompt what others may share ends with a mark: the system prompt, and long values', async () => {
  const own = openRegistry(provider, { models: [modelConfig({ cache_prompt: true })] })
  const request: ChatRequest = {
    operation: 'chat',
    messages: [textMessage('system', 'Be kind.'), textMessage('user', 'one two three')],
    sharedEnds: [3, 7],
  }
  next = undefined
  await own.send('writer', request, fresh())
  await own.send('writer', { ...request, sharedEnds: [13] }, fresh())
  await own.close()
  const kept = { cache_control: { type: 'ephemeral' } }
  const [first, second] = calls.slice(-2).map(({ text }) => JSON.parse(text) as unknown)
  expect(first).toMatchObject({
    system: [{ type: 'text', text: 'Be kind.', ...kept }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one', ...kept },
          { type: 'text', text: ' two', ...kept },
          { type: 'text', text: ' three' },
        ],
      },
    ],
  })
  expect(second).toMatchObject({ messages: [{ content: [{ text: 'one two three', ...kept }] }] })
})

test('with cache_prompt media in front end with a mark, and what is behind them is as it was', async () => {
  const own = openRegistry(provider, { models: [modelConfig({ cache_prompt: true })] })
  const image = (base64: string) =>
    ({ type: 'media', media: { base64 }, mime: 'image/png' }) as const
  const text = { type: 'text', text: 'one two' } as const
  next = undefined
  const asked = async (
    content: ChatRequest['messages'][number]['content'],
    sharedEnds?: number[],
  ) => {
    await own.send(
      'writer',
      {
        operation: 'chat',
        messages: [{ role: 'user', content }],
        sharedMedia: 2,
        ...(sharedEnds === undefined ? {} : { sharedEnds }),
      },
      fresh(),
    )
    return (JSON.parse(calls.at(-1)?.text ?? '') as { messages: unknown[] }).messages
  }
  const kept = { cache_control: { type: 'ephemeral' } }
  const written = (data: string) => ({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data },
  })
  const front = [written('AAAA'), { ...written('BBBB'), ...kept }]
  expect(await asked([image('AAAA'), image('BBBB'), text])).toEqual([
    { role: 'user', content: [...front, text] },
  ])
  expect(await asked([image('AAAA'), image('BBBB'), text], [3])).toEqual([
    {
      role: 'user',
      content: [...front, { type: 'text', text: 'one', ...kept }, { type: 'text', text: ' two' }],
    },
  ])
  expect(await asked([image('AAAA'), image('BBBB'), text, image('CCCC')])).toEqual([
    { role: 'user', content: [...front, text, written('CCCC')] },
  ])
  await own.close()
})

async function reply(action: ServerAction, request: ChatRequest = chat('Hello')) {
  next = action
  return registry.send('writer', request, fresh())
}

async function failure(action: ServerAction) {
  next = action
  return requestError(registry.send('writer', chat('Hello'), fresh()))
}

describe('conformance', () => {
  const setup = { kind: anthropic, config: { endpoint: server.url }, model: 'test' }
  test.each(providerSuite({ ...setup, slowPrompt: 'slow' }))('$name', async ({ run }) => {
    next = undefined
    await expect(run()).resolves.toBeUndefined()
  })
})

describe('what is sent', () => {
  test('the key and the version as headers, a bound of the answer in any case', async () => {
    expect(await sent(chat('Hello'))).toEqual({
      model: 'test',
      max_tokens: 4096,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: false,
    })
    const call = calls.at(-1)
    expect(call?.path).toBe('/v1/messages')
    expect(call?.headers['x-api-key']).toBe('a-key')
    expect(call?.headers['anthropic-version']).toBe('2023-06-01')
    expect(call?.headers['authorization']).toBeUndefined()
  })

  test('system prompts in addition to the messages, parameters of alias and request', async () => {
    const request: ChatRequest = {
      operation: 'chat',
      messages: [textMessage('system', 'Be brief.'), textMessage('user', 'Hello')],
      sampling: { temperature: 0.25 },
    }
    const parameters = { max_tokens: 20, top_p: 0.9, extra_body: { top_k: 5 } }
    expect(await sent(request, parameters)).toEqual({
      model: 'test',
      max_tokens: 20,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Hello' }],
      temperature: 0.25,
      top_p: 0.9,
      top_k: 5,
      stream: false,
    })
  })

  test('media, tools, calls and their results', async () => {
    const schema = { type: 'object' }
    const request: ChatRequest = {
      operation: 'chat',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'media', media: { base64: 'aGk=' }, mime: 'image/png' },
            { type: 'media', media: { url: 'https://x.org/a.pdf' }, mime: 'application/pdf' },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'tool-call', id: 'c1', name: 'find', arguments: '{"of":"tea"}' }],
        },
        {
          role: 'tool',
          content: [{ type: 'tool-result', id: 'c1', content: [{ type: 'text', text: 'green' }] }],
        },
      ],
      tools: [{ name: 'find', schema }],
    }
    expect(await sent(request)).toMatchObject({
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/png', data: 'aGk=' },
            },
            { type: 'document', source: { type: 'url', url: 'https://x.org/a.pdf' } },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 'c1', name: 'find', input: { of: 'tea' } }],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'c1',
              content: [{ type: 'text', text: 'green' }],
            },
          ],
        },
      ],
      tools: [{ name: 'find', input_schema: schema }],
    })
  })

  test('an answer of a given form is the input of a tool that must be called', async () => {
    const format = { name: 'answer', schema: { type: 'object' } }
    expect(await sent({ ...chat('Hello'), format })).toMatchObject({
      tools: [{ name: 'answer', input_schema: { type: 'object' } }],
      tool_choice: { type: 'tool', name: 'answer' },
    })
    const content = [{ type: 'tool_use', id: 'x', name: 'answer', input: { n: 1 } }]
    const action = { message: { content, stop_reason: 'tool_use' } }
    expect(await reply(action, { ...chat('Hello'), format })).toMatchObject({
      content: [{ type: 'text', text: '{"n":1}' }],
      finishReason: 'stop',
    })
  })

  test('nothing, for embeddings, images and media it has no form for', async () => {
    const before = server.counts.requests
    const text = [{ type: 'text' as const, text: 'x' }]
    const audio = { type: 'media' as const, media: { base64: '' }, mime: 'audio/wav' }
    for (const request of [
      { operation: 'embed' as const, inputs: [text] },
      { operation: 'image' as const, prompt: text, count: 1 },
      { operation: 'chat' as const, messages: [{ role: 'user' as const, content: [audio] }] },
    ]) {
      const error = await requestError(registry.send('writer', request, fresh()))
      expect([error.code, error.problem.kind]).toEqual(['unsupported-request', 'refused'])
    }
    expect(server.counts.requests).toBe(before)
  })
})

describe('what is read', () => {
  test('text, thoughts, calls, the model, and cached tokens among the input', async () => {
    const given = await reply({
      message: {
        model: 'claude-x',
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'Hi' },
          { type: 'tool_use', id: 'c1', name: 'find', input: { of: 'tea' } },
        ],
        stop_reason: 'tool_use',
      },
      usage: {
        input_tokens: 5,
        cache_creation_input_tokens: 100,
        cache_read_input_tokens: 2000,
        output_tokens: 7,
      },
    })
    expect(given).toEqual({
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'tool-call', id: 'c1', name: 'find', arguments: '{"of":"tea"}' },
      ],
      reasoning: 'hm',
      finishReason: 'tool_calls',
      usage: { ...noUsage, inputTokens: 2105, cachedInputTokens: 2000, outputTokens: 7 },
      model: 'claude-x',
    })
  })

  test.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['pause_turn', 'pause_turn'],
  ])('%s is %s', async (finishReason, expected) => {
    expect(await reply({ text: 'x', finishReason })).toMatchObject({ finishReason: expected })
  })

  test('quotas of its headers', async () => {
    const headers = {
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
    }
    expect((await reply({ text: 'x', headers })).limits?.requests).toMatchObject({
      perMinute: 50,
      remaining: 49,
    })
  })
})

describe('failures', () => {
  const transient: RequestProblem = { kind: 'transient' }
  const errorBody = (type: string, message: string): string =>
    JSON.stringify({ type: 'error', error: { type, message } })

  test.each<[string, ServerAction, string, RequestProblem]>([
    [
      'overloaded',
      { status: 529, body: errorBody('overloaded_error', 'Overloaded') },
      'server-error',
      transient,
    ],
    [
      'overloaded, with a time to return',
      { status: 529, headers: { 'retry-after': '3' }, body: errorBody('overloaded_error', 'x') },
      'throttled',
      { kind: 'throttled', retryAfterMs: 3000 },
    ],
    [
      'its own failure',
      { status: 500, body: errorBody('api_error', 'x') },
      'server-error',
      transient,
    ],
    [
      'a rate',
      { status: 429, headers: { 'retry-after': '1' }, body: errorBody('rate_limit_error', 'x') },
      'throttled',
      { kind: 'throttled', retryAfterMs: 1000 },
    ],
    [
      'no credit',
      {
        status: 400,
        body: errorBody('invalid_request_error', 'Your credit balance is too low to access it.'),
      },
      'quota-exhausted',
      { kind: 'endpoint-stopped' },
    ],
    [
      'a wrong key',
      { status: 401, body: errorBody('authentication_error', 'invalid x-api-key') },
      'unauthorized',
      { kind: 'endpoint-stopped' },
    ],
    [
      'a prompt that is too long',
      {
        status: 400,
        body: errorBody('invalid_request_error', 'prompt is too long: 300000 tokens > 200000'),
      },
      'context-length',
      { kind: 'refused' },
    ],
    ['a reply that is none', { body: '{"id":1}' }, 'bad-reply', transient],
  ])('%s', async (_, action, code, problem) => {
    const error = await failure(action)
    expect([error.code, error.problem]).toEqual([code, problem])
  })

  test.each([
    ['max_tokens', 'out-of-tokens'],
    ['refusal', 'content-filter'],
  ])('%s without an answer is %s, and costs what it cost', async (finishReason, code) => {
    const usage = { input_tokens: 4, output_tokens: 9 }
    const error = await failure({ message: { content: [] }, finishReason, usage })
    expect([error.code, error.usage]).toEqual([
      code,
      { ...noUsage, inputTokens: 4, outputTokens: 9 },
    ])
  })

  test('a bad reply names the API that was expected', async () => {
    const { message } = await failure({ body: 'Welcome' })
    expect(message).toContain(`"endpoint" may not be Anthropic's messages API`)
  })
})
