import { expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, jsonOf } from './command.ts'
import { stories } from './configs.ts'

test.each(['length', 'content_filter', 'MAX_TOKENS'])(
  'answers that ended with %s are reported wherever the run is',
  async (reason) => {
    await using desk = await createDesk()
    await using server = await createModelServer({
      script: ({ number }) => (number % 3 === 2 ? { finishReason: reason } : {}),
    })
    await desk.write('tales.json', stories({ url: server.url }))
    const run = ['create', 'tales.json', '-n', '9', '--seed', '1', '--out', 'tales']
    const environment = { ROWSMITH_SKIP_MODEL_HEALTH_CHECKS: '1' }

    const created = await desk.run(run, environment)
    expect(created.code, created.stderr).toBe(0)
    const line = /\w+: 3 of 9 answers cut off at the token limit or by a filter/
    expect(created.stderr).toMatch(line)
    expect((await desk.run(['show', 'tales'])).stdout).toMatch(line)
    expect((await desk.run(['report', 'tales'])).stdout).toMatch(line)
    const shown = jsonOf(await desk.run(['show', 'tales', '--json']))
    expect(shown).toMatchObject({
      cutAnswers: [{ cut: 3, answers: 9 }],
      usageByRoute: [{ cut: 3 }],
    })
    expect(jsonOf(await desk.run(['report', 'tales', '--json']))).toMatchObject({
      cutAnswers: [{ cut: 3, answers: 9 }],
    })
    expect(await desk.read('tales/report.html')).toContain('answers cut off')
  },
)

test('whole answers are nothing to tell of', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  await desk.write('tales.json', stories({ url: server.url }))
  const created = await desk.run(['create', 'tales.json', '-n', '2', '--out', 'tales'])
  expect(created.code, created.stderr).toBe(0)
  expect(created.stderr).not.toContain('cut off')
  expect(jsonOf(await desk.run(['show', 'tales', '--json']))).toMatchObject({ cutAnswers: [] })
})

test('with on_cut: fail they are failed cells, with what they said', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number % 3 === 2 ? { finishReason: 'length' } : {}),
  })
  await desk.write('tales.json', stories({ url: server.url, story: { on_cut: 'fail' } }))
  const created = await desk.run(
    ['create', 'tales.json', '-n', '9', '--seed', '1', '--out', 'tales'],
    {
      ROWSMITH_SKIP_MODEL_HEALTH_CHECKS: '1',
    },
  )
  expect(created.code, created.stderr).toBe(3)
  expect(created.stderr).toContain('9 rows: 6 accepted, 3 dropped')
  expect(created.stderr).toMatch(/answer-cut: The answer was cut off at the token limit \(length, /)
})
