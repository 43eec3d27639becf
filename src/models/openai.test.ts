import { afterAll, describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { type ChatRequest, type Content, noUsage } from '../graph/request.ts'
import { createModelServer, type ServerAction, type ServerCall } from '../testing/model-server.ts'
import { providerSuite } from '../testing/provider-suite.ts'
import { testVector } from '../testing/wire-replies.ts'
import { Double } from '../util/value.ts'
import { openai } from './openai.ts'

const calls: ServerCall[] = []
let next: ServerAction | ((call: ServerCall) => ServerAction | undefined) | undefined
const server = await createModelServer({
  script(call) {
    calls.push(call)
    if (call.prompt === 'slow') return { delayMs: 150 }
    return typeof next === 'function' ? next(call) : next
  },
})
const registry = openRegistry(providerConfig({ endpoint: server.url }))
afterAll(async () => {
  await registry.close()
  await server.close()
})

async function reply(action: ServerAction) {
  next = action
  return registry.send('writer', chat('Hello'), fresh())
}

async function failure(action: ServerAction) {
  next = action
  return requestError(registry.send('writer', chat('Hello'), fresh()))
}

/** What arrives at the server for one request. */
async function arrived(
  options: Parameters<typeof openRegistry>[1],
  provider: Parameters<typeof providerConfig>[0] = {},
  request: ChatRequest = chat('Hello'),
) {
  next = undefined
  const own = openRegistry(providerConfig({ endpoint: server.url, ...provider }), options)
  try {
    await own.send('writer', request, fresh())
  } finally {
    await own.close()
  }
  const call = calls.at(-1)
  if (call === undefined) throw new Error('nothing arrived')
  return call
}

describe('conformance', () => {
  const setup = { kind: openai, config: { endpoint: server.url }, model: 'test' }
  test.each(providerSuite({ ...setup, slowPrompt: 'slow' }))('$name', async ({ run }) => {
    next = undefined
    await expect(run()).resolves.toBeUndefined()
  })
})

describe('a form of the answer', () => {
  const request = { ...chat('Hello'), format: { name: 'answer', schema: { type: 'object' } } }
  const formOf = ({ text }: ServerCall): unknown =>
    (JSON.parse(text) as Record<string, unknown>)['response_format']

  test.each([
    [400, "'response_format.type' must be 'text'"],
    [422, 'json_schema is not supported by this model'],
    [404, 'No endpoints found that support structured outputs'],
  ])('that a server refuses with %s is not asked for again: %s', async (status, error) => {
    const own = openRegistry(providerConfig({ endpoint: server.url }))
    next = (call) => (formOf(call) === undefined ? { text: '{}' } : { status, error })
    calls.length = 0
    for (const _ of [1, 2]) {
      expect(await own.send('writer', request, fresh())).toMatchObject({ finishReason: 'stop' })
    }
    await own.close()
    expect(calls.map((call) => formOf(call) !== undefined)).toEqual([true, false, false])
  })

  test('is no reason for another refusal', async () => {
    const own = openRegistry(providerConfig({ endpoint: server.url }))
    next = { status: 400, error: 'The prompt is too long.' }
    calls.length = 0
    expect(await requestError(own.send('writer', request, fresh()))).toMatchObject({ status: 400 })
    await own.close()
    expect(calls).toHaveLength(1)
  })
})

describe('what is sent', () => {
  test('nothing that was not asked for', async () => {
    const call = await arrived({})
    expect(call.text).toBe(
      '{"model":"test","messages":[{"role":"user","content":"Hello"}],"stream":false}',
    )
    expect(call.path).toBe('/v1/chat/completions')
    expect(call.headers['authorization']).toBeUndefined()
    expect(call.headers['content-type']).toBe('application/json')
  })

  test('extra_body of the provider over that of the alias over known fields, without n', async () => {
    const models = [
      modelConfig(
        {},
        {
          max_tokens: 7,
          extra_body: {
            n: 3,
            top_k: 5,
            temperature: new Double(2),
            seed: 12345678901234567890n,
            nested: { list: [new Double(1), 1] },
            min_p: 0.5,
          },
        },
      ),
    ]
    const extra_body = { top_k: 9, max_tokens: 3, model: 'other', n: 2 }
    const request = { ...chat('Hello'), sampling: { temperature: 0.25, topP: 0.5 } }
    const call = await arrived({ models }, { extra_body }, request)
    expect(call.text).toBe(
      '{"model":"other","messages":[{"role":"user","content":"Hello"}],"stream":false,"temperature":2.0,' +
        '"top_p":0.5,"max_tokens":3,"top_k":9,"seed":12345678901234567890,' +
        '"nested":{"list":[1.0,1]},"min_p":0.5}',
    )
  })

  test('fixed parameters of the alias, unless the request has its own', async () => {
    const models = [modelConfig({}, { temperature: 0, top_p: 0.9 })]
    const { text: plain } = await arrived({ models }, {}, chat('Hello'))
    expect(JSON.parse(plain)).toMatchObject({ temperature: 0, top_p: 0.9 })
    const { text: drawn } = await arrived(
      { models },
      {},
      {
        ...chat('Hello'),
        sampling: { temperature: 0.25 },
      },
    )
    expect(JSON.parse(drawn)).toMatchObject({ temperature: 0.25, top_p: 0.9 })
  })

  test('the key, unless a header of the provider takes its place', async () => {
    const environment = { LOCAL_KEY: ' secret-key-1 \n' }
    const plain = await arrived({ environment }, { api_key: 'LOCAL_KEY' })
    expect(plain.headers['authorization']).toBe('Bearer secret-key-1')
    const extra_headers = { Authorization: 'Token abc', 'X-Title': 'mine' }
    const other = await arrived({ environment }, { api_key: 'LOCAL_KEY', extra_headers })
    expect(other.headers['authorization']).toBe('Token abc')
    expect(other.headers['x-title']).toBe('mine')
  })

  test('several blocks as a list, a query of the endpoint behind the path', async () => {
    const blocks = [
      { type: 'text' as const, text: 'a' },
      { type: 'text' as const, text: 'b' },
    ]
    const request: ChatRequest = {
      operation: 'chat',
      messages: [{ role: 'user', content: blocks }],
    }
    const call = await arrived({}, { endpoint: `${server.url}/?api-version=1` }, request)
    expect(JSON.parse(call.text)).toMatchObject({ messages: [{ role: 'user', content: blocks }] })
    expect(call.prompt).toBe('ab')
  })
})

describe('what is read', () => {
  test('text, usage and the reason to finish', async () => {
    expect(await reply({ text: 'Grüße, "you" 🦊', finishReason: 'length' })).toEqual({
      content: [{ type: 'text', text: 'Grüße, "you" 🦊' }],
      reasoning: null,
      finishReason: 'length',
      usage: { ...noUsage, inputTokens: 1, outputTokens: 3 },
      model: 'test',
    })
  })

  test('reasoning under either name, usage under either naming', async () => {
    const usage = {
      input_tokens: 5,
      output_tokens: 6,
      output_tokens_details: { reasoning_tokens: 4 },
    }
    const first = await reply({ text: 'x', message: { reasoning_content: 'hm' }, usage })
    expect(first).toMatchObject({
      reasoning: 'hm',
      usage: { inputTokens: 5, outputTokens: 6, reasoningTokens: 4 },
    })
    const details = { completion_tokens: 6, completion_tokens_details: { reasoning_tokens: 2 } }
    const second = await reply({ text: 'x', message: { reasoning: 'so' }, usage: details })
    expect(second).toMatchObject({
      reasoning: 'so',
      usage: { inputTokens: 0, outputTokens: 6, reasoningTokens: 2 },
    })
    const nonsense = { prompt_tokens: -1, completion_tokens: 'many' }
    expect((await reply({ text: 'x', usage: nonsense })).usage).toEqual(noUsage)
  })

  test('lists of blocks joined, an empty text as it is, only the first choice', async () => {
    const content = [{ type: 'text', text: 'one ' }, 'two', { type: 'image' }]
    expect((await reply({ message: { content } })).content).toEqual([
      { type: 'text', text: 'one two' },
    ])
    expect((await reply({ text: '' })).content).toEqual([])
    const choices = [{ message: { content: 'first' } }, { message: { content: 'second' } }]
    expect(await reply({ body: JSON.stringify({ choices }) })).toMatchObject({
      content: [{ type: 'text', text: 'first' }],
      finishReason: 'unknown',
    })
  })
})

describe('what goes wrong', () => {
  const transient = { kind: 'transient' }
  const refused = { kind: 'refused' }
  const suspect = { kind: 'suspect' }
  const stopped = { kind: 'endpoint-stopped' }
  const noContent = (finish_reason: string, message = {}) =>
    JSON.stringify({ choices: [{ message: { content: null, ...message }, finish_reason }] })

  test.each<[string, ServerAction, string, object]>([
    ['401', { status: 401 }, 'unauthorized', stopped],
    ['402', { status: 402 }, 'quota-exhausted', stopped],
    [
      '429 of used-up quota',
      { status: 429, code: 'insufficient_quota' },
      'quota-exhausted',
      stopped,
    ],
    [
      '500 of used-up quota',
      { status: 500, code: 'insufficient_quota' },
      'quota-exhausted',
      stopped,
    ],
    [
      '400 of used-up credit',
      { status: 400, error: 'Your credit balance is too low to access the API' },
      'quota-exhausted',
      stopped,
    ],
    [
      '422 that quotes a prompt about credit',
      { status: 422, error: 'bad: you are out of credits, says the wizard' },
      'bad-request',
      refused,
    ],
    ['403', { status: 403 }, 'forbidden', suspect],
    ['404', { status: 404 }, 'not-found', suspect],
    ['408', { status: 408 }, 'timeout', transient],
    ['409', { status: 409 }, 'server-error', transient],
    ['500', { status: 500 }, 'server-error', transient],
    ['503', { status: 503 }, 'server-error', transient],
    ['529', { status: 529 }, 'server-error', transient],
    ['400', { status: 400 }, 'bad-request', refused],
    ['422', { status: 422 }, 'bad-request', refused],
    ['413', { status: 413 }, 'too-large', refused],
    [
      '400 of a long prompt, by code',
      { status: 400, code: 'context_length_exceeded' },
      'context-length',
      refused,
    ],
    [
      '400 of a long prompt, by words',
      { status: 400, error: "This model's maximum context length is 256 tokens." },
      'context-length',
      refused,
    ],
    [
      'a redirect',
      { status: 307, headers: { location: 'http://other/v1' } },
      'redirected',
      stopped,
    ],
    ['204', { status: 204, body: '' }, 'bad-reply', transient],
    ['200 with HTML', { body: '<html>Welcome</html>' }, 'bad-reply', transient],
    ['200 with nothing', { body: '' }, 'bad-reply', transient],
    ['200 with a list', { body: '[]' }, 'bad-reply', transient],
    ['200 without choices', { body: '{"choices":[]}' }, 'bad-reply', transient],
    ['200 without content', { body: '{"choices":[{"message":{}}]}' }, 'bad-reply', transient],
    ['no content for tools', { body: noContent('tool_calls') }, 'bad-reply', transient],
    ['a filtered answer', { body: noContent('content_filter') }, 'content-filter', refused],
    ['only reasoning', { body: noContent('length') }, 'out-of-tokens', refused],
    ['a refusal', { body: noContent('stop', { refusal: 'I will not' }) }, 'model-refused', refused],
    [
      'an error with status 200',
      { body: '{"error":{"code":502,"message":"upstream"}}' },
      'server-error',
      transient,
    ],
    ['an error without a code', { body: '{"error":{"message":"odd"}}' }, 'bad-reply', transient],
    ['no answer', { disconnect: 'before-headers' }, 'disconnected', transient],
    ['half an answer', { disconnect: 'within-body' }, 'disconnected', transient],
  ])('%s', async (_, action, code, problem) => {
    const error = await failure(action)
    expect([error.code, error.problem]).toEqual([code, problem])
    expect(error.message).toContain(`Provider "local" (${server.url}), model "test",`)
  })

  test.each<[string, Record<string, string>, number | null]>([
    ['in seconds', { 'retry-after': '7' }, 7000],
    ['in fractions', { 'retry-after': '0.25' }, 250],
    ['in milliseconds', { 'retry-after': '7', 'retry-after-ms': '120' }, 120],
    ['in the past', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    ['not at all', {}, null],
    ['as nonsense', { 'retry-after': 'soon' }, null],
  ])('429 with a wait given %s', async (_, headers, retryAfterMs) => {
    const error = await failure({ status: 429, headers })
    expect(error.problem).toEqual({ kind: 'throttled', retryAfterMs })
  })

  test.each([503, 529])('%i is throttling where it says when to return', async (status) => {
    const error = await failure({ status, headers: { 'retry-after': '3' } })
    expect(error.problem).toEqual({ kind: 'throttled', retryAfterMs: 3000 })
  })

  test('a 429 tells the quotas of its headers', async () => {
    const headers = { 'x-ratelimit-limit-requests': '60', 'x-ratelimit-remaining-requests': '0' }
    expect((await failure({ status: 429, headers })).limits).toEqual({
      requests: { perMinute: 60, remaining: 0, closedMs: 0 },
      tokens: null,
    })
  })

  test("Google's words for a limit per minute are no used-up quota", async () => {
    const message = 'You exceeded your current quota, please check your plan and billing details.'
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '32.5s' }]
    const body = JSON.stringify([{ error: { code: 429, message, details } }])
    const limited = await failure({ status: 429, body })
    expect(limited.problem).toEqual({ kind: 'throttled', retryAfterMs: 32_500 })
    const usedUp = await failure({ status: 429, error: message })
    expect(usedUp.code).toBe('quota-exhausted')
  })

  test('429 with a date to wait for', async () => {
    const date = new Date(Date.now() + 30_000).toUTCString()
    const { problem } = await failure({ status: 429, headers: { 'retry-after': date } })
    if (problem.kind !== 'throttled') throw new Error(`not throttled but ${problem.kind}`)
    expect(problem.retryAfterMs).toBeGreaterThan(28_000)
    expect(problem.retryAfterMs).toBeLessThanOrEqual(30_000)
  })

  test.each<[string, ServerAction, string]>([
    ['OpenAI', { status: 400, error: 'no such parameter' }, 'no such parameter'],
    ['Ollama', { status: 400, body: '{"error":"model is required"}' }, 'model is required'],
    ['vLLM', { status: 400, body: '{"object":"error","message":"too bad"}' }, 'too bad'],
    [
      'FastAPI, without the input it quotes',
      {
        status: 422,
        body: '{"detail":[{"loc":["body","model"],"msg":"Field required","input":"my prompt"}]}',
      },
      'body.model: Field required',
    ],
    [
      'a proxy in HTML',
      { status: 502, body: '<html><head><style>b{}</style></head><h1>Bad\nGateway</h1></html>' },
      'Bad Gateway',
    ],
    ['a list of errors', { status: 400, body: '[{"error":{"message":"inside"}}]' }, 'inside'],
    ['plain text', { status: 400, body: 'just words' }, 'just words'],
  ])("the words of %s are in the error's detail", async (_, action, detail) => {
    const error = await failure(action)
    expect(error.detail).toBe(detail)
    expect(error.message).toContain(`answered ${action.status} ("${detail}").`)
  })

  test('a long text is cut, an empty one omitted', async () => {
    const long = await failure({ status: 400, error: 'x'.repeat(5000) })
    expect(long.detail).toHaveLength(500)
    const empty = await failure({ status: 500, body: '' })
    expect(empty.detail).toBeNull()
    expect(empty.message.replace(server.url, 'URL')).toMatchInlineSnapshot(
      `"Provider "local" (URL), model "test", answered 500. The endpoint failed on its side; the request is tried again."`,
    )
  })
})

test('a port where no one listens is unreachable, and the message says what to check', async () => {
  const closed = await createModelServer()
  await closed.close()
  const own = openRegistry(providerConfig({ endpoint: closed.url }))
  const error = await requestError(own.send('writer', chat('Hello'), fresh()))
  await own.close()
  expect([error.code, error.problem.kind]).toEqual(['unreachable', 'unreachable'])
  expect(error.message).toContain('ECONNREFUSED')
  expect(error.message).toContain('Check that the server runs')
})

test('a header that cannot be sent stops the endpoint with a clear text', async () => {
  const extra_headers = { 'x-odd': 'line\nbreak' }
  const own = openRegistry(providerConfig({ endpoint: server.url, extra_headers }))
  const error = await requestError(own.send('writer', chat('Hello'), fresh()))
  await own.close()
  expect([error.code, error.problem.kind]).toEqual(['bad-setup', 'endpoint-stopped'])
  expect(error.message).toContain('x-odd')
})

describe('more than text', () => {
  const image: Content = { type: 'media', media: { base64: 'aGk=' }, mime: 'image/png' }
  const call: Content = { type: 'tool-call', id: 'c1', name: 'find', arguments: '{"of":"tea"}' }

  test('media, calls, results of tools, a form and tools have the wire form of the API', async () => {
    const request: ChatRequest = {
      operation: 'chat',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'What is this?' }, image] },
        { role: 'user', content: [{ ...image, media: { url: 'https://x.org/a.png' } }] },
        {
          role: 'user',
          content: [{ type: 'media', media: { base64: 'UklGRg==' }, mime: 'audio/wav' }],
        },
        { role: 'user', content: [{ type: 'media', media: { url: 'a.mp3' }, mime: 'audio/mpeg' }] },
        {
          role: 'user',
          content: [{ type: 'media', media: { base64: 'aGk=' }, mime: 'video/mp4' }],
        },
        { role: 'assistant', content: [call] },
        {
          role: 'tool',
          content: [{ type: 'tool-result', id: 'c1', content: [{ type: 'text', text: 'green' }] }],
        },
      ],
      format: { name: 'answer', schema: { type: 'object' } },
      tools: [{ name: 'find', description: 'Finds.', schema: { type: 'object' } }],
    }
    expect(JSON.parse((await arrived({}, {}, request)).text)).toEqual({
      model: 'test',
      stream: false,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'image_url', image_url: { url: 'https://x.org/a.png' } }],
        },
        {
          role: 'user',
          content: [{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }],
        },
        {
          role: 'user',
          content: [{ type: 'audio_url', audio_url: { url: 'a.mp3' } }],
        },
        {
          role: 'user',
          content: [{ type: 'video_url', video_url: { url: 'data:video/mp4;base64,aGk=' } }],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'find', arguments: '{"of":"tea"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'green' },
      ],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'object' } },
      },
      tools: [
        {
          type: 'function',
          function: { name: 'find', description: 'Finds.', parameters: { type: 'object' } },
        },
      ],
    })
  })

  test('calls, images in addition to a text, cached tokens and cost are read', async () => {
    const given = await reply({
      text: 'Look:',
      message: {
        tool_calls: [{ id: 'c1', function: { name: 'find', arguments: { of: 'tea' } } }],
        images: [{ type: 'image_url', image_url: { url: 'data:image/webp;base64,aGk=' } }],
      },
      finishReason: 'tool_calls',
      usage: {
        prompt_tokens: 10,
        prompt_tokens_details: { cached_tokens: 8 },
        completion_tokens: 2,
        cost: 0.0125,
      },
    })
    expect(given).toMatchObject({
      content: [
        { type: 'text', text: 'Look:' },
        call,
        { type: 'media', media: { base64: 'aGk=' }, mime: 'image/webp' },
      ],
      usage: { ...noUsage, inputTokens: 10, cachedInputTokens: 8, outputTokens: 2, cost: 0.0125 },
    })
  })

  test('media that the API has no form for fails its request, and nothing is sent', async () => {
    const before = server.counts.requests
    const content: Content[] = [{ type: 'media', media: { url: 'x' }, mime: 'application/pdf' }]
    const request: ChatRequest = { operation: 'chat', messages: [{ role: 'user', content }] }
    const error = await requestError(registry.send('writer', request, fresh()))
    expect([error.code, error.problem.kind]).toEqual(['unsupported-request', 'refused'])
    expect(error.message).toContain(
      'an OpenAI-compatible API, which does not support media of type',
    )
    expect(server.counts.requests).toBe(before)
  })

  test.each(['float', 'base64'] as const)('embeddings as %s', async (encoding_format) => {
    const parameters = { generation_type: 'embedding', encoding_format, dimensions: 5 } as const
    const models = [modelConfig({}, parameters)]
    next = undefined
    const own = openRegistry(providerConfig({ endpoint: server.url }), { models })
    const inputs = ['one', 'two words'].map((text) => [{ type: 'text' as const, text }])
    const given = await own.send('writer', { operation: 'embed', inputs }, fresh())
    expect(given).toMatchObject({ content: [], usage: { ...noUsage, inputTokens: 3 } })
    expect(given.vectors).toEqual([testVector('one', 5), testVector('two words', 5)])
    expect(JSON.parse(calls.at(-1)?.text ?? '')).toMatchObject({ encoding_format, dimensions: 5 })
    expect(await own.check(['writer'], fresh())).toMatchObject([{ outcome: 'ready' }])
    await own.close()
  })

  test.each([
    ['too few', { data: [{ index: 0, embedding: [1] }] }],
    ['one twice', { data: [0, 0].map((index) => ({ index, embedding: [1] })) }],
    ['no numbers', { data: [0, 1].map((index) => ({ index, embedding: ['1'] })) }],
    ['half a number', { data: [0, 1].map((index) => ({ index, embedding: 'aGk=' })) }],
  ])('vectors that are %s are a bad reply, which cost what it cost', async (_, body) => {
    next = { body: JSON.stringify({ ...body, usage: { prompt_tokens: 7 } }) }
    const inputs = ['a', 'b'].map((text) => [{ type: 'text' as const, text }])
    const error = await requestError(
      registry.send('writer', { operation: 'embed', inputs }, fresh()),
    )
    expect([error.code, error.usage?.inputTokens]).toEqual(['bad-reply', 7])
  })

  test('images as bytes or as addresses, counted', async () => {
    const prompt = [{ type: 'text' as const, text: 'a fox' }]
    next = undefined
    const painter = modelConfig({ model: 'gpt-image-1' }, { generation_type: 'image' })
    const own = openRegistry(providerConfig({ endpoint: server.url }), { models: [painter] })
    const given = await own.send('writer', { operation: 'image', prompt, count: 2 }, fresh())
    expect(given.content).toMatchObject([{ mime: 'image/png' }, { mime: 'image/png' }])
    expect(given.usage).toEqual({ ...noUsage, images: 2 })
    expect(JSON.parse(calls.at(-1)?.text ?? '')).toEqual({
      model: 'gpt-image-1',
      prompt: 'a fox',
      n: 2,
    })
    next = { body: JSON.stringify({ data: [{ url: 'https://x.org/fox.jpg?s=1' }] }) }
    const shown = await own.send('writer', { operation: 'image', prompt, count: 1 }, fresh())
    expect(shown.content).toEqual([
      { type: 'media', media: { url: 'https://x.org/fox.jpg?s=1' }, mime: 'image/jpeg' },
    ])
    next = undefined
    const edited = [...prompt, image]
    const made = await own.send('writer', { operation: 'image', prompt: edited, count: 2 }, fresh())
    expect(made.usage).toEqual({ ...noUsage, images: 2 })
    expect(calls.at(-1)?.path).toBe('/v1/images/edits')
    const far = new URL('/v1/gone.png', server.url).href
    for (const media of [
      { type: 'media' as const, media: { url: far }, mime: 'image/png' },
      { type: 'media' as const, media: { base64: 'AAAA' }, mime: 'audio/wav' },
    ]) {
      const error = await requestError(
        own.send('writer', { operation: 'image', prompt: [...prompt, media], count: 1 }, fresh()),
      )
      expect([error.code, error.problem]).toEqual(['unsupported-request', { kind: 'refused' }])
    }
    await own.close()
  })

  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAA'
  const png = { type: 'media', media: { base64: pixel }, mime: 'image/png' }
  const far = { type: 'media', media: { url: 'https://x.org/fox.webp' }, mime: 'image/webp' }

  test.each<[string, Record<string, unknown>, object[]]>([
    [
      'in a list',
      { content: 'Here:', images: [{ image_url: { url: far.media.url } }] },
      [{ type: 'text', text: 'Here:' }, far],
    ],
    ['as texts', { content: '', images: [pixel, `data:image/png;base64,${pixel}`] }, [png, png]],
    [
      'as other objects',
      { content: null, images: [{ b64_json: pixel }, { url: far.media.url }] },
      [png, far],
    ],
    [
      'among blocks',
      { content: [{ type: 'image_url', image_url: { url: far.media.url } }] },
      [far],
    ],
    [
      'in Markdown',
      { content: `![a fox](${far.media.url}) ![b](https://x.org/b)` },
      [far, { ...far, media: { url: 'https://x.org/b' }, mime: 'image/png' }],
    ],
    ['as a data URI in a text', { content: `So: data:image/png;base64,${pixel}` }, [png]],
    ['as base64 and nothing else', { content: `${pixel}\n` }, [png]],
    ['as an address and nothing else', { content: far.media.url }, [far]],
  ])('images that a chat shows %s', async (_, message, content) => {
    next = { message }
    const prompt = [{ type: 'text' as const, text: 'Make it red.' }, image]
    const given = await registry.send('writer', { operation: 'image', prompt, count: 3 }, fresh())
    expect(given.content).toEqual(content)
    expect(given.usage.images).toBe(content.filter((block) => 'mime' in block).length)
    expect(JSON.parse(calls.at(-1)?.text ?? '')).toEqual({
      model: 'test',
      stream: false,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Make it red.' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
          ],
        },
      ],
    })
  })

  test('a chat that shows no image is a text', async () => {
    next = { message: { content: 'I can not draw; see https://x.org/how' } }
    const prompt = [{ type: 'text' as const, text: 'a fox' }]
    const given = await registry.send('writer', { operation: 'image', prompt, count: 1 }, fresh())
    expect(given.content).toEqual([{ type: 'text', text: 'I can not draw; see https://x.org/how' }])
    expect(given.usage.images).toBe(0)
  })
})

describe('a reply that can not be used costs what it cost', () => {
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 800,
    completion_tokens_details: { reasoning_tokens: 790 },
  }
  const body = (choice: object): string => JSON.stringify({ choices: [choice], usage })

  test.each([
    ['out-of-tokens', { message: { content: null }, finish_reason: 'length' }],
    ['content-filter', { message: { content: null }, finish_reason: 'content_filter' }],
    ['model-refused', { message: { content: null, refusal: 'No.' }, finish_reason: 'stop' }],
    ['bad-reply', { message: {}, finish_reason: 'stop' }],
    ['bad-reply', 'no object'],
    ['server-error', { error: { code: 502, message: 'upstream' } }],
  ])('%s', async (code, choice) => {
    const error = await failure({ body: body(choice as object) })
    expect([error.code, error.usage]).toEqual([
      code,
      { ...noUsage, inputTokens: 10, outputTokens: 800, reasoningTokens: 790 },
    ])
  })

  test('without a usage in it nothing is known', async () => {
    expect((await failure({ body: '{"choices":[]}' })).usage).toBeNull()
  })
})
