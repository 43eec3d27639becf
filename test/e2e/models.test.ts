import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, freePort, jsonOf } from './command.ts'
import { stories } from './configs.ts'

test('a server that is down: nothing is generated and no folder is left', async () => {
  await using desk = await createDesk()
  await desk.write('tales.json', stories({ url: `http://127.0.0.1:${await freePort()}/v1` }))

  const ended = await desk.run(['create', 'tales.json', '--json'])

  expect(ended.code).toBe(4)
  expect(jsonOf(ended)).toMatchObject({ error: { code: 'model-unavailable' } })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "rowsmith: not ready:
      model writer: Provider "local" (http://127.0.0.1:<port>/v1), model "test", can't be reached: connect ECONNREFUSED 127.0.0.1:<port>. Check that the server runs and that "endpoint" names its address and port.
      Nothing was generated. Set skip_health_check: true on a model to start without asking it.
    "
  `)
  expect(await readdir(desk.directory)).toEqual(['tales.json'])
})

test('a wrong key', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ apiKey: 'right-0123456789' })
  await desk.write('tales.json', stories({ url: server.url, apiKey: 'STORY_KEY' }))

  const ended = await desk.run(['create', 'tales.json'], { STORY_KEY: 'wrong-0123456789' })

  expect(ended).toMatchObject({ code: 4, stdout: '' })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "rowsmith: not ready:
      model writer: Provider "local" (http://127.0.0.1:<port>/v1), model "test", answered 401 ("Incorrect API key provided: ***."). The key was not accepted: check the environment variable that "api_key" of provider "local" names.
      Nothing was generated. Set skip_health_check: true on a model to start without asking it.
    "
  `)
  expect(await readdir(desk.directory)).toEqual(['tales.json'])
})

test('a model the server does not have', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ models: ['other'] })
  await desk.write('tales.json', stories({ url: server.url }))

  const ended = await desk.run(['create', 'tales.json'])

  expect(ended).toMatchObject({ code: 4, stdout: '' })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "rowsmith: not ready:
      model writer: Provider "local" (http://127.0.0.1:<port>/v1), model "test", answered 404 ("The model test does not exist."). The endpoint has no such model or path: check "model" ("test") and "endpoint", which normally ends with /v1. It offers: other.
      Nothing was generated. Set skip_health_check: true on a model to start without asking it.
    "
  `)
  expect(await readdir(desk.directory)).toEqual(['tales.json'])
})

test('two models that do not answer are reported at once, also by preview', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ models: ['other'] })
  const config = stories({
    url: server.url,
    columns: [
      { name: 'end', column_type: 'llm-text', model_alias: 'closer', prompt: 'End: {{ story }}' },
    ],
  }) as { model_configs: object[] }
  config.model_configs.push({ alias: 'closer', provider: 'local', model: 'nothing' })
  await desk.write('tales.json', config)

  const ended = await desk.run(['preview', 'tales.json'])

  expect(ended).toMatchObject({ code: 4, stdout: '' })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "rowsmith: not ready:
      model writer: Provider "local" (http://127.0.0.1:<port>/v1), model "test", answered 404 ("The model test does not exist."). The endpoint has no such model or path: check "model" ("test") and "endpoint", which normally ends with /v1. It offers: other.
      model closer: Provider "local" (http://127.0.0.1:<port>/v1), model "nothing", answered 404 ("The model nothing does not exist."). The endpoint has no such model or path: check "model" ("nothing") and "endpoint", which normally ends with /v1. It offers: other.
      Nothing was generated. Set skip_health_check: true on a model to start without asking it.
    "
  `)
  expect(await readdir(desk.directory)).toEqual(['tales.json'])
})

test('a server that refuses in the middle: rows remain, and continuing completes them', async () => {
  await using desk = await createDesk()
  let broken = true
  await using server = await createModelServer({
    script: ({ number }) =>
      broken && number > 10 ? { status: 401, error: 'key revoked', code: 'invalid_api_key' } : {},
  })
  await desk.write('tales.json', stories({ url: server.url }))

  const stopped = await desk.run(['create', 'tales.json', '-n', '30', '--seed', '1', '--json'])

  expect(stopped.code, stopped.stderr).toBe(4)
  const { rows, files } = jsonOf(stopped)
  // Of eleven good answers one was to the question whether the model is there.
  expect(rows).toMatchObject({ requested: 30, accepted: 10, dropped: 0, remaining: 20 })
  expect(files).toEqual([])
  // Which ten rows were answered, and so their statistics, is up to the machine.
  const told = desk.plain(stopped.stderr).replace(/ {2}number [^]*(?= {2}Report:)/, '')
  expect(told).toMatchInlineSnapshot(`
    "New run in <desk>/runs/tales: 30 rows, seed 1.
    Endpoint http://127.0.0.1:<port>/v1 stopped: Provider "local" (http://127.0.0.1:<port>/v1), model "test", answered 401 ("key revoked"). The key was not accepted: check the environment variable that "api_key" of provider "local" names.
    Stopped early. 30 rows: 10 accepted, 20 remaining.
    14 requests, 40 tokens in, 240 out, <time>.
      Report: runs/tales/report.html
    To continue: rowsmith create tales.json -n 30 --seed 1
    To export the decided rows: rowsmith export runs/tales
    "
  `)

  const exported = await desk.run(['export', 'runs/tales', '--to', 'tales.jsonl', '--json'])
  expect(jsonOf(exported)).toMatchObject({ files: [{ path: desk.path('tales.jsonl'), rows: 10 }] })

  broken = false
  const paid = server.counts.requests
  const completed = await desk.run(['create', 'tales.json', '--json'])

  expect(completed.code, completed.stderr).toBe(0)
  expect(jsonOf(completed)).toMatchObject({ rows: { accepted: 30, remaining: 0 } })
  expect(server.counts.requests - paid).toBe(30 - 10 + 1)
})

test('a run stays as it was when the server is down for the second one', async () => {
  await using desk = await createDesk()
  const server = await createModelServer({
    script: ({ number }) => (number === 2 ? { status: 400, error: 'too rude' } : {}),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.run(['create', 'tales.json', '-n', '4'])
  const before = jsonOf(await desk.run(['show', 'runs/tales', '--json']))
  expect(before).toMatchObject({
    rows: { requested: 4, accepted: 3, dropped: 1 },
    failures: [{ count: 1, code: 'bad-request' }],
  })
  await server.close()

  const larger = await desk.run(['create', 'tales.json', '-n', '8'])
  expect(larger).toMatchObject({ code: 4, stdout: '' })
  expect(larger.stderr).toContain('not ready')
  const retried = await desk.run(['create', 'tales.json', '--retry-dropped'])
  expect(retried).toMatchObject({ code: 4, stdout: '' })

  const { sessions: _, ...after } = jsonOf(await desk.run(['show', 'runs/tales', '--json']))
  expect(before).toMatchObject(after)
  // Nothing is left to make, so no one is asked.
  const smaller = await desk.run(['create', 'tales.json', '-n', '2', '--shrink', '--json'])
  expect(smaller.code, smaller.stderr).not.toBe(4)
  expect(jsonOf(smaller)).toMatchObject({ rows: { requested: 2, remaining: 0 } })
})

test('stopped with dropped rows is exit code 4', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => {
      if (number === 2) return { status: 400, error: 'not this one' }
      return number > 10 ? { status: 401, error: 'key revoked' } : {}
    },
  })
  await desk.write('tales.json', stories({ url: server.url, parallel: 1 }))

  const ended = await desk.run(['create', 'tales.json', '-n', '20', '--json'])

  expect(ended.code, ended.stderr).toBe(4)
  expect(jsonOf(ended)).toMatchObject({ rows: { accepted: 9, dropped: 1, remaining: 10 } })
})
