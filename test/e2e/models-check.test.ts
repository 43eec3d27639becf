import { expect, test } from 'vitest'
import { tryModels } from '../../src/run/try-models.ts'
import { validate } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, freePort, jsonOf } from './command.ts'

function config(url: string, port: number): string {
  return `
model_providers:
  - { name: good, endpoint: '${url}' }
  - { name: keyed, endpoint: '${url}', api_key: KEYED_KEY }
  - { name: gone, endpoint: 'http://127.0.0.1:${port}/v1' }
model_configs:
  - { alias: a, provider: good, model: m, skip_health_check: true }
  - { alias: b, provider: keyed, model: m }
  - { alias: c, provider: gone, model: m }
  - { alias: unused, provider: keyed, model: m }
columns:
  - { name: one, column_type: llm-text, model_alias: a, prompt: "One." }
  - { name: two, column_type: llm-text, model_alias: b, prompt: "Two." }
  - { name: three, column_type: llm-text, model_alias: c, prompt: "Three." }
`
}

test('every model is asked by itself, and what is wrong with each is reported', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const path = await desk.write('stories.yaml', config(server.url, await freePort()))
  const environment = {}
  const { ok, models, problems } = await tryModels({ config: path, environment })
  expect([ok, problems]).toEqual([false, []])
  expect(models.map(({ alias, ok: answers, error }) => [alias, answers, error?.code])).toEqual([
    ['a', true, undefined],
    ['b', false, 'secret-missing'],
    ['c', false, 'unreachable'],
  ])
  expect(models[1]).toMatchObject({ key: { variable: 'KEYED_KEY', set: false } })
  expect(models[1]?.error?.message).toContain('export KEYED_KEY=…')
  // Asked, though a run would begin without asking.
  expect(server.counts.requests).toBe(1)

  const told = await validate({ config: path, environment })
  expect(told.ok).toBe(true)
  expect(told.problems.map(({ level, code }) => `${level} ${code}`)).toContain(
    'warning secret-missing',
  )
  expect((await validate({ config: path, environment, requireKeys: true })).ok).toBe(false)
})

test('without a config the known providers whose key is set are asked', async () => {
  expect(await tryModels({ environment: {} })).toEqual({
    ok: true,
    models: [],
    tools: [],
    problems: [],
  })
})

test('the command says it in JSON or in words, and by its exit code', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  await desk.write('stories.yaml', config(server.url, await freePort()))
  const json = await desk.run(['models', 'check', 'stories.yaml', '--json'], {
    KEYED_KEY: 'test-key',
  })
  expect([json.code, jsonOf(json)]).toEqual([
    4,
    expect.objectContaining({ ok: false, problems: [] }),
  ])
  const words = await desk.run(['models', 'check', 'stories.yaml'])
  expect([words.code, words.stdout]).toEqual([2, ''])
  expect(words.stderr).toContain(`a  m (good, ${new URL(server.url).origin}`)
  expect(words.stderr).toContain('key in KEYED_KEY, which is not set)\n  secret-missing: ')
})
