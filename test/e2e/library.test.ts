import { getEventListeners } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { create, open, preview, start, validate, type RunEvent } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'
import { pets, stories } from './configs.ts'

test('a config object is made into a dataset and read back', async () => {
  await using desk = await createDesk()

  const { config } = { config: { config: pets, name: 'pets' } }
  const checked = await validate({ config })
  const result = await create({ config, rows: 5, seed: 7n, out: desk.path('run') })
  const shown = await preview({ config, rows: 5, seed: 7n })

  expect(checked).toEqual({ ok: true, problems: [] })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 5 } })
  await using dataset = await open(result.dir)
  const records = []
  for await (const record of dataset.records({ limit: 3 })) records.push(record)
  expect(records).toEqual(shown.records.slice(0, 3))
  expect(await dataset.summary()).toMatchObject({ name: 'pets', seed: 7n, rows: { accepted: 5 } })
})

test('events tell what happens, in order', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number === 2 ? { status: 400, error: 'too rude' } : {}),
  })
  const events: RunEvent[] = []

  const result = await create({
    config: { config: stories({ url: server.url, parallel: 1 }) },
    rows: 4,
    out: desk.path('run'),
    onEvent: (event) => events.push(event),
  })

  expect(result.rows).toMatchObject({ accepted: 3, dropped: 1 })
  const types = events.map(({ type }) => type)
  expect(types.slice(0, 5)).toEqual([
    'models-checking',
    'model-checked',
    'models-checked',
    'run-opening',
    'run-opened',
  ])
  expect(types.slice(-2)).toEqual(['join-finished', 'run-ended'])
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'cell-failed', column: 'story', row: 1, code: 'bad-request' }),
  )
})

test.each(['ledger-committed', 'row-group-opened', 'part-committed'] as const)(
  'a listener that throws at %s ends the run with its error, and nothing paid is lost',
  async (type) => {
    await using desk = await createDesk()
    await using server = await createModelServer({ latencyMs: 5 })
    const config = { config: stories({ url: server.url, parallel: 4 }) }
    const out = desk.path('run')

    const broken = create({
      config,
      rows: 40,
      out,
      onEvent(event) {
        if (event.type === type) throw new Error('my mistake')
      },
    })
    await expect(broken).rejects.toThrow('my mistake')
    const result = await create({ config, out })

    expect(result.rows.accepted).toBe(40)
    expect(result.requestOutcomes).toEqual({ succeeded: 40, throttled: 0, failed: 0, givenUp: 0 })
  },
)

test('a signal drains the run, and disposing of one gives up what is in flight', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number > 6 ? { hang: true } : { delayMs: 30 }),
  })
  const config = { config: stories({ url: server.url, parallel: 2 }) }
  const out = desk.path('run')
  const controller = new AbortController()

  await using drained = await start({ config, rows: 30, out, signal: controller.signal })
  while (server.counts.requests < 4) await new Promise((resolve) => setTimeout(resolve, 5))
  controller.abort()
  const result = await drained.finished

  expect(result.end).toEqual({ kind: 'interrupted' })
  expect(result.rows.accepted).toBe(result.requests)
  expect(server.counts.abandoned).toBe(0)

  {
    await using run = await start({ config, out })
    while (server.counts.requests < 9) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(run.progress()).toMatchObject({ rows: { dropped: 0 } })
  }
  await using dataset = await open(out)
  const summary = await dataset.summary()
  expect(summary.holder).toBeNull()
  expect(summary.rows.dropped).toBe(0)
})

test('a run that can’t begin leaves no listener on the signal', async () => {
  await using desk = await createDesk()
  await mkdir(desk.path('run'))
  await desk.write('run/ledger.sqlite', 'notes of somebody else, which are no ledger')
  const controller = new AbortController()

  const refused = create({
    config: { config: pets },
    rows: 3,
    out: desk.path('run'),
    signal: controller.signal,
  })

  await expect(refused).rejects.toThrow('ledger.sqlite')
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})

test('a signal that is aborted before makes nothing', async () => {
  await using desk = await createDesk()
  const signal = AbortSignal.abort(new Error('not today'))
  await expect(create({ config: { config: pets }, out: desk.path('run'), signal })).rejects.toThrow(
    'not today',
  )
  await expect(open(desk.path('run'))).rejects.toMatchObject({ code: 'run-missing' })
})

test('a config may be the object itself, and anything else is told what it can be', async () => {
  await using desk = await createDesk()
  const made = await create({ config: pets, rows: 2, seed: 1n, out: desk.path('plain') })
  expect(made.rows.accepted).toBe(2)
  const wrapped = await preview({ config: { data_designer: pets, columns: [] }, rows: 1 }).catch(
    (error: unknown) => error,
  )
  expect(wrapped).toMatchObject({ code: 'config-invalid' })

  const other = { colums: [] } as unknown as { text: string }
  await expect(validate({ config: other })).rejects.toThrow(
    'expected config to be a path, { text } or an object with columns, got an object with colums',
  )
})

test('options that there are not are refused by their names', async () => {
  const withTypo = { config: pets, row: 3, ot: 'x' } as unknown as { config: typeof pets }
  for (const [work, name] of [
    [() => create(withTypo), 'create'],
    [() => start(withTypo), 'start'],
    [() => preview(withTypo), 'preview'],
  ] as const) {
    await expect(work()).rejects.toMatchObject({
      code: 'usage',
      message: `${name}() has no option 'row', 'ot'`,
      hints: ["Did you mean 'rows'?"],
    })
  }
  await expect(validate({ config: pets, strict: true } as { config: typeof pets })).rejects.toThrow(
    "validate() has no option 'strict'",
  )
})
