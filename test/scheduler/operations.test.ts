import { describe, expect, test } from 'vitest'
import { RequestError } from '../../src/graph/request-error.ts'
import { createEngine, type EngineOptions, type TestColumn } from '../support/engine.ts'
import { countOperations } from '../support/operations.ts'

// Four times the rows may cost four times the operations, and a little for rounding; a quadratic
// path costs sixteen times.
const fewRows = 1_000
const fewRowsOf: Record<string, number> = { 'a whole-column dependency over all rows': 2_000 }

const refused = new RequestError('bad-request', 'bad request', { kind: 'refused' })

type Case = (rows: number) => Omit<EngineOptions, 'rows'>

const fanOut: TestColumn[] = Array.from({ length: 8 }, (_, at) => ({
  name: `c${at}`,
  route: `m${at}`,
}))

const cases: Record<string, Case> = {
  'a chain over one group of all rows': (rows) => ({
    columns: [
      { name: 'a', route: 'm' },
      { name: 'b', after: ['a'] },
      { name: 'c', after: ['b'], route: 'm' },
    ],
    groupRows: rows,
    slots: { m: 64 },
  }),
  'a whole-column dependency over all rows': (rows) => ({
    columns: [
      { name: 'a', route: 'm' },
      { name: 'all', after: ['a'], by: 'column', pure: false },
      { name: 'b', after: ['all'], route: 'm' },
    ],
    groupRows: rows,
    frameRows: rows,
    slots: { m: 64 },
  }),
  'a whole-column dependency over groups of one row': (rows) => ({
    columns: [
      { name: 'a', route: 'm' },
      { name: 'all', after: ['a'], by: 'column', pure: false },
    ],
    groupRows: 1,
    frameRows: rows,
    slots: { m: 64 },
  }),
  'every row of a group dropped, with work of it in line': (rows) => ({
    columns: [
      { name: 'bad', route: 'm' },
      { name: 'waiting', route: 'slow' },
      { name: 'all', after: ['waiting'], by: 'column', pure: false },
    ],
    groupRows: rows,
    slots: { m: 64, slow: 1 },
    model: { fail: (text) => (text.startsWith('bad') ? refused : null) },
  }),
  'eight routes': () => ({
    columns: fanOut,
    groupRows: 100,
    slots: Object.fromEntries(fanOut.map(({ route }, at) => [route as string, 8 + at])),
  }),
  'many open groups: buffer_size 1 with 512 slots': () => ({
    columns: [
      { name: 'a', route: 'm' },
      { name: 'b', after: ['a'], route: 'm' },
    ],
    groupRows: 1,
    slots: { m: 512 },
  }),
  'half of the rows known from before': (rows) => ({
    columns: [
      { name: 'a', route: 'm', onFailure: 'null' },
      { name: 'b', after: ['a'], route: 'm' },
    ],
    groupRows: 10,
    slots: { m: 64 },
    known: {
      cells: Array.from({ length: rows / 2 }, (_, at) => ({
        row: 2 * at,
        column: 1,
        value: 'known',
      })),
      failures: Array.from({ length: rows / 2 }, (_, at) => ({
        row: 2 * at,
        column: 0,
        code: 'bad-request',
        message: 'bad request',
        attempts: 1,
        outcome: 'null' as const,
      })),
    },
  }),
  'no paid column at all': () => ({ columns: [{ name: 'a' }], groupRows: 1, slots: {} }),
}

describe.each(Object.keys(cases))('%s', (name) => {
  test('costs as many operations per row at four times the rows', async () => {
    const perRow: number[] = []
    const small = fewRowsOf[name] ?? fewRows
    for (const rows of [small, 4 * small]) {
      const engine = createEngine({ ...(cases[name] as Case)(rows), rows })
      const operations = await countOperations(() => engine.run())
      expect(engine.scheduler.snapshot().rows).toMatchObject({ decided: rows, open: 0 })
      perRow.push(operations / rows)
    }
    const [few, many] = perRow as [number, number]
    expect(few).toBeGreaterThan(5)
    expect(many / few, `${Math.round(few)} and ${Math.round(many)} per row`).toBeLessThan(1.1)
  })
})

test('a cell costs the same in addition to 64 and in addition to 512 open groups', async () => {
  const perRow: number[] = []
  for (const slots of [64, 512]) {
    const engine = createEngine({
      columns: [
        { name: 'a', route: 'm' },
        { name: 'b', after: ['a'], route: 'm' },
      ],
      rows: 2_000,
      groupRows: 1,
      slots: { m: slots },
    })
    let mostOpen = 0
    engine.clock.after(60, () => (mostOpen = engine.scheduler.snapshot().openGroups))
    perRow.push((await countOperations(() => engine.run())) / 2_000)
    expect(mostOpen).toBe(slots)
  }
  const [few, many] = perRow as [number, number]
  expect(many / few, `${Math.round(few)} and ${Math.round(many)} per row`).toBeLessThan(1.1)
})
