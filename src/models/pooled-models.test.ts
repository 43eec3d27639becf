import { expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
} from '../../test/support/models.ts'
import { builtInRegistry } from '../plugins/kind-registry.ts'
import { createModelServer } from '../testing/model-server.ts'
import { openModels } from './registry.ts'

const choice = (provider: string, model = 'test', more: object = {}) => ({
  provider,
  model,
  weight: 1,
  extra_body: null,
  ...more,
})

test('an alias goes to every choice of its pool, with each key; each is asked whether it is ready', async () => {
  const asked: string[] = []
  const scripted = (name: string) => ({
    script: ({ headers, text }: { headers: Record<string, unknown>; text: string }) => {
      const { model, effort } = JSON.parse(text) as Record<string, string>
      asked.push([name, model, effort, headers['authorization']].join(' '))
      return headers['authorization'] === 'Bearer key-of-b-2' ? { status: 401 } : undefined
    },
  })
  await using a = await createModelServer(scripted('a'))
  await using b = await createModelServer(scripted('b'))
  const providers = [
    providerConfig({ name: 'a', endpoint: a.url }),
    providerConfig({ name: 'b', endpoint: b.url, api_keys: ['B1', 'B2'] }),
  ]
  const pool = [choice('a'), choice('b', 'other', { weight: 2, extra_body: { effort: 'low' } })]
  const models = [modelConfig({ pool, hedge: 'p90' })]
  const environment = { B1: 'key-of-b-1', B2: 'key-of-b-2' }
  const registry = openRegistry(providers, { models, environment })
  const targets = registry.targets('writer')
  expect(
    targets.map(({ name, choice: shown, resource, weight, key, hedge }) =>
      [name, shown, resource, weight, key, hedge].join('; '),
    ),
  ).toEqual([
    'writer: test (a); test (a); a; 1; ; 0.9',
    'writer: other (b, B1); other (b, B1); b B1; 2; B1; 0.9',
    'writer: other (b, B2); other (b, B2); b B2; 2; B2; 0.9',
  ])
  const results = await registry.check(['writer'], fresh())
  expect(results.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    'writer: test (a) ready',
    'writer: other (b, B1) ready',
    'writer: other (b, B2) failed',
  ])
  expect(JSON.stringify(results)).not.toContain('key-of-b')
  expect(asked.toSorted()).toEqual([
    'a test  ',
    'b other low Bearer key-of-b-1',
    'b other low Bearer key-of-b-2',
  ])
  await registry.send('writer: other (b, B1)', chat('hello'), fresh())
  expect(() => registry.send('writer', chat('hello'), fresh())).toThrow('was not opened')
  await registry.close()
})

test('what is wrong with a choice or a key is reported in its place', () => {
  const { problems, registry } = openModels({
    models: [
      modelConfig({
        pool: [choice('local'), choice('loca'), choice('b', 'x', { extra_body: { stream: true } })],
      }),
    ],
    providers: [providerConfig(), providerConfig({ name: 'b', api_keys: ['SET', 'UNSET_KEY'] })],
    used: ['writer'],
    environment: { SET: 'abc' },
    table: builtInRegistry.providers,
  })
  expect(registry).toBeNull()
  expect(
    problems.map(({ code, path, suggestion }) => [code, path.join('.'), suggestion].join(' | ')),
  ).toMatchInlineSnapshot(`
    [
      "stream-unsupported | model_configs.0.pool.2.extra_body.stream | Remove it.",
      "unknown-provider | model_configs.0.pool.1.provider | Did you mean "local"?",
      "secret-missing | model_providers.1.api_keys.1 | Run "export UNSET_KEY=…" first, or take it out of "api_keys".",
    ]
  `)
})
