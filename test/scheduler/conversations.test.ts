import { describe, expect, test } from 'vitest'
import { CellFailure } from '../../src/graph/failure.ts'
import { CellInterrupted } from '../../src/graph/interrupted.ts'
import type { TaskContext } from '../../src/graph/kind.ts'
import { RequestError } from '../../src/graph/request-error.ts'
import { textOf } from '../../src/graph/request.ts'
import type { JournaledExchange } from '../../src/rows/journal.ts'
import { createEngine, type EngineOptions, requestOf, type TestColumn } from '../support/engine.ts'

interface Watched {
  opened: number
  closed: number
  reasons: unknown[]
}

/** A conversation of some turns that counts how often its function was entered and left. */
function watchedTalk(turns: number, watched: Watched, name = 'talk'): TestColumn {
  return {
    name,
    route: 'm',
    requests: 'many',
    async task(row, { request }) {
      watched.opened += 1
      try {
        const said: string[] = []
        for (let turn = 0; turn < turns; turn += 1) {
          const { content } = await request('m', requestOf(`${name}:${row.index}:${turn}`))
          said.push(textOf(content))
        }
        return { value: said.join(' ') }
      } catch (error) {
        watched.reasons.push(error instanceof CellInterrupted ? error.reason : error)
        throw error
      } finally {
        watched.closed += 1
      }
    },
  }
}

const fresh = (): Watched => ({ opened: 0, closed: 0, reasons: [] })

function once<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

describe('a function always learns that nothing more is sent', () => {
  test('at a drain, while it waits in a line', async () => {
    const watched = fresh()
    const engine = createEngine({
      columns: [watchedTalk(3, watched)],
      rows: 20,
      groupRows: 20,
      slots: { m: 2 },
      model: { latency: () => 100 },
    })
    engine.clock.after(250, () => engine.scheduler.drain())
    expect(await engine.run()).toEqual({ kind: 'interrupted' })
    expect(watched.opened).toBeGreaterThan(2)
    expect(watched.closed).toBe(watched.opened)
    expect(once(watched.reasons)).toEqual(['drain'])
    expect(engine.failures).toEqual([])
    // What was in flight returned and is kept.
    expect(engine.exchanges).toHaveLength(engine.sent.length)
  })

  test('when its endpoint stops', async () => {
    const watched = fresh()
    const stop = new RequestError('unauthorized', 'no', { kind: 'endpoint-stopped' })
    const engine = createEngine({
      columns: [watchedTalk(3, watched)],
      rows: 6,
      groupRows: 6,
      slots: { m: 2 },
      model: { latency: () => 100, fail: (text) => (text.endsWith('1:1') ? stop : null) },
    })
    expect(await engine.run()).toMatchObject({ kind: 'stopped', error: stop })
    expect(watched.closed).toBe(watched.opened)
    expect(once(watched.reasons)).toEqual(['stopped'])
    expect(engine.failures).toEqual([])
  })

  test('between two attempts, when the run drains', async () => {
    const watched = fresh()
    const late = new RequestError('timeout', 'late', { kind: 'transient' })
    const engine = createEngine({
      columns: [watchedTalk(1, watched)],
      rows: 3,
      groupRows: 3,
      slots: { m: 3 },
      model: { fail: () => late },
    })
    engine.clock.after(100, () => engine.scheduler.drain())
    expect(await engine.run()).toEqual({ kind: 'interrupted' })
    expect([watched.opened, watched.closed]).toEqual([3, 3])
    expect(engine.clock.now()).toBeLessThan(1_000)
  })

  test('in flight at a drain, when its attempt then fails', async () => {
    const watched = fresh()
    const late = new RequestError('timeout', 'late', { kind: 'transient' })
    const engine = createEngine({
      columns: [watchedTalk(1, watched)],
      rows: 1,
      groupRows: 1,
      slots: { m: 1 },
      model: { latency: () => 100, fail: () => late },
    })
    engine.clock.after(50, () => engine.scheduler.drain())
    expect(await engine.run()).toEqual({ kind: 'interrupted' })
    expect(watched).toEqual({ opened: 1, closed: 1, reasons: ['drain'] })
  })

  test('at an abort, in flight or not', async () => {
    const watched = fresh()
    const engine = createEngine({
      columns: [watchedTalk(3, watched)],
      rows: 20,
      groupRows: 20,
      slots: { m: 2 },
      model: { latency: () => 100 },
    })
    engine.clock.after(250, () => engine.scheduler.abort())
    expect(await engine.run()).toEqual({ kind: 'interrupted' })
    expect(engine.clock.now()).toBe(250)
    expect(watched.closed).toBe(watched.opened)
    expect(once(watched.reasons)).toEqual(['aborted'])
  })

  test('when too many cells fail and the run shuts down', async () => {
    const watched = fresh()
    const engine = createEngine({
      columns: [
        watchedTalk(50, watched),
        {
          name: 'bad',
          route: 'f',
          onFailure: 'null',
          finish: () => {
            throw new CellFailure('x', 'x')
          },
        },
      ],
      rows: 30,
      groupRows: 30,
      slots: { m: 2, f: 2 },
      options: { earlyShutdown: { rate: 0.5, window: 10 } },
    })
    expect(await engine.run()).toMatchObject({ kind: 'stopped' })
    expect(watched.opened).toBeGreaterThan(0)
    expect(watched.closed).toBe(watched.opened)
  })

  test('one that ignores it does not hang the run, and is no one’s after some seconds', async () => {
    let late = 0
    const engine = createEngine({
      columns: [
        {
          name: 'deaf',
          route: 'm',
          requests: 'many',
          async task(_row, { request }) {
            await request('m', requestOf('first')).catch(() => undefined)
            await new Promise<void>((resolve) => engine.clock.after(600_000, resolve))
            late += 1
            return { value: 'late' }
          },
        },
      ],
      rows: 2,
      groupRows: 2,
      slots: { m: 1 },
      model: { latency: () => 100 },
    })
    engine.clock.after(50, () => engine.scheduler.abort())
    const ended = engine.scheduler.run()
    await engine.clock.advance(5_060)
    expect(await ended).toEqual({ kind: 'interrupted' })
    await engine.clock.advance(700_000)
    expect(late).toBe(2)
    expect([engine.cells, engine.failures]).toEqual([[], []])
  })

  test('what it answers after it was told to stop to stop to stop is not a cell', async () => {
    const engine = createEngine({
      columns: [
        {
          name: 'catches',
          route: 'm',
          requests: 'many',
          task: (row, { request }) =>
            request('m', requestOf(String(row.index))).then(
              () => ({ value: 'answered' }),
              () => ({ value: 'made up' }),
            ),
        },
      ],
      rows: 3,
      groupRows: 3,
      slots: { m: 1 },
      model: { latency: () => 100 },
    })
    engine.clock.after(150, () => engine.scheduler.drain())
    await engine.run()
    expect(engine.cells.map(({ value }) => value)).toEqual(['answered', 'answered'])
    expect(engine.scheduler.snapshot().rows.remaining).toBe(1)
  })

  test('a request of a function that has returned is never sent', async () => {
    let leftover: Promise<unknown> = Promise.resolve()
    const engine = createEngine({
      columns: [
        {
          name: 'leaves',
          route: 'm',
          requests: 'many',
          async task(row, { request }) {
            await request('m', requestOf(`first:${row.index}`))
            leftover = new Promise<void>((resolve) => engine.clock.after(10, resolve))
              .then(() => request('m', requestOf('later')))
              .catch((error: unknown) => error)
            return { value: 'x' }
          },
        },
        { name: 'slow', route: 'm' },
      ],
      rows: 1,
      groupRows: 1,
      slots: { m: 1 },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(await leftover).toBeInstanceOf(CellInterrupted)
    expect(engine.sent).not.toContain('later')
  })
})

describe('a dropped row', () => {
  function dropping(turns: number, watched: Watched): EngineOptions {
    return {
      columns: [
        {
          name: 'fails',
          route: 'f',
          finish: () => {
            throw new CellFailure('x', 'x')
          },
        },
        watchedTalk(turns, watched),
      ],
      rows: 1,
      groupRows: 1,
      slots: { m: 1, f: 1 },
      model: { latency: (text) => (text.startsWith('talk') ? 100 : 10) },
    }
  }

  test('is paid for no longer than the request in flight, whose answer is kept', async () => {
    const watched = fresh()
    const engine = createEngine(dropping(10, watched))
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.sent.filter((text) => text.startsWith('talk'))).toEqual(['talk:0:0'])
    expect(watched).toEqual({ opened: 1, closed: 1, reasons: ['row-dropped'] })
    expect(engine.failures).toMatchObject([{ column: 0 }])
    expect(engine.exchanges).toMatchObject([{ row: 0, column: 1, turn: 0 }])
  })

  test('aborts the signal of its own cells, and of no others', async () => {
    const aborted: number[] = []
    const engine = createEngine({
      columns: [
        {
          name: 'fails',
          route: 'f',
          finish: (_reply, row) => {
            if (row.index === 1) throw new CellFailure('x', 'x')
            return { value: 'fine' }
          },
        },
        {
          name: 'talk',
          route: 'm',
          requests: 'many',
          async task(row, { request, signal }) {
            let settled = false
            signal.addEventListener('abort', () => {
              if (!settled) aborted.push(row.index)
            })
            for (let turn = 0; turn < 3; turn += 1) await request('m', requestOf(`${row.index}`))
            settled = true
            return { value: 'x' }
          },
        },
      ],
      rows: 3,
      groupRows: 3,
      slots: { m: 3, f: 3 },
    })
    await engine.run()
    expect(aborted).toEqual([1])
    expect(engine.cells.filter(({ column }) => column === 1).map(({ row }) => row)).toEqual([0, 2])
  })
})

describe('exchanges', () => {
  const base = { rows: 2, groupRows: 2, slots: { m: 2 } }

  /** What a first session leaves that ends after a while. */
  async function interrupted(column: TestColumn, at: number): Promise<JournaledExchange[]> {
    const engine = createEngine({ ...base, columns: [column] })
    engine.clock.after(at, () => engine.scheduler.abort())
    await engine.run()
    return engine.exchanges
  }

  function goneOn(column: TestColumn, exchanges: JournaledExchange[]) {
    const known = { cells: [], failures: [], exchanges }
    return createEngine({ ...base, columns: [column], known })
  }

  test('are durable before the function continues', async () => {
    const waiting: (() => void)[] = []
    const engine = createEngine({
      ...base,
      columns: [watchedTalk(2, fresh())],
      options: {
        journal: {
          cell: () => undefined,
          exchange: (_exchange, durable) => waiting.push(durable),
          forget: () => undefined,
          failure: () => undefined,
          request: () => undefined,
          pendingBytes: 0,
          onDurable: () => undefined,
        },
      },
    })
    const ended = engine.scheduler.run()
    await engine.clock.advance(10_000)
    expect(engine.sent).toEqual(['talk:0:0', 'talk:1:0'])
    while (waiting.length > 0) {
      for (const durable of waiting.splice(0)) durable()
      await engine.clock.advance(1_000)
    }
    expect(await ended).toEqual({ kind: 'complete' })
  })

  test('are replayed in the next session, and only what is missing is sent', async () => {
    const left = await interrupted(watchedTalk(4, fresh()), 120)
    expect(left.map(({ row, turn }) => `${row}:${turn}`).toSorted()).toEqual([
      '0:0',
      '0:1',
      '1:0',
      '1:1',
    ])
    const engine = goneOn(watchedTalk(4, fresh()), left)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.sent.toSorted()).toEqual(['talk:0:2', 'talk:0:3', 'talk:1:2', 'talk:1:3'])
    expect(engine.cells.map(({ value }) => value)).toEqual(
      [0, 1].map((row) => [0, 1, 2, 3].map((turn) => `talk:${row}:${turn}`).join(' ')),
    )
  })

  test('of a function that asks something else are sent anew from that turn on', async () => {
    const left = await interrupted(watchedTalk(4, fresh()), 170)
    const other: TestColumn = {
      ...watchedTalk(4, fresh()),
      async task(row, { request }) {
        for (let turn = 0; turn < 4; turn += 1) {
          const word = turn === 1 && row.index === 1 ? 'else' : 'talk'
          await request('m', requestOf(`${word}:${row.index}:${turn}`))
        }
        return { value: 'x' }
      },
    }
    const engine = goneOn(other, left)
    engine.exchanges.push(...left)
    await engine.run()
    expect(engine.sent.toSorted()).toEqual(['else:1:1', 'talk:0:3', 'talk:1:2', 'talk:1:3'])
  })

  test('of requests at once are numbered as they were asked, not as they returned', async () => {
    const column: TestColumn = {
      name: 'talk',
      route: 'm',
      requests: 'many',
      async task(row, { request }) {
        const asked = [3, 1, 2].map((word) => request('m', requestOf(`${word}:${row.index}`)))
        const replies = await Promise.all(asked)
        return { value: replies.map(({ content }) => textOf(content)).join(' ') }
      },
    }
    const options: EngineOptions = {
      columns: [column],
      rows: 1,
      groupRows: 1,
      slots: { m: 3 },
      model: { latency: (text) => 100 * Number(text[0]) },
    }
    const engine = createEngine(options)
    engine.clock.after(250, () => engine.scheduler.abort())
    await engine.run()
    expect(engine.exchanges.map(({ turn }) => turn)).toEqual([1, 2])
    const known = { cells: [], failures: [], exchanges: engine.exchanges }
    const next = createEngine({ ...options, known })
    await next.run()
    expect(next.sent).toEqual(['3:0'])
    expect(next.cells[0]?.value).toBe('3:0 1:0 2:0')
  })

  test('of a cell that failed by what its replies said are forgotten; of a request that failed not', async () => {
    const refused = new RequestError('bad-request', 'bad', { kind: 'refused' })
    const judging = (verdict: boolean): TestColumn => ({
      name: 'talk',
      route: 'm',
      requests: 'many',
      async task(row, { request }) {
        for (let turn = 0; turn < 3; turn += 1)
          await request('m', requestOf(`${row.index}:${turn}`))
        if (verdict) throw new CellFailure('useless', 'useless')
        return { value: 'x' }
      },
    })
    const own = createEngine({ ...base, columns: [judging(true)] })
    await own.run()
    expect([own.failures.length, own.exchanges]).toEqual([2, []])
    const model = { fail: (text: string) => (text === '1:2' ? refused : null) }
    const others = createEngine({ ...base, columns: [judging(false)], model })
    await others.run()
    expect(others.failures).toMatchObject([{ row: 1, code: 'bad-request', attempts: 3 }])
    expect(others.exchanges.filter(({ row }) => row === 1).map(({ turn }) => turn)).toEqual([0, 1])
  })

  test('of a cell that failed of its value are forgotten; of one that failed of time not', async () => {
    const column = (work: () => Promise<void>): TestColumn => ({
      name: 'talk',
      route: 'm',
      requests: 'many',
      type: 'int64',
      async task(row, { request }) {
        await request('m', requestOf(`${row.index}:0`))
        await work()
        return { value: 'no number' }
      },
    })
    const wrong = createEngine({ ...base, columns: [column(() => Promise.resolve())] })
    await wrong.run()
    expect(wrong.failures).toMatchObject([{ code: 'wrong-type' }, { code: 'wrong-type' }])
    expect(wrong.exchanges).toEqual([])
    const late = createEngine({
      ...base,
      columns: [column(() => new Promise(() => undefined))],
      options: { localTimeoutMs: 1_000 },
    })
    await late.run()
    expect(late.failures).toMatchObject([{ code: 'timeout' }, { code: 'timeout' }])
    expect(late.exchanges.map(({ row }) => row)).toEqual([0, 1])
  })

  test('are there still when a cell that was interrupted asks something else', async () => {
    const column: TestColumn = {
      name: 'talk',
      route: 'm',
      requests: 'many',
      async task({ index }, { request, step }) {
        const both = [0, 1].map((turn) => request('m', requestOf(`${index}:${turn}`)))
        try {
          await Promise.all(both)
        } catch {
          await step('instead', index, () => Promise.resolve('x')).catch(() => undefined)
          await request('m', requestOf('instead'))
        }
        await step('then', index, () => Promise.resolve('y'))
        await request('m', requestOf(`${index}:2`))
        return { value: 'x' }
      },
    }
    const one = { ...base, rows: 1, columns: [column] }
    const whole = createEngine(one)
    await whole.run()
    const exchanges = whole.exchanges.filter(({ turn }) => turn > 0)
    expect(exchanges.map(({ turn }) => turn)).toEqual([1, 2, 3])
    const next = createEngine({ ...one, known: { cells: [], failures: [], exchanges } })
    next.exchanges.push(...exchanges)
    next.clock.after(10, () => next.scheduler.abort())
    expect(await next.run()).toEqual({ kind: 'interrupted' })
    expect([next.sent, next.exchanges]).toEqual([['0:0'], exchanges])
  })

  test('of steps are kept as replies are: work is done once for the same input', async () => {
    const calls: string[] = []
    const column: TestColumn = {
      name: 'tools',
      route: 'm',
      requests: 'many',
      async task(row, { request, step }) {
        const found = await step('find', { row: row.index }, async () => {
          calls.push(`find ${row.index}`)
          return new Map([['pages', 2 ** 53 + row.index]])
        })
        const { content } = await request('m', requestOf(`${row.index}`))
        return { value: `${textOf(content)} ${found instanceof Map ? found.get('pages') : '?'}` }
      },
    }
    const left = await interrupted(column, 20)
    expect(calls).toEqual(['find 0', 'find 1'])
    const engine = goneOn(column, left)
    await engine.run()
    expect(calls).toHaveLength(2)
    expect(engine.cells.map(({ value }) => value)).toEqual([`0 ${2 ** 53}`, `1 ${2 ** 53 + 1}`])
  })
})

describe('local work', () => {
  const options = { localTimeoutMs: 1_000 }

  test('that takes too long fails its cell, and its answer is no one’s', async () => {
    const signals: AbortSignal[] = []
    const engine = createEngine({
      columns: [
        {
          name: 'slow',
          by: 'cell',
          pure: false,
          async task(row, { signal }) {
            signals.push(signal)
            const delay = row.index === 1 ? 5_000 : 900
            await new Promise<void>((resolve) => engine.clock.after(delay, resolve))
            return { value: 'x' }
          },
        },
      ],
      rows: 3,
      groupRows: 3,
      slots: {},
      options,
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([{ row: 1, code: 'timeout' }])
    expect(engine.failures[0]?.message).toContain('local_timeout')
    expect(engine.cells.map(({ row }) => row)).toEqual([0, 2])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
  })

  test('of a conversation has the time for itself, not for what it waits for', async () => {
    const engine = createEngine({
      columns: [watchedTalk(5, fresh())],
      rows: 4,
      groupRows: 4,
      slots: { m: 1 },
      model: { latency: () => 3_000 },
      options,
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toEqual([])
  })

  test('of a step fails the step, which its function may take', async () => {
    const engine = createEngine({
      columns: [
        {
          name: 'steps',
          by: 'cell',
          pure: false,
          task: async (_row, { step }: TaskContext) => {
            const never = step('never', 1, () => new Promise(() => undefined))
            return { value: await never.catch((error: CellFailure) => error.code) }
          },
        },
      ],
      rows: 1,
      groupRows: 1,
      slots: {},
      options,
    })
    await engine.run()
    expect(engine.cells).toMatchObject([{ value: 'timeout' }])
  })

  test('over a whole column fails its rows', async () => {
    const engine = createEngine({
      columns: [
        { name: 'all', by: 'column', pure: false, frame: () => new Promise(() => undefined) },
      ],
      rows: 2,
      groupRows: 2,
      slots: {},
      options,
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([{ code: 'timeout' }, { code: 'timeout' }])
  })
})

describe('a reply that asks again', () => {
  const correcting = (bound: number): TestColumn => ({
    name: 'form',
    route: 'm',
    prepare: (row) => requestOf(`form:${row.index}`),
    correct(reply, row, correction) {
      const number = correction?.number ?? 0
      const said = textOf(reply.content)
      if (row.index % 2 === 0 || number === 2) return { value: `${said} after ${number}` }
      if (number >= bound) throw new CellFailure('no-form', 'no form')
      const before = correction?.earlier.map(({ reply: { content } }) => textOf(content)) ?? []
      return { again: requestOf(`again ${number + 1}:${row.index} ${before.join(',')}`) }
    },
  })
  const base = { rows: 4, groupRows: 4, slots: { m: 2 } }

  test('is a conversation from then on; one that does not costs nothing more', async () => {
    const engine = createEngine({ ...base, columns: [correcting(5)] })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.cells.toSorted((a, b) => a.row - b.row).map(({ value }) => value)).toEqual([
      'form:0 after 0',
      'again 2:1 form:1 after 2',
      'form:2 after 0',
      'again 2:3 form:3 after 2',
    ])
    expect(engine.exchanges.map(({ row, turn }) => `${row}:${turn}`).toSorted()).toEqual([
      '1:0',
      '1:1',
      '1:2',
      '3:0',
      '3:1',
      '3:2',
    ])
    expect(engine.requests).toHaveLength(8)
  })

  test('is replayed in the next session', async () => {
    const first = createEngine({ ...base, columns: [correcting(5)] })
    first.clock.after(120, () => first.scheduler.drain())
    await first.run()
    const { cells, exchanges } = first
    expect(exchanges.length).toBeGreaterThan(0)
    const next = createEngine({
      ...base,
      columns: [correcting(5)],
      known: { cells, failures: [], exchanges },
    })
    expect(await next.run()).toEqual({ kind: 'complete' })
    const sent = [...first.sent, ...next.sent]
    expect(sent).toHaveLength(new Set(sent).size)
    expect(cells.length + next.cells.length).toBe(4)
  })

  test('is not asked further while a run is settled; one that is complete in the ledger is made', async () => {
    const first = createEngine({ ...base, columns: [correcting(5)] })
    await first.run()
    const exchanges = first.exchanges.filter(({ row, turn }) => row === 1 || turn < 1)
    const known = { cells: [], failures: [], exchanges }
    const settled = createEngine({
      ...base,
      columns: [correcting(5)],
      known,
      options: { settleOnly: true },
    })
    expect(await settled.run()).toMatchObject({ kind: 'stopped' })
    expect(settled.sent).toEqual([])
    expect(settled.cells.map(({ row }) => row)).toEqual([1])
    expect(settled.failures).toEqual([])
  })

  test('that fails while a run is settled fails no cell: its row is left to a session that can ask', async () => {
    const first = createEngine({ ...base, columns: [correcting(5)] })
    await first.run()
    const known = { cells: [], failures: [], exchanges: first.exchanges }
    const settled = createEngine({
      ...base,
      columns: [correcting(1)],
      known,
      options: { settleOnly: true },
    })
    settled.exchanges.push(...first.exchanges)
    expect(await settled.run()).toMatchObject({ kind: 'stopped' })
    expect([settled.cells, settled.failures]).toEqual([[], []])
    expect(settled.exchanges).toEqual(first.exchanges)
  })

  test('fails by the kind’s own bound, with all it cost', async () => {
    const engine = createEngine({ ...base, columns: [correcting(1)] })
    await engine.run()
    expect(engine.failures.toSorted((a, b) => a.row - b.row)).toMatchObject([
      { row: 1, code: 'no-form', usage: { inputTokens: 2 } },
      { row: 3, code: 'no-form', usage: { inputTokens: 2 } },
    ])
  })

  test('of a dropped row is asked no further', async () => {
    const bad: TestColumn = {
      name: 'bad',
      route: 'f',
      finish: () => {
        throw new CellFailure('x', 'x')
      },
    }
    const engine = createEngine({
      columns: [correcting(5), bad],
      rows: 2,
      groupRows: 2,
      slots: { m: 2, f: 2 },
      model: { latency: (text) => (text.startsWith('bad') ? 60 : 50) },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.sent.filter((text) => text.startsWith('again'))).toHaveLength(1)
  })
})

describe('requests that rows share', () => {
  const embedding = (most: number, finish?: (index: number) => string | Error): TestColumn => ({
    name: 'vector',
    route: 'm',
    requests: 'shared',
    shared: {
      most,
      prepare: (rows) => requestOf(rows.map(({ index }) => index).join(' ')),
      finish: (_reply, rows) =>
        rows.map(({ index }) => {
          const made = finish?.(index) ?? `vector ${index}`
          return made instanceof Error ? made : { value: made }
        }),
    },
  })

  test('have up to so many of the cells that wait when they leave', async () => {
    const engine = createEngine({
      columns: [embedding(4)],
      rows: 10,
      groupRows: 10,
      slots: { m: 1 },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.sent).toEqual(['0 1 2 3', '4 5 6 7', '8 9'])
    expect(engine.cells.map(({ row, value }) => [row, value])).toEqual(
      Array.from({ length: 10 }, (_, row) => [row, `vector ${row}`]),
    )
    expect(engine.requests.map(({ usage }) => usage.inputTokens)).toEqual([1, 1, 1])
  })

  test('that are forbidden are halved, too, where the model answered before', async () => {
    const forbidden = new RequestError('forbidden', 'flagged', { kind: 'suspect' })
    const engine = createEngine({
      columns: [embedding(4)],
      rows: 12,
      groupRows: 12,
      slots: { m: 1 },
      model: { fail: (text) => (text.split(' ').includes('5') ? forbidden : null) },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([{ row: 5, code: 'forbidden' }])
    expect(engine.cells).toHaveLength(11)
  })

  test('that are refused are halved, so that one row fails alone', async () => {
    const refused = new RequestError('context-length', 'too long', { kind: 'refused' })
    const engine = createEngine({
      columns: [embedding(8)],
      rows: 8,
      groupRows: 8,
      slots: { m: 2 },
      model: { fail: (text) => (text.split(' ').includes('5') ? refused : null) },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.failures).toMatchObject([{ row: 5, code: 'context-length' }])
    expect(engine.cells).toHaveLength(7)
    expect(engine.sent).toHaveLength(7)
  })

  test('are tried again without the rows that were dropped meanwhile', async () => {
    const late = new RequestError('timeout', 'late', { kind: 'transient' })
    const engine = createEngine({
      columns: [
        embedding(4),
        {
          name: 'bad',
          route: 'f',
          finish: (_reply, { index }) => {
            if (index === 2) throw new CellFailure('x', 'x')
            return { value: 'x' }
          },
        },
      ],
      rows: 4,
      groupRows: 4,
      slots: { m: 1, f: 4 },
      model: {
        latency: (text) => (text.startsWith('bad') ? 10 : 50),
        fail: (text, attempt) => (text === '0 1 2 3' && attempt === 1 ? late : null),
      },
    })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(engine.sent.filter((text) => !text.startsWith('bad'))).toEqual(['0 1 2 3', '0 1 3'])
    expect(engine.failures).toMatchObject([{ row: 2, column: 1 }])
  })

  test('fail row by row; an answer that is not a list fails them all, once with what it cost', async () => {
    const alone = createEngine({
      columns: [embedding(4, (row) => (row === 1 ? new CellFailure('odd', 'odd') : `v${row}`))],
      rows: 3,
      groupRows: 3,
      slots: { m: 1 },
    })
    await alone.run()
    expect(alone.failures).toMatchObject([{ row: 1, code: 'odd' }])
    expect(alone.cells).toHaveLength(2)
    const noList = { most: 4, prepare: () => requestOf('all'), finish: () => 'no list' as never }
    const wrong = createEngine({
      columns: [{ ...embedding(4), shared: noList }],
      rows: 2,
      groupRows: 2,
      slots: { m: 1 },
    })
    await wrong.run()
    expect(wrong.failures.map(({ usage }) => usage?.inputTokens)).toEqual([1, undefined])
  })

  test('wait through a drain as others do', async () => {
    const engine = createEngine({
      columns: [embedding(2)],
      rows: 10,
      groupRows: 10,
      slots: { m: 1 },
    })
    engine.clock.after(70, () => engine.scheduler.drain())
    expect(await engine.run()).toEqual({ kind: 'interrupted' })
    expect(engine.cells).toHaveLength(4)
    expect(engine.scheduler.snapshot().rows.remaining).toBe(6)
  })
})
