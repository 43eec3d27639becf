import { describe, expect, test } from 'vitest'
import { CellFailure } from '../../src/graph/failure.ts'
import type { TaskContext } from '../../src/graph/kind.ts'
import { RequestError } from '../../src/graph/request-error.ts'
import { createEngine, requestOf, type TestColumn } from '../support/engine.ts'

const refused = new RequestError('bad-request', 'bad request', { kind: 'refused' })

/** A conversation of some turns on a route. */
function talk(turns: number, name = 'talk', route = 'm'): TestColumn {
  return {
    name,
    route,
    requests: 'many',
    async task(row, { request }: TaskContext) {
      for (let turn = 0; turn < turns; turn += 1) {
        await request(route, requestOf(`${name}:${row.index}:${turn}`))
      }
      return { value: `${turns} turns` }
    },
  }
}

test('several turns are one cell', async () => {
  const engine = createEngine({ columns: [talk(3)], rows: 4, groupRows: 4, slots: { m: 2 } })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(engine.sent).toHaveLength(12)
  expect(engine.cells).toMatchObject(Array.from({ length: 4 }, () => ({ value: '3 turns' })))
})

test('turns of a live conversation go before everything that has not started', async () => {
  const engine = createEngine({
    columns: [
      talk(3),
      { name: 'before', route: 'other' },
      // Deeper than the conversation, and in line before its second turn is.
      { name: 'single', after: ['before'], route: 'm' },
    ],
    rows: 8,
    groupRows: 8,
    slots: { m: 1, other: 8 },
    model: { latency: (text) => (text.startsWith('before') ? 10 : 50) },
  })
  await engine.run()
  let inBetween = 0
  for (let row = 0; row < 8; row += 1) {
    const first = engine.sent.indexOf(`talk:${row}:0`)
    const between = engine.sent.slice(first, engine.sent.indexOf(`talk:${row}:2`))
    const singles = between.filter((text) => text.startsWith('single')).length
    inBetween += singles
    // The unit of its own reply may be gone before the next turn is in line; no other is.
    expect(singles, between.join(' ')).toBeLessThanOrEqual(2)
  }
  expect(inBetween).toBeLessThanOrEqual(4)
})

test('open cells are capped at twice what the route tolerates, and start only while it could send', async () => {
  let open = 0
  let most = 0
  const engine = createEngine({
    columns: [
      {
        name: 'thinks',
        route: 'm',
        requests: 'many',
        async task(row, { request }) {
          open += 1
          most = Math.max(most, open)
          // It works for a second before its request: others fill the slot meanwhile.
          await new Promise<void>((resolve) => engine.clock.after(1_000, resolve))
          await request('m', requestOf(String(row.index)))
          open -= 1
          return { value: 'x' }
        },
      },
    ],
    rows: 50,
    groupRows: 50,
    slots: { m: 3 },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(most).toBe(6)
})

test('a task starts only while one of its routes could send', async () => {
  let started = 0
  const engine = createEngine({
    columns: [
      { name: 'busy', route: 'm' },
      {
        ...talk(1),
        task: async (row, { request }) => {
          started += 1
          await request('m', requestOf(`talk:${row.index}`))
          return { value: 'x' }
        },
      },
    ],
    rows: 1,
    groupRows: 1,
    slots: { m: 1 },
    model: { latency: () => 1_000 },
  })
  const running = engine.run()
  engine.clock.after(999, () => expect([engine.sent, started]).toEqual([['busy:0'], 0]))
  engine.clock.after(1_001, () => expect([engine.sent.length, started]).toEqual([2, 1]))
  expect(await running).toEqual({ kind: 'complete' })
})

test('requests of a task are tried again by the engine, without the task noticing', async () => {
  const engine = createEngine({
    columns: [talk(2)],
    rows: 1,
    groupRows: 1,
    slots: { m: 1 },
    model: {
      fail: (text, attempt) =>
        text === 'talk:0:1' && attempt < 4
          ? new RequestError('timeout', 'timeout', { kind: 'transient' })
          : null,
    },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(engine.failures).toEqual([])
  expect(engine.sent).toHaveLength(5)
})

describe('failures', () => {
  test('a turn that fails permanently fails the cell with its code, unless the task catches it', async () => {
    const catching: TestColumn = {
      name: 'catching',
      route: 'm',
      requests: 'many',
      task: (row, { request }) =>
        request('m', requestOf(`bad:${row.index}`)).then(
          () => ({ value: 'answered' }),
          (error: unknown) => ({ value: error instanceof CellFailure ? error.code : 'no failure' }),
        ),
    }
    const engine = createEngine({
      columns: [catching, { ...talk(2), name: 'talk' }],
      rows: 1,
      groupRows: 1,
      slots: { m: 2 },
      model: { fail: (text) => (text === 'bad:0' || text === 'talk:0:1' ? refused : null) },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.cells).toMatchObject([{ column: 0, value: 'bad-request' }])
    expect(engine.failures).toMatchObject([
      { row: 0, column: 1, code: 'bad-request', attempts: 2, outcome: 'dropped' },
    ])
  })

  test('what a task throws is about its cell', async () => {
    const engine = createEngine({
      columns: [
        {
          name: 'own',
          by: 'cell',
          pure: false,
          task: (row) => {
            if (row.index === 1) throw new TypeError('not a function')
            return Promise.resolve({ value: 'fine' })
          },
        },
      ],
      rows: 3,
      groupRows: 3,
      slots: {},
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([
      { row: 1, code: 'generator-error', message: 'not a function', attempts: 1 },
    ])
  })

  test('a request to an alias that is no route is told to the task', async () => {
    const engine = createEngine({
      columns: [talk(1, 'talk', 'm')].map((column) => ({
        ...column,
        task: async (_row: unknown, { request }: TaskContext) => {
          await request('elsewhere', requestOf('x'))
          return { value: 'x' }
        },
      })),
      rows: 1,
      groupRows: 1,
      slots: { m: 1 },
    })
    await engine.run()
    expect(engine.failures).toMatchObject([{ message: 'no route for the model alias elsewhere' }])
  })
})

test('local tasks share the local workers', async () => {
  let open = 0
  let most = 0
  const task = async (): Promise<{ value: string }> => {
    open += 1
    most = Math.max(most, open)
    await new Promise<void>((resolve) => engine.clock.after(100, resolve))
    open -= 1
    return { value: 'x' }
  }
  const engine = createEngine({
    columns: ['one', 'two'].map((name) => ({ name, by: 'cell', pure: false, task })),
    rows: 20,
    groupRows: 4,
    slots: {},
    options: { localWorkers: 5 },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(most).toBe(5)
  expect(engine.clock.now()).toBeLessThan(1_000)
})

describe('ending while tasks are open', () => {
  test('a drain ends although conversations wait for their next turn, which learn of it', async () => {
    let told = 0
    const engine = createEngine({
      columns: [
        {
          ...talk(1),
          async task(row, { request, signal }) {
            signal.addEventListener('abort', () => (told += 1))
            for (let turn = 0; turn < 50; turn += 1) {
              await request('m', requestOf(`talk:${row.index}:${turn}`))
            }
            return { value: 'long' }
          },
        },
      ],
      rows: 10,
      groupRows: 10,
      slots: { m: 2 },
    })
    const running = engine.run()
    engine.clock.after(120, () => engine.scheduler.drain())
    expect(await running).toEqual({ kind: 'interrupted' })
    expect(engine.clock.now()).toBe(150)
    expect(engine.failures).toEqual([])
    expect(told).toBeGreaterThan(0)
    expect(engine.scheduler.snapshot().rows.remaining).toBe(10)
  })

  test('a drain lets a local task finish and keeps its cell', async () => {
    const engine = createEngine({
      columns: [
        {
          name: 'own',
          by: 'cell',
          pure: false,
          async task() {
            await new Promise<void>((resolve) => engine.clock.after(1_000, resolve))
            return { value: 'x' }
          },
        },
      ],
      rows: 50,
      groupRows: 50,
      slots: {},
    })
    const running = engine.run()
    engine.clock.after(500, () => engine.scheduler.drain())
    expect(await running).toEqual({ kind: 'interrupted' })
    expect(engine.cells).toHaveLength(4)
    expect(engine.parts.flatMap(({ rows }) => rows)).toEqual([0, 1, 2, 3])
  })

  test('an abort waits some seconds for tasks and no longer, and what they answer later is no one’s', async () => {
    let finished = 0
    const engine = createEngine({
      columns: [
        {
          name: 'own',
          by: 'cell',
          pure: false,
          async task() {
            await new Promise<void>((resolve) => engine.clock.after(60_000, resolve))
            finished += 1
            return { value: 'late' }
          },
        },
      ],
      rows: 4,
      groupRows: 4,
      slots: {},
    })
    const ended = engine.scheduler.run()
    await engine.clock.advance(500)
    engine.scheduler.abort()
    // They have some seconds for what they have to clean up.
    await engine.clock.advance(5_000)
    expect(await ended).toEqual({ kind: 'interrupted' })
    expect(finished).toBe(0)
    await engine.clock.advance(100_000)
    expect(finished).toBe(4)
    expect([engine.cells, engine.failures, engine.parts]).toEqual([[], [], []])
  })

  test('an endpoint that stops ends the run, although tasks wait on it', async () => {
    const stop = new RequestError('unauthorized', 'bad key', { kind: 'endpoint-stopped' })
    const engine = createEngine({
      columns: [talk(5)],
      rows: 20,
      groupRows: 20,
      slots: { m: 2 },
      model: { fail: (text) => (text === 'talk:1:2' ? stop : null) },
    })
    expect(await engine.run()).toMatchObject({ kind: 'stopped', error: stop })
    expect(engine.failures).toEqual([])
    expect(engine.scheduler.snapshot().routes[0]?.stopped).toBe('bad key')
  })
})
