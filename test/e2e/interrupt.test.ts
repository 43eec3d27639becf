import { expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, jsonOf } from './command.ts'
import { stories } from './configs.ts'

test('Ctrl-C lets what is in flight come back, and the same command continues', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 100 })
  await desk.write('tales.json', stories({ url: server.url }))
  const parameters = ['create', 'tales.json', '-n', '40', '--json']
  const running = desk.start(parameters)
  await running.said('New run')
  while (server.counts.requests < 9) await new Promise((resolve) => setTimeout(resolve, 5))

  running.child.kill('SIGINT')
  const ended = await running.ended

  expect(ended.code, ended.stderr).toBe(130)
  expect(server.counts.abandoned).toBe(0)
  const answered = server.counts.requests - 1
  const { rows, files, requests } = jsonOf(ended)
  expect(rows).toMatchObject({ accepted: answered, dropped: 0, remaining: 40 - answered })
  expect({ files, requests }).toEqual({ files: [], requests: answered })
  expect(
    desk
      .plain(ended.stderr)
      .replace(/seed \d+/, 'seed <seed>')
      .replaceAll(/\d+ (requests|tokens|out|accepted|remaining)/g, '<n> $1')
      // The statistics of however many rows there are.
      .replace(/ {2}number [^]*(?= {2}Report:)/, ''),
  ).toMatchInlineSnapshot(`
    "New run in <desk>/runs/tales: 40 rows, seed <seed>.
    Stopping: rowsmith sends nothing new and keeps the answers in flight. Ctrl-C again discards them.
    Interrupted. 40 rows: <n> accepted, <n> remaining.
    <n> requests, <n> tokens in, <n> out, <time>.
      Report: runs/tales/report.html
    To continue: rowsmith create tales.json -n 40
    To export the decided rows: rowsmith export runs/tales
    "
  `)

  const completed = await desk.run(parameters)

  expect(completed.code, completed.stderr).toBe(0)
  expect(jsonOf(completed)).toMatchObject({ rows: { accepted: 40 }, requests: 40 })
  // Two of them asked whether the model is there.
  expect(server.counts.requests).toBe(42)
})

test('a second Ctrl-C gives up what is in flight', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number > 5 ? { hang: true } : {}),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  const running = desk.start(['create', 'tales.json', '-n', '20', '--json'])
  while (server.counts.requests < 10) await new Promise((resolve) => setTimeout(resolve, 5))

  running.child.kill('SIGINT')
  await running.said('Stopping: ')
  running.child.kill('SIGINT')
  const ended = await running.ended

  expect(ended.code, ended.stderr).toBe(130)
  expect(ended.stderr).toContain('Discarding the requests in flight.')
  expect(jsonOf(ended)).toMatchObject({ rows: { accepted: 5, remaining: 15 }, files: [] })
  const exported = await desk.run(['export', 'runs/tales', '--json'])
  expect(jsonOf(exported)).toMatchObject({ files: [{ rows: 5 }] })
})

test('SIGTERM is a Ctrl-C', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 50 })
  await desk.write('tales.json', stories({ url: server.url }))
  const running = desk.start(['create', 'tales.json', '-n', '400', '--json'])
  await running.said('New run')

  running.child.kill('SIGTERM')
  const ended = await running.ended

  expect(ended.code, ended.stderr).toBe(130)
  expect(jsonOf(ended)).toMatchObject({ rows: { requested: 400 } })
})

test('Ctrl-C while the models are asked leaves no folder', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ script: () => ({ hang: true }) })
  await desk.write('tales.json', stories({ url: server.url }))
  const running = desk.start(['create', 'tales.json', '--json'])
  while (server.counts.inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5))

  running.child.kill('SIGINT')
  const ended = await running.ended

  expect(ended.code).toBe(130)
  expect(jsonOf(ended)).toMatchObject({ error: { code: 'interrupted' } })
  expect(ended.stderr).toMatchInlineSnapshot(`
    "Stopping before anything is generated.
    "
  `)
  const shown = await desk.run(['show', 'runs/tales'])
  expect(shown.code).toBe(2)
})

test('an interrupted run with dropped rows is exit code 130', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number % 3 === 2 ? { status: 400 } : { delayMs: 20 }),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.write('run.yaml', 'disable_early_shutdown: true\n')
  const running = desk.start([
    'create',
    'tales.json',
    '-n',
    '400',
    '--json',
    '--run-config',
    'run.yaml',
  ])
  while (server.counts.requests < 20) await new Promise((resolve) => setTimeout(resolve, 5))

  running.child.kill('SIGINT')
  const ended = await running.ended

  expect(ended.code, ended.stderr).toBe(130)
  const rows = jsonOf(ended)['rows'] as Record<string, number>
  const { requested, ...outcomes } = rows
  expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(requested)
})

test('Ctrl-C ends a preview and leaves nothing behind', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number > 0 ? { hang: true } : {}),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  const running = desk.start(['preview', 'tales.json'])
  while (server.counts.requests < 2) await new Promise((resolve) => setTimeout(resolve, 5))

  running.child.kill('SIGINT')
  await running.said('Stopping')
  running.child.kill('SIGINT')
  const ended = await running.ended

  expect(ended.code, ended.stderr).toBe(130)
  expect(ended.stdout).toBe('')
})
