import { expect, test } from 'vitest'
import { RequestError } from '../../src/graph/request-error.ts'
import type { Snapshot } from '../../src/scheduler/scheduler-event.ts'
import { createEngine, type TestColumn } from '../support/engine.ts'

const chain: TestColumn[] = [
  { name: 'a', route: 'm' },
  { name: 'b', after: ['a'], route: 'm' },
]

test('the age of the oldest request in flight, whichever returned before', async () => {
  const engine = createEngine({
    columns: chain,
    rows: 4,
    groupRows: 4,
    slots: { m: 2 },
    // The first one of all takes long.
    model: { latency: (text) => (text.includes('0') ? 900 : 100) },
  })
  const running = engine.run()
  const ages: number[] = []
  for (const at of [50, 250, 850]) {
    engine.clock.after(at, () => ages.push(engine.scheduler.snapshot().routes[0]?.oldestMs ?? -1))
  }
  await running
  expect(ages).toEqual([50, 250, 850])
  expect(engine.scheduler.snapshot().routes[0]).toMatchObject({ inFlight: 0, oldestMs: 0 })
})

test('what failed last and when it is tried again', async () => {
  const error = new RequestError('timeout', 'no reply', { kind: 'transient' })
  const engine = createEngine({
    columns: chain,
    rows: 2,
    groupRows: 2,
    slots: { m: 2 },
    model: { fail: (_text, attempt) => (attempt === 1 ? error : null) },
  })
  const running = engine.run()
  let seen: Snapshot['backOff'] = null
  engine.clock.after(60, () => {
    seen = engine.scheduler.snapshot().backOff
  })
  await running
  expect(seen).toMatchObject({ route: 'm', code: 'timeout', message: 'no reply' })
  // Half to all of a second, 10 ms of which have passed.
  expect(seen).toSatisfy(
    (backOff: { nextMs: number }) => backOff.nextMs >= 490 && backOff.nextMs <= 990,
  )
  expect(engine.scheduler.snapshot().backOff).toBeNull()
})

test('cells that the ledger had are distinguished from those that were made', async () => {
  const cell = (column: number, row: number) => ({ row, column, value: 'x' })
  const engine = createEngine({
    columns: chain,
    rows: 4,
    groupRows: 4,
    slots: { m: 2 },
    known: { cells: [cell(0, 0), cell(0, 1), cell(1, 0)], failures: [] },
  })
  await engine.run()
  expect(engine.scheduler.snapshot().columns).toMatchObject([
    { name: 'a', routes: ['m'], known: 2, made: 2 },
    { name: 'b', routes: ['m'], known: 1, made: 3 },
  ])
})
