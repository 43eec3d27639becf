import { describe, expect, test } from 'vitest'
import { busyShare, createEngine, type Engine } from '../support/engine.ts'

function reasons(engine: Engine): string[] {
  return engine.events.flatMap((event) => (event.type === 'row-group-opened' ? [event.reason] : []))
}

/** The most open groups and rows seen, looked at every 10 ms of virtual time. */
function watch(engine: Engine): { groups: number; rows: number } {
  const most = { groups: 0, rows: 0 }
  const look = (): void => {
    const { openGroups, rows } = engine.scheduler.snapshot()
    most.groups = Math.max(most.groups, openGroups)
    most.rows = Math.max(most.rows, rows.open)
    if (rows.remaining > 0) engine.clock.after(10, look)
  }
  look()
  return most
}

describe('clauses', () => {
  test('(a) and (b): the first because none is open, the next because a slot is idle', async () => {
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 40,
      groupRows: 4,
      slots: { m: 8 },
    })
    await engine.run()
    expect(reasons(engine).slice(0, 3)).toEqual(['none-open', 'idle-route', 'idle-route'])
    // 8 slots hold two groups of 4; a third is opened once a slot is free, not before.
    const opened = engine.events.filter(({ type }) => type === 'row-group-opened')
    expect(opened).toHaveLength(10)
    expect(Math.max(...engine.load.map(({ inFlight }) => inFlight))).toBe(8)
  })

  test('(b) one group at a time while it keeps every slot busy', async () => {
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 400,
      groupRows: 100,
      slots: { m: 8 },
    })
    const most = watch(engine)
    await engine.run()
    expect(most.groups).toBe(2)
    expect(busyShare(engine.load, 'm', 8, 100, 2_400)).toBe(1)
  })

  test('(b) what a finished cell makes ready comes before new groups', async () => {
    const engine = createEngine({
      columns: [
        { name: 'top', route: 'm' },
        { name: 'left', after: ['top'], route: 'm' },
        { name: 'right', after: ['top'], route: 'm' },
      ],
      rows: 4,
      groupRows: 1,
      slots: { m: 1 },
    })
    await engine.run()
    expect(engine.sent.slice(0, 3)).toEqual(['top:0', 'left:0', 'right:0'])
  })

  test('(c) without paid cells groups follow the writer, and rows wait for commits', async () => {
    const engine = createEngine({
      columns: [{ name: 'a' }],
      rows: 1_000,
      groupRows: 10,
      partRows: 100,
      slots: {},
      options: {
        completePart: () => new Promise((resolve) => engine.clock.after(1_000, resolve)),
      },
    })
    const running = engine.run()
    engine.clock.after(500, () => {
      expect(engine.scheduler.snapshot()).toMatchObject({
        partsWriting: 2,
        rows: { decided: 200, open: 0 },
      })
    })
    expect(await running).toEqual({ kind: 'complete' })
    expect(new Set(reasons(engine))).toEqual(new Set(['none-open', 'writer-free']))
  })
})

describe('budgets', () => {
  test('rows in flight stay within theirs, though slots are idle', async () => {
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 200,
      groupRows: 5,
      slots: { m: 64 },
      options: { budget: { maxRows: 20, maxBytes: 1e9, maxWriting: 2, lineFactor: 4 } },
    })
    const most = watch(engine)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    expect(most.rows).toBe(20)
  })

  test('rows handed to the writer count until their part commits', async () => {
    const commits: (() => void)[] = []
    const engine = createEngine({
      columns: [{ name: 'a', route: 'm' }],
      rows: 60,
      groupRows: 10,
      partRows: 10,
      slots: { m: 64 },
      options: {
        budget: { maxRows: 20, maxBytes: 1e9, maxWriting: 2, lineFactor: 4 },
        completePart: () => new Promise((resolve) => commits.push(resolve)),
      },
    })
    const running = engine.scheduler.run()
    await engine.clock.advance(10_000)
    expect(engine.sent).toHaveLength(20)
    commits.shift()?.()
    await engine.clock.advance(10_000)
    expect(engine.sent).toHaveLength(30)
    while (engine.sent.length < 60 || commits.length > 0) {
      commits.shift()?.()
      await engine.clock.advance(100)
    }
    expect(await running).toEqual({ kind: 'complete' })
  })

  test('bytes in flight stay within theirs', async () => {
    const engine = createEngine({
      columns: [
        { name: 'big', value: () => 'x'.repeat(1_000) },
        { name: 'a', after: ['big'], route: 'm' },
      ],
      rows: 100,
      groupRows: 1,
      slots: { m: 64 },
      options: { budget: { maxRows: 1e6, maxBytes: 20_000, maxWriting: 2, lineFactor: 4 } },
    })
    const most = watch(engine)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    // A little over 2,000 bytes a row: nine fit, the tenth passes the mark.
    expect(most.groups).toBe(10)
  })
})

describe('endpoints next to each other', () => {
  test('a slow endpoint does not pile up open groups in addition to a fast one', async () => {
    const engine = createEngine({
      columns: [
        { name: 'fast', route: 'fast' },
        { name: 'slow', after: ['fast'], route: 'slow' },
      ],
      rows: 1_000,
      groupRows: 10,
      slots: { fast: 64, slow: 4 },
      model: { latency: (text) => (text.startsWith('slow') ? 400 : 10) },
    })
    const most = watch(engine)
    expect(await engine.run()).toEqual({ kind: 'complete' })
    const end = engine.load.at(-1)?.at as number
    expect(busyShare(engine.load, 'slow', 4, end * 0.1, end * 0.9)).toBeGreaterThan(0.99)
    // At most 4 × 4 wait for the slow one, plus what was on the fast wire when the line grew long.
    expect(most.rows).toBeLessThanOrEqual(4 + 16 + 64 + 10)
  })

  test.each([1, 2, 7, 1_000])('buffer_size %i never idles an endpoint', async (groupRows) => {
    const engine = createEngine({
      columns: [
        { name: 'a', route: 'm' },
        { name: 'b', after: ['a'], route: 'n' },
      ],
      rows: 1_000,
      groupRows,
      slots: { m: 16, n: 16 },
    })
    await engine.run()
    const end = engine.load.at(-1)?.at as number
    for (const route of ['m', 'n']) {
      const share = busyShare(engine.load, route, 16, end * 0.2, end * 0.8)
      expect(share, `${route} at ${groupRows}`).toBeGreaterThan(0.95)
    }
  })
})
