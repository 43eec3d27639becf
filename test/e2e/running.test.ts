import { expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, jsonOf } from './command.ts'
import { stories } from './configs.ts'

test('show, report and runs tell the present state of a run at work', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number === 3 ? { status: 400, error: 'no' } : { hang: number > 12 }),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.write('run.yaml', 'progress_interval: 0.1\n')
  const words = ['create', 'tales.json', '-n', '40', '--seed', '1', '--run-config', 'run.yaml']
  const running = desk.start(words)
  // Eleven answers and a failure, and then none any more.
  await running.said('12 of 40 rows')

  const [show, report, runs] = await Promise.all([
    desk.run(['show', 'runs/tales']),
    desk.run(['report', 'runs/tales']),
    desk.run(['runs', 'runs']),
  ])
  const state =
    /^Running since \d{4}-\d\d-\d\d [\d:]{8} UTC \([\d.]+ s\): 12 of 40 rows done, \d+ tokens in, \d+ out$/m
  expect(show).toMatchObject({ code: 0, stderr: '' })
  expect(show.stdout).toMatch(state)
  expect(show.stdout).toContain('30 %  12 of 40 rows done')
  expect(report.stdout).toMatch(state)
  expect(report.stdout).toContain('No part is written yet')
  expect(runs.stdout).toMatch(/at work; 40 rows: 40 remaining; 12 of them done; /)
  expect(jsonOf(await desk.run(['show', 'runs/tales', '--json']))).toMatchObject({
    unwrittenRows: 12,
    complete: false,
    rows: { remaining: 40 },
  })

  // It was not hindered: it stops and keeps what it has.
  running.child.kill('SIGINT')
  await running.said('Stopping')
  running.child.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  const stopped = await desk.run(['show', 'runs/tales'])
  expect(stopped.stdout).not.toContain('Running since')
  expect(stopped.stdout).toContain('12 of 40 rows decided')
})
