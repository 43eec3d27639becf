import { describe, expect, test } from 'vitest'
import { modelIdentity } from '../graph/model-identity.ts'
import type { ModelConfig } from './dataset.ts'
import { formatProblems } from './format-problems.ts'
import { loadModels, loadProviders } from './model-lists.ts'
import { choicesOf } from './model-pool.ts'
import { writtenModel } from './models.ts'

function load(text: string): ReturnType<typeof loadModels> {
  return loadModels(`model_configs:\n- ${text}`, { file: 'models.yaml' })
}

function model(text: string): ModelConfig {
  const { models, problems } = load(text)
  expect(problems).toEqual([])
  return models?.[0] as ModelConfig
}

function told(text: string): string {
  return formatProblems(load(text).problems)
}

test('a pool has choices with a model each, and a weight', () => {
  expect(
    model(
      '{alias: m, model: x, hedge: p95, pool: [{provider: a}, {provider: b, model: y, weight: 2.5}]}',
    ),
  ).toMatchObject({
    alias: 'm',
    model: 'x',
    provider: 'a',
    hedge: 'p95',
    pool: [
      { provider: 'a', model: 'x', weight: 1, extra_body: null },
      { provider: 'b', model: 'y', weight: 2.5, extra_body: null },
    ],
  })
})

test('a model is written as it was read', () => {
  for (const text of [
    '{alias: m, model: x, provider: a}',
    '{alias: m, hedge: p99.9, pool: [{provider: a, model: x}, {provider: b, model: y, weight: 2, extra_body: {k: 1}}]}',
  ]) {
    const read = model(text)
    expect(model(JSON.stringify(writtenModel(read)))).toEqual(read)
  }
})

test('choices are models of their own, with what they send along over what all do', () => {
  const read = model(
    '{alias: m, model: x, inference_parameters: {extra_body: {a: 1, b: 1}}, pool: [{provider: a}, {provider: b, extra_body: {b: 2}}]}',
  )
  expect(choicesOf(read)).toMatchObject([
    { weight: 1, model: { provider: 'a', model: 'x' } },
    { model: { provider: 'b', inference_parameters: { extra_body: { a: 1, b: 2 } } } },
  ])
  expect(choicesOf(read).some(({ model: choice }) => 'pool' in choice)).toBe(false)
})

test('every problem of a pool is reported in its place', () => {
  expect(told('{alias: m, provider: a, pool: [{provider: a, model: x}]}')).toMatchInlineSnapshot(`
    "models.yaml:2:24  model_configs[0].provider
      Model 'm' has a 'provider' next to its pool
        expected  one of 'provider' and 'pool'
        Make it a choice of the pool: - { provider: … }

    1 problem"
  `)
  expect(told('{alias: m, model: x, pool: [{provider: a, model: x}]}')).toMatchInlineSnapshot(`
    "models.yaml:2:21  model_configs[0].model
      Model 'm' has a 'model' next to a pool whose choices all name their own
        Remove it, or leave it out of the choices that it is for.

    1 problem"
  `)
  expect(told('{alias: m, pool: []}')).toMatchInlineSnapshot(`
    "models.yaml:2:20  model_configs[0].pool
      'pool' of model 'm' is out of range
        expected  a list of at least 1
        got       an empty list

    1 problem"
  `)
  expect(
    told(
      '{alias: m, pool: [{provider: a, model: x, weight: 0}, {model: x}, {provider: a, wieght: 2}, 7]}',
    ),
  ).toMatchInlineSnapshot(`
    "models.yaml:2:53  model_configs[0].pool[0].weight
      'pool[0].weight' of model 'm' is out of range
        expected  a number above 0 and below Infinity
        got       0

    models.yaml:2:57  model_configs[0].pool[1].provider
      'pool[1]' of model 'm' lacks 'provider'
        expected  text that is not empty

    models.yaml:2:83  model_configs[0].pool[2].wieght
      'pool[2]' of model 'm' has no field 'wieght'
        Did you mean 'weight'?

    models.yaml:2:95  model_configs[0].pool[3]
      'pool[3]' of model 'm' has the wrong type
        expected  a mapping
        got       7

    4 problems"
  `)
  expect(
    told(
      '{alias: m, pool: [{provider: a}, {provider: a, model: x}, {provider: a, model: x, weight: 2}]}',
    ),
  ).toMatchInlineSnapshot(`
    "models.yaml:2:21  model_configs[0].pool[0].model
      pool[0] of model 'm' lacks 'model'
        expected  text that is not empty
        Name the model there, or next to the pool if all choices have the same one.

    models.yaml:2:61  model_configs[0].pool[2]
      pool[2] of model 'm' is pool[1] once more: x at a
        Remove one of them; 'weight: 2' gives a choice twice as many requests.

    2 problems"
  `)
  expect(told('{alias: m, model: x, provider: a, hedge: p95}')).toMatchInlineSnapshot(`
    "models.yaml:2:44  model_configs[0].hedge
      Model 'm' has 'hedge', and no pool with other choices
        Write a 'pool' in place of 'provider', or remove it.

    1 problem"
  `)
  expect(told('{alias: m, hedge: 95, pool: [{provider: a, model: x}]}')).toMatchInlineSnapshot(`
    "models.yaml:2:21  model_configs[0].hedge
      'hedge' of model 'm' cannot be used
        expected  p and a percentile from 50 to 99.99, such as p95
        got       95

    1 problem"
  `)
  expect(load('{alias: m, hedge: p20, pool: [{provider: a, model: x}]}').problems).toMatchObject([
    { code: 'wrong-format', path: ['model_configs', 0, 'hedge'] },
  ])
})

describe('the identity of a pool', () => {
  const identity = (text: string) =>
    JSON.stringify(modelIdentity({ models: [model(text)], providers: [] }, 'm'))
  const base = identity('{alias: m, pool: [{provider: a, model: x}, {provider: b, model: y}]}')

  test('is the set of its models: order, weights and places say nothing of what is answered', () => {
    for (const other of [
      '{alias: m, hedge: p90, pool: [{provider: b, model: y, weight: 3}, {provider: a, model: x}]}',
      '{alias: m, model: x, pool: [{provider: a}, {provider: b, model: y}, {provider: c}]}',
      '{alias: m, pool: [{provider: c, model: x}, {provider: c, model: y}]}',
    ]) {
      expect(identity(other)).toBe(base)
    }
  })

  test('changes with a model, and with what is sent along', () => {
    for (const other of [
      '{alias: m, pool: [{provider: a, model: x}]}',
      '{alias: m, model: x, provider: a}',
      '{alias: m, pool: [{provider: a, model: x}, {provider: b, model: y}, {provider: c, model: z}]}',
      '{alias: m, pool: [{provider: a, model: x}, {provider: b, model: y, extra_body: {k: 1}}]}',
    ]) {
      expect(identity(other)).not.toBe(base)
    }
  })
})

test('several keys of a provider, and what is wrong with them', () => {
  const providers = (keys: string) =>
    loadProviders(`providers:\n- {name: p, endpoint: http://x/v1, ${keys}}`, { file: 'p.yaml' })
  expect(providers('api_keys: [A, B]').providers).toMatchObject([
    { api_key: null, api_keys: ['A', 'B'] },
  ])
  const { problems } = providers('api_key: A, api_keys: [A, "", A, sk-0123456789abcdefghij]')
  expect(JSON.stringify(problems)).not.toContain('0123456789')
  expect(problems.map(({ code, path }) => `${code} ${path.join('.')}`)).toEqual([
    'wrong-format providers.0.api_keys.3',
  ])
  expect(
    providers('api_key: A, api_keys: [A, "", A]').problems.map(
      ({ code, path }) => `${code} ${path.join('.')}`,
    ),
  ).toEqual([
    'wrong-format providers.0.api_keys.1',
    'duplicate-api-key providers.0.api_keys.2',
    'keys-beside-key providers.0.api_key',
  ])
  expect(providers('api_keys: []').problems).toMatchObject([{ path: ['providers', 0, 'api_keys'] }])
})
