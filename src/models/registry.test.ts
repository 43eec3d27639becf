import { describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
} from '../../test/support/models.ts'
import { createModelServer, type ServerCall } from '../testing/model-server.ts'
import { builtInRegistry } from '../plugins/kind-registry.ts'
import { openModels, type OpenModelsOptions } from './registry.ts'

const { providers: table } = builtInRegistry

function problemsOf(options: Partial<OpenModelsOptions>) {
  const { problems, registry } = openModels({
    models: [modelConfig()],
    providers: [providerConfig()],
    used: ['writer'],
    environment: {},
    table,
    ...options,
  })
  expect(registry === null).toBe(problems.length > 0)
  return problems
}

describe('problems', () => {
  test("an alias that is not configured is the graph's to tell", () => {
    expect(problemsOf({ used: ['writr', 'writer'] })).toEqual([])
  })

  test('a provider that is not configured, or none at all', () => {
    const models = [modelConfig({ provider: 'loca' })]
    expect(problemsOf({ models })).toMatchObject([
      {
        code: 'unknown-provider',
        path: ['model_configs', 0, 'provider'],
        message: 'Model "writer": there is no provider "loca".',
        suggestion: 'Did you mean "local"?',
      },
    ])
    expect(problemsOf({ providers: [] })).toMatchObject([{ expected: 'no provider is configured' }])
  })

  test('a provider type that does not exist', () => {
    const providers = [providerConfig({ provider_type: 'openaii' })]
    expect(problemsOf({ providers })).toMatchObject([
      {
        code: 'unknown-provider-type',
        path: ['model_providers', 0, 'provider_type'],
        expected: 'one of: openai, anthropic, llama-cpp, onnx, stand-in',
        suggestion: 'Did you mean "openai"?',
      },
    ])
  })

  test.each(['localhost:8000', 'ftp://x/v1', '', '/v1'])('the endpoint %j', (endpoint) => {
    expect(problemsOf({ providers: [providerConfig({ endpoint })] })).toMatchObject([
      { code: 'endpoint-invalid', path: ['model_providers', 0, 'endpoint'] },
    ])
  })

  test('an endpoint with a password, without showing it', () => {
    const problems = problemsOf({
      providers: [providerConfig({ endpoint: 'http://me:hush@localhost/v1' })],
    })
    expect(problems).toMatchObject([{ code: 'endpoint-invalid' }])
    expect(JSON.stringify(problems)).not.toContain('hush')
  })

  test('streaming', () => {
    const models = [modelConfig({}, { extra_body: { stream: true } })]
    const providers = [providerConfig({ extra_body: { stream: true } })]
    expect(
      problemsOf({ models, providers }).map(({ code, path }) => [code, path.join('.')]),
    ).toEqual([
      ['stream-unsupported', 'model_configs.0.inference_parameters.extra_body.stream'],
      ['stream-unsupported', 'model_providers.0.extra_body.stream'],
    ])
  })

  test('a key that is not set, at the place of its provider', () => {
    const providers = [providerConfig({ name: 'other' }), providerConfig({ api_key: 'LOCAL_KEY' })]
    expect(problemsOf({ providers })).toMatchObject([
      { code: 'secret-missing', path: ['model_providers', 1, 'api_key'] },
    ])
  })

  test('nothing of what is not used', () => {
    const models = [modelConfig({ alias: 'unused', provider: 'nowhere' }), modelConfig()]
    const providers = [
      providerConfig({ name: 'spare', provider_type: 'strange', api_key: 'UNSET' }),
      providerConfig(),
    ]
    expect(problemsOf({ models, providers })).toEqual([])
  })
})

test('a route says where requests go and how many may be on their way', async () => {
  const models = [
    modelConfig({ alias: 'writer', model: 'old' }),
    modelConfig(
      { alias: 'writer', model: 'new' },
      { max_parallel_requests: 9, timeout: 5, max_tokens: 30, tokens_per_minute: 1_000 },
    ),
    modelConfig({ alias: 'judge' }),
  ]
  const provider = providerConfig({ max_parallel_requests: 6, requests_per_minute: 20 })
  const registry = openRegistry(provider, { models })
  expect(registry.aliases).toEqual(['writer', 'judge'])
  expect(registry.targets('writer')).toEqual([
    {
      alias: 'writer',
      name: 'writer',
      choice: '',
      position: 0,
      weight: 1,
      key: null,
      provider: 'local',
      resource: 'local',
      model: 'new',
      endpoint: 'http://127.0.0.1:9/v1',
      aliasCap: 9,
      endpointCap: 6,
      aliasRate: { requests: null, tokens: 1_000 },
      endpointRate: { requests: 20, tokens: null },
      maxTokens: 30,
      timeoutMs: 5000,
      hedge: null,
      cachesPrompts: false,
      isBatch: false,
    },
  ])
  expect(registry.targets('judge')).toMatchObject([{ aliasCap: 4, timeoutMs: 60_000 }])
  expect(() => registry.targets('nobody')).toThrow('"nobody" was not opened; opened are: writer')
  await registry.close()
})

describe('the check before a run', () => {
  test('asks each model once for one token, whatever its aliases', async () => {
    const calls: ServerCall[] = []
    await using server = await createModelServer({
      script(call) {
        calls.push(call)
        return undefined
      },
    })
    const models = [
      modelConfig({ alias: 'a' }, { max_tokens: 500 }),
      modelConfig({ alias: 'b' }),
      modelConfig({ alias: 'c', model: 'other' }),
      modelConfig({ alias: 'd', skip_health_check: true }),
    ]
    const registry = openRegistry(providerConfig({ endpoint: server.url }), { models })
    const results = await registry.check(registry.aliases, fresh())
    await registry.close()
    expect(results.map(({ alias, outcome }) => `${alias} ${outcome}`)).toEqual([
      'a ready',
      'b ready',
      'c ready',
      'd skipped',
    ])
    expect(calls.map(({ text }) => text)).toEqual([
      '{"model":"test","messages":[{"role":"user","content":"Hi"}],"stream":false,"max_tokens":1}',
      '{"model":"other","messages":[{"role":"user","content":"Hi"}],"stream":false,"max_tokens":1}',
    ])
  })

  test('collects all failures, each with what to do', async () => {
    await using server = await createModelServer({
      apiKey: 'right-key-123',
      models: ['small', 'large'],
    })
    const closed = await createModelServer()
    await closed.close()
    const providers = [
      providerConfig({ name: 'good', endpoint: server.url, api_key: 'RIGHT' }),
      providerConfig({ name: 'wrong-key', endpoint: server.url, api_key: 'WRONG' }),
      providerConfig({ name: 'gone', endpoint: closed.url }),
    ]
    const models = [
      modelConfig({ alias: 'fine', model: 'small', provider: 'good' }),
      modelConfig({ alias: 'misspelt', model: 'smal', provider: 'good' }),
      modelConfig({ alias: 'locked', model: 'small', provider: 'wrong-key' }),
      modelConfig({ alias: 'off', model: 'small', provider: 'gone' }),
    ]
    const environment = { RIGHT: 'right-key-123', WRONG: 'wrong-key-123' }
    const registry = openRegistry(providers, { models, environment })
    const results = await registry.check(registry.aliases, fresh())
    await registry.close()
    const port = (url: string) => new URL(url).host
    const shown = results.map(({ alias, outcome, error }) => [
      alias,
      outcome,
      error?.code ?? null,
      error?.message.replaceAll(port(server.url), 'HOST').replaceAll(port(closed.url), 'GONE'),
    ])
    expect(shown).toMatchInlineSnapshot(`
      [
        [
          "fine",
          "ready",
          null,
          undefined,
        ],
        [
          "misspelt",
          "failed",
          "not-found",
          "Provider "good" (http://HOST/v1), model "smal", answered 404 ("The model smal does not exist."). The endpoint has no such model or path: check "model" ("smal") and "endpoint", which normally ends with /v1. It offers: small, large.",
        ],
        [
          "locked",
          "failed",
          "unauthorized",
          "Provider "wrong-key" (http://HOST/v1), model "small", answered 401 ("Incorrect API key provided: ***."). The key was not accepted: check the environment variable that "api_key" of provider "wrong-key" names.",
        ],
        [
          "off",
          "failed",
          "unreachable",
          "Provider "gone" (http://GONE/v1), model "small", can't be reached: connect ECONNREFUSED GONE. Check that the server runs and that "endpoint" names its address and port.",
        ],
      ]
    `)
  })

  test('a limited rate and a model without max_tokens are ready, used-up quota is not', async () => {
    await using server = await createModelServer({
      script({ text }) {
        const { model, max_tokens } = JSON.parse(text) as Record<string, unknown>
        if (model === 'busy') return { status: 429 }
        if (model === 'poor') return { status: 429, code: 'insufficient_quota' }
        if (model === 'thinker') return { body: '{"choices":[{"message":{"content":null}}]}' }
        return max_tokens === undefined ? {} : { status: 400, error: 'unsupported: max_tokens' }
      },
    })
    const names = ['busy', 'poor', 'thinker', 'modern']
    const models = names.map((name) => modelConfig({ alias: name, model: name }))
    const registry = openRegistry(providerConfig({ endpoint: server.url }), { models })
    const results = await registry.check(names, fresh())
    await registry.close()
    expect(results.map(({ outcome, error }) => error?.code ?? outcome)).toEqual([
      'ready',
      'quota-exhausted',
      'ready',
      'ready',
    ])
  })

  test('asks nothing when the environment says so', async () => {
    const environment = { ROWSMITH_SKIP_MODEL_HEALTH_CHECKS: '1' }
    const registry = openRegistry(providerConfig(), { environment })
    expect(await registry.check(['writer'], fresh())).toMatchObject([{ outcome: 'skipped' }])
    await registry.close()
  })

  test('an abort rejects with its reason', async () => {
    await using server = await createModelServer({ script: () => ({ hang: true }) })
    const registry = openRegistry(providerConfig({ endpoint: server.url }))
    const reason = new Error('stopped')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 30)
    await expect(registry.check(['writer'], controller.signal)).rejects.toBe(reason)
    await expect(registry.send('writer', chat('a'), controller.signal)).rejects.toBe(reason)
    await registry.close()
  })
})

test('a key in the query of an endpoint is sent and not shown', async () => {
  const paths: (string | undefined)[] = []
  await using server = await createModelServer({
    script({ url }) {
      paths.push(url)
      return { status: 400 }
    },
  })
  const registry = openRegistry(providerConfig({ endpoint: `${server.url}?key=query-secret` }))
  const outcome = registry.send('writer', chat('a'), fresh())
  await expect(outcome).rejects.not.toThrow('query-secret')
  await registry.close()
  expect(paths).toEqual(['/v1/chat/completions?key=query-secret'])
  expect(registry.targets('writer')[0]?.endpoint).toBe(server.url)
})
