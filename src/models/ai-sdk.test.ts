import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
  type SetupOptions,
} from '../../test/support/models.ts'
import { type ChatRequest, type Content, noUsage, textMessage } from '../graph/request.ts'
import { createModelServer, type ServerAction, type ServerCall } from '../testing/model-server.ts'
import { providerSuite } from '../testing/provider-suite.ts'
import { Double } from '../util/value.ts'
import { aiSdkKind } from './ai-sdk.ts'
import type { ModelEvent } from './provider.ts'

const calls: ServerCall[] = []
let next: ServerAction | ((call: ServerCall) => ServerAction | undefined) | undefined
const server = await createModelServer({
  script(call) {
    calls.push(call)
    if (call.prompt === 'slow') return { delayMs: 150 }
    return typeof next === 'function' ? next(call) : next
  },
})
const project = await mkdtemp(join(tmpdir(), 'rowsmith-sdk-'))
const fixture = '@fixtures/sdk-package'
await cp(
  fileURLToPath(new URL('../../test/fixtures/sdk-package', import.meta.url)),
  join(project, 'node_modules', fixture),
  { recursive: true },
)
afterAll(async () => {
  await server.close()
  await rm(project, { recursive: true })
})

const compatible = '@ai-sdk/openai-compatible'

interface Setup extends SetupOptions {
  provider?: Parameters<typeof providerConfig>[0]
}

function open({ provider = {}, ...options }: Setup = {}) {
  const base = { provider_type: fixture, endpoint: server.url }
  return openRegistry(providerConfig({ ...base, ...provider }), { directory: project, ...options })
}

const good = {
  content: [{ type: 'text', text: 'Tea.' }],
  finishReason: { unified: 'stop', raw: 'end' },
  usage: { inputTokens: { total: 7, cacheRead: 3 }, outputTokens: { total: 5, reasoning: 2 } },
  warnings: [],
}

/** The fixture's own reply, with fields over it. */
function replying(fields: object = {}): ServerAction {
  return { body: JSON.stringify({ ...good, ...fields }) }
}

/** One request to the fixture, with what arrived for it. */
async function ask(request: Parameters<ReturnType<typeof open>['send']>[1], setup: Setup = {}) {
  const registry = open(setup)
  try {
    const reply = await registry.send('writer', request, fresh())
    const { text, headers } = calls.at(-1) ?? { text: '{}', headers: {} }
    const body = JSON.parse(text) as { options?: unknown; extra?: unknown }
    return { reply, headers, options: body.options, extra: body.extra }
  } finally {
    await registry.close()
  }
}

async function failure(action: ServerAction, setup: Setup = {}) {
  next = action
  const registry = open(setup)
  try {
    return await requestError(registry.send('writer', chat('Hello'), fresh()))
  } finally {
    await registry.close()
  }
}

describe('conformance, by a real package', () => {
  const setup = { kind: aiSdkKind(compatible), config: { endpoint: server.url }, model: 'test' }
  test.each(providerSuite({ ...setup, slowPrompt: 'slow' }))('$name', async ({ run }) => {
    next = undefined
    await expect(run()).resolves.toBeUndefined()
  })
})

describe('a real package', () => {
  test('sends what it is given, with the key and fields of extra_body', async () => {
    next = { usage: { prompt_tokens: 9, completion_tokens: 4 }, headers: quota }
    const registry = open({
      provider: {
        provider_type: compatible,
        api_key: 'OWN_KEY',
        extra_headers: { 'x-team': 'data' },
      },
      environment: { OWN_KEY: 'secret-key-of-mine' },
      models: [
        modelConfig(
          {},
          { max_tokens: 50, extra_body: { seed: 4, stop: 'END', n: 3, top_n: new Double(2) } },
        ),
      ],
    })
    const format = { name: 'answer', schema: { type: 'object', properties: {} } }
    const tools = [{ name: 'look_up', description: 'Looks.', schema: { type: 'object' } }]
    const request: ChatRequest = {
      operation: 'chat',
      messages: [
        textMessage('system', 'Be brief.'),
        textMessage('user', 'Hello'),
        {
          role: 'assistant',
          content: [{ type: 'tool-call', id: 'c1', name: 'look_up', arguments: '{"q":1}' }],
        },
        { role: 'tool', content: [{ type: 'tool-result', id: 'c1', content: [word('found')] }] },
      ],
      sampling: { temperature: 0.25 },
      format,
      tools,
    }
    const reply = await registry.send('writer', request, fresh())
    await registry.close()
    const { headers, text, path } = calls.at(-1) as ServerCall
    expect(path).toBe('/v1/chat/completions')
    expect(headers).toMatchObject({ authorization: 'Bearer secret-key-of-mine', 'x-team': 'data' })
    expect(JSON.parse(text)).toMatchObject({
      model: 'test',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', tool_calls: [{ id: 'c1', function: { arguments: '{"q":1}' } }] },
        { role: 'tool', tool_call_id: 'c1', content: 'found' },
      ],
      max_tokens: 50,
      temperature: 0.25,
      seed: 4,
      stop: ['END'],
      top_n: 2,
      response_format: { type: 'json_schema', json_schema: format },
      tools: [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } }],
    })
    expect(text).toContain('"top_n":2.0')
    expect(JSON.parse(text)).not.toHaveProperty('n')
    expect(reply.usage).toEqual({ ...noUsage, inputTokens: 9, outputTokens: 4 })
    expect(reply.limits).toMatchObject({ requests: { perMinute: 600, remaining: 12 } })
  })

  test('gives a tool call, vectors and images', async () => {
    const provider = { provider_type: compatible }
    const toolCall = {
      message: {
        content: null,
        tool_calls: [{ id: 'c9', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
      finishReason: 'tool_calls',
    }
    next = toolCall
    const { reply } = await ask(chat('Hello'), { provider })
    expect(reply).toMatchObject({
      content: [{ type: 'tool-call', id: 'c9', name: 'f', arguments: '{"a":1}' }],
      finishReason: 'tool_calls',
    })
    next = undefined
    const inputs = [[word('one')], [word('two')]]
    const embedding = { generation_type: 'embedding', dimensions: 4 } as const
    const vectors = await ask(
      { operation: 'embed', inputs },
      { provider, models: [modelConfig({}, embedding)] },
    )
    expect(vectors.reply.vectors?.map(({ length }) => length)).toEqual([4, 4])
    const images = await ask(
      { operation: 'image', prompt: [word('a cat')], count: 2 },
      { provider, models: [modelConfig({}, { generation_type: 'image' })] },
    )
    expect(images.reply.content.map(({ type }) => type)).toEqual(['media', 'media'])
    expect(images.reply.usage.images).toBe(2)
  })

  test.each<[ServerAction, string, object]>([
    [
      { status: 429, headers: { 'retry-after': '7' } },
      'throttled',
      { kind: 'throttled', retryAfterMs: 7000 },
    ],
    [
      { status: 401, error: 'no key secret-key-of-mine' },
      'unauthorized',
      { kind: 'endpoint-stopped' },
    ],
    [{ status: 404 }, 'not-found', { kind: 'suspect' }],
    [{ status: 400, error: 'context length exceeded' }, 'context-length', { kind: 'refused' }],
    [{ status: 500 }, 'server-error', { kind: 'transient' }],
    [{ body: '<html>proxy</html>' }, 'bad-reply', { kind: 'transient' }],
    [{ disconnect: 'before-headers' }, 'disconnected', { kind: 'transient' }],
    [{ disconnect: 'within-body' }, 'disconnected', { kind: 'transient' }],
  ])('failure %j is %s', async (action, code, problem) => {
    const error = await failure(action, {
      provider: { provider_type: compatible, api_key: 'OWN_KEY' },
      environment: { OWN_KEY: 'secret-key-of-mine' },
    })
    expect([error.code, error.problem]).toEqual([code, problem])
    expect(`${error.message} ${error.detail ?? ''}`).not.toContain('secret-key-of-mine')
  })

  test('an address where no one is, and one that is none', async () => {
    const gone = { provider_type: compatible, endpoint: 'http://127.0.0.1:9/v1' }
    expect(await failure({}, { provider: gone })).toMatchObject({ code: 'unreachable' })
    const none = { provider_type: compatible, endpoint: '' }
    expect(await failure({}, { provider: none })).toMatchObject({
      code: 'bad-setup',
      problem: { kind: 'endpoint-stopped' },
    })
  })

  test('holds a model to a form in the best way that is not refused', async () => {
    const properties = { mood: { type: 'string' } }
    const schema = { type: 'object', properties, required: ['mood'] }
    const wayOf = ({ text }: ServerCall): unknown => {
      const { response_format: form, tool_choice: choice } = JSON.parse(text)
      return form?.type ?? choice?.type ?? null
    }
    next = (call) => {
      const way = wayOf(call)
      if (way === 'json_schema') return { status: 400, error: 'no json_schema here' }
      if (way !== 'function') return { text: '{"mood":"sad"}' }
      const asked = { name: 'answer', arguments: '{"mood":"glad"}' }
      return {
        message: { content: null, tool_calls: [{ id: 'c', type: 'function', function: asked }] },
        finishReason: 'tool_calls',
      }
    }
    const provider = { provider_type: compatible }
    const registry = open({ provider })
    calls.length = 0
    const request = { ...chat('Hello'), format: { name: 'answer', schema } }
    for (const _ of [1, 2]) {
      expect(await registry.send('writer', request, fresh())).toMatchObject({
        content: [{ type: 'text', text: '{"mood":"glad"}' }],
        outputMode: 'tool_call',
      })
    }
    await registry.close()
    expect(calls.map(wayOf)).toEqual(['json_schema', 'function', 'function'])
    const models = [modelConfig({}, { output_mode: 'json_object' })]
    const { reply } = await ask(request, { provider, models })
    expect([wayOf(calls.at(-1) as ServerCall), reply.outputMode]).toEqual([
      'json_object',
      'json_object',
    ])
  })

  test('through a proxy, as for any provider', async () => {
    const proxy = await createModelServer()
    const environment = { HTTP_PROXY: new URL(proxy.url).origin }
    calls.length = 0
    const registry = open({ provider: { provider_type: compatible }, environment })
    await registry.send('writer', chat('Hello'), fresh())
    expect([calls.length, proxy.counts.requests]).toEqual([0, 1])
    await proxy.close()
    const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
    expect(error.message).toContain('through the proxy')
    await registry.close()
  })
})

describe('what a package says', () => {
  test('content, reasoning, usage and the reason to finish are kept', async () => {
    next = replying({
      modelId: 'tea-2',
      content: [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'Tea ' },
        { type: 'source', sourceType: 'url', id: 's', url: 'https://tea.example' },
        { type: 'text', text: 'it is.' },
        { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AAAA' } },
      ],
    })
    const { reply } = await ask(chat('Hello'))
    expect(reply).toEqual({
      content: [
        { type: 'text', text: 'Tea ' },
        { type: 'text', text: 'it is.' },
        { type: 'media', media: { base64: 'AAAA' }, mime: 'image/png' },
      ],
      reasoning: 'Hm.',
      finishReason: 'stop',
      usage: {
        ...noUsage,
        inputTokens: 7,
        cachedInputTokens: 3,
        outputTokens: 5,
        reasoningTokens: 2,
      },
      model: 'tea-2',
    })
  })

  test.each([
    ['length', 'length'],
    ['content-filter', 'content_filter'],
    ['tool-calls', 'tool_calls'],
    ['other', 'end'],
  ])('a finish reason %s is %s', async (unified, finishReason) => {
    next = replying({ finishReason: { unified, raw: 'end' } })
    expect((await ask(chat('Hello'))).reply.finishReason).toBe(finishReason)
  })

  test.each<[object, string]>([
    [{ content: [], finishReason: { unified: 'length' } }, 'out-of-tokens'],
    [{ content: [], finishReason: { unified: 'content-filter' } }, 'content-filter'],
    [{ content: [{ type: 'reasoning', text: 'Hm' }] }, 'bad-reply'],
    [{ finishReason: { unified: 'error' } }, 'bad-reply'],
    [{ finishReason: { unified: 'interrupted' } }, 'bad-reply'],
  ])('%j is %s, and what it cost is kept', async (fields, code) => {
    const error = await failure(replying(fields))
    expect(error.code).toBe(code)
    expect(error.usage).toMatchObject({ inputTokens: 7, outputTokens: 5 })
  })

  test.each([
    ['AI_UnsupportedFunctionalityError', 'unsupported-request', 'refused'],
    ['AI_NoSuchModelError', 'not-found', 'endpoint-stopped'],
    ['AI_TypeValidationError', 'bad-reply', 'transient'],
    ['SomethingElse', 'provider-failed', 'transient'],
  ])('its %s is %s', async (throws, code, kind) => {
    const error = await failure(replying({ throws }))
    expect([error.code, error.problem.kind]).toEqual([code, kind])
  })

  test('warnings are reported once for each kind and model, without keys', async () => {
    const events: ModelEvent[] = []
    const registry = open({
      provider: { api_key: 'OWN_KEY' },
      environment: { OWN_KEY: 'secret-key-of-mine' },
      onEvent: (event) => events.push(event),
    })
    const warnings = [
      { type: 'unsupported', feature: 'temperature', details: 'this model has its own' },
      { type: 'compatibility', feature: 'responseFormat' },
      { type: 'deprecated', setting: 'top_k', message: 'use another' },
      { type: 'other', message: 'the key secret-key-of-mine is old' },
    ]
    next = replying({ warnings })
    for (const _ of [1, 2]) await registry.send('writer', chat('Hello'), fresh())
    await registry.close()
    const messages = events.map((event) => ('problem' in event ? event.problem.message : ''))
    expect(messages).toHaveLength(4)
    expect(messages[0]).toBe(
      `Provider "local" (${server.url}), model "test", does not support temperature, which is ignored: this model has its own`,
    )
    expect(messages.join()).not.toContain('secret-key-of-mine')
    expect(messages[3]).toContain('warns: the key *** is old')
  })
})

describe('what a package is given', () => {
  test('settings, options by their names, and the rest in the body', async () => {
    next = replying()
    const { options, extra, headers } = await ask(chat('Hello'), {
      provider: {
        settings: { signature: { 'x-signed': 'yes' } },
        extra_body: {
          top_k: 5,
          reasoning_effort: 'low',
          provider_options: { fixture: { thinking: true } },
          extra: { deep: 1 },
        },
      },
    })
    expect(options).toEqual({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      topK: 5,
      reasoning: 'low',
      providerOptions: { fixture: { thinking: true } },
    })
    expect(extra).toEqual({ deep: 1 })
    expect(headers).toHaveProperty('x-signed', 'yes')
  })

  test('fields that can not be put into a signed body are refused', async () => {
    const signature = { authorization: 'AWS4-HMAC-SHA256 Credential=x' }
    const provider = { settings: { signature }, extra_body: { extra: 1 } }
    const error = await failure(replying(), { provider })
    expect([error.code, error.problem.kind]).toEqual(['unsupported-request', 'refused'])
    expect(error.message).toContain('provider_options')
  })

  test('media by address as they are where the model gets them, else their bytes', async () => {
    const picture = await createModelServer()
    next = replying()
    const at = (url: string): Content => ({ type: 'media', media: { url }, mime: 'image/png' })
    const content = [word('See'), at('https://known.example/a.png'), at(`${picture.url}/models`)]
    const request: ChatRequest = { operation: 'chat', messages: [{ role: 'user', content }] }
    const { options } = await ask(request)
    const data = { type: 'data', data: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) }
    expect(options).toMatchObject({
      prompt: [
        {
          content: [
            { type: 'text', text: 'See' },
            { type: 'file', data: { type: 'url', url: 'https://known.example/a.png' } },
            { type: 'file', mediaType: 'image/png', data },
          ],
        },
      ],
    })
    const missing = [at(`${picture.url}/nowhere`)]
    const registry = open()
    const sent = registry.send(
      'writer',
      { operation: 'chat', messages: [{ role: 'user', content: missing }] },
      fresh(),
    )
    expect(await requestError(sent)).toMatchObject({ code: 'unsupported-request' })
    await registry.close()
    await picture.close()
  })

  test('inputs in as many calls as the model needs, images by the model or a chat', async () => {
    const models = [modelConfig({}, { generation_type: 'embedding' })]
    calls.length = 0
    next = ({ text }) => {
      const { values } = (JSON.parse(text) as { options: { values: string[] } }).options
      const embeddings = values.map((value) => [value.length, 1])
      return { body: JSON.stringify({ embeddings, usage: { tokens: 2 }, warnings: [] }) }
    }
    const inputs = ['a', 'bb', 'ccc'].map((text) => [word(text)])
    const { reply } = await ask({ operation: 'embed', inputs }, { models })
    expect(reply.vectors?.map((vector) => [...vector])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ])
    expect(reply.usage.inputTokens).toBe(4)
    expect(calls).toHaveLength(2)

    const wide = open({
      models: [modelConfig({}, { generation_type: 'embedding', dimensions: 9 })],
    })
    const sent = wide.send('writer', { operation: 'embed', inputs }, fresh())
    expect(await requestError(sent)).toMatchObject({ code: 'bad-reply' })
    await wide.close()

    const picture = 'iVBORw0KGgo='
    next = { body: JSON.stringify({ images: [picture], warnings: [] }) }
    const prompt = [word('a cat'), { type: 'media', media: { base64: 'AA' }, mime: 'image/png' }]
    const painted = await ask(
      { operation: 'image', prompt: prompt as Content[], count: 5 },
      { models: [modelConfig({}, { generation_type: 'image', extra_body: { size: '64x64' } })] },
    )
    expect(painted.options).toMatchObject({
      prompt: 'a cat',
      n: 3,
      size: '64x64',
      files: [{ type: 'file', mediaType: 'image/png', data: 'AA' }],
    })
    expect(painted.reply.content).toEqual([
      { type: 'media', media: { base64: picture }, mime: 'image/png' },
    ])
    const file = { type: 'file', mediaType: 'image/png', data: { type: 'data', data: picture } }
    next = replying({ content: [file] })
    const shown = await ask(
      { operation: 'image', prompt: [word('a cat')], count: 1 },
      { models: [modelConfig({ model: 'chat-painter' }, { generation_type: 'image' })] },
    )
    expect(shown.reply.usage.images).toBe(1)
  })
})

describe('a package that can not be used', () => {
  test('is named with the command that installs it', async () => {
    const error = await failure({}, { provider: { provider_type: '@nobody/provider' } })
    expect([error.code, error.problem.kind]).toEqual(['package-missing', 'endpoint-stopped'])
    expect(error.message).toContain('Install it with "npm install @nobody/provider".')
    expect(error.message).toContain(project)
    const registry = open({ provider: { provider_type: 'npm:no-provider', endpoint: '' } })
    const [result] = await registry.check(['writer'], fresh())
    expect(result?.error).toMatchObject({ code: 'package-missing' })
    await registry.close()
  })

  test.each<[Record<string, unknown>, string, string]>([
    [{ version: 'v2' }, 'package-unsuitable', 'has v2'],
    [{ fails: 'AI_LoadAPIKeyError' }, 'secret-missing', '"api_key"'],
    [{ fails: 'AI_LoadSettingError' }, 'bad-setup', '"settings"'],
  ])('with settings %j: %s', async (settings, code, words) => {
    const error = await failure(replying(), { provider: { settings } })
    expect([error.code, error.problem.kind]).toEqual([code, 'endpoint-stopped'])
    expect(error.message).toContain(words)
  })

  test.each([
    ['broken', 'export const = 1', 'package-broken'],
    ['other', 'export const answer = 42', 'package-unsuitable'],
    ['empty', 'export const createEmpty = () => ({})', 'package-unsuitable'],
  ])('because it is %s', async (name, code, problem) => {
    const folder = join(project, 'node_modules/@fixtures', name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), '{ "type": "module", "exports": "./index.js" }')
    await writeFile(join(folder, 'index.js'), code)
    const error = await failure({}, { provider: { provider_type: `@fixtures/${name}` } })
    expect(error.code).toBe(problem)
  })

  test('a word that is no kind and no package is refused before the run', () => {
    expect(() => open({ provider: { provider_type: 'opennai' } })).toThrow('no provider type')
  })
})

test('a check asks as little as possible and takes an empty answer for one', async () => {
  calls.length = 0
  next = replying({ content: [], finishReason: { unified: 'length' } })
  const registry = open()
  const results = await registry.check(['writer'], fresh())
  await registry.close()
  expect(results.map(({ outcome }) => outcome)).toEqual(['ready'])
  expect(JSON.parse(calls[0]?.text ?? '{}')).toMatchObject({ options: { maxOutputTokens: 1 } })
})

const quota = { 'x-ratelimit-limit-requests': '600', 'x-ratelimit-remaining-requests': '12' }

function word(text: string): Content {
  return { type: 'text', text }
}
