import { expect, test } from 'vitest'
import { modelIdentity } from '../graph/model-identity.ts'
import { loadDataset } from './load.ts'
import {
  extraBodyOf,
  resolveDataset,
  selfContained,
  type ResolvedDataset,
} from './resolve-dataset.ts'

function resolved(text: string): ResolvedDataset {
  const { config, problems } = loadDataset(text, { file: 'a.yaml' })
  expect(problems).toEqual([])
  if (config === null) throw new Error('no problem, but no config')
  return resolveDataset(config)
}

const model = (own: string, provider: string): string => `
columns: []
model_configs:
  - {alias: m, model: x, provider: p, inference_parameters: {extra_body: ${own}}}
model_providers:
  - {name: p, endpoint: http://127.0.0.1:9/v1, extra_body: ${provider}}
`

test('without models the built-in aliases are there; of providers those of the config come first', () => {
  const { models, providers } = resolved(
    'columns: []\nmodel_providers: [{name: openai, endpoint: http://127.0.0.1:9}]',
  )
  expect(models.map(({ alias }) => alias)).toContain('openai-text')
  expect(providers.map(({ name }) => name)).toEqual(['openai', 'nvidia', 'openrouter'])
})

test('what a provider sends along counts as part of its models, over what they send themselves', () => {
  const identities = [
    model('{seed: 1}', 'null'),
    model('{seed: 1}', '{effort: low}'),
    model('{seed: 1}', '{effort: high}'),
    model('null', '{seed: 1}'),
    model('{seed: 2}', '{seed: 1}'),
  ].map((text) => JSON.stringify(modelIdentity(resolved(text), 'm')))
  const [plain = '', low, high, provided, over] = identities
  expect(new Set([plain, low, high]).size).toBe(3)
  expect(provided).toBe(plain)
  expect(over).toBe(plain)
})

test('a model with what its provider sends along means the same without the provider', () => {
  const dataset = resolved(model('{seed: 1, stop: x}', '{seed: 2}'))
  const alone = dataset.models.map((each) => selfContained(dataset, each))
  expect(extraBodyOf(alone[0] as (typeof alone)[0], undefined)).toEqual({ seed: 2, stop: 'x' })
  expect(modelIdentity({ models: alone, providers: [] }, 'm')).toEqual(modelIdentity(dataset, 'm'))
})
