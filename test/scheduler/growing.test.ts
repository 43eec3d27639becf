import { expect, test } from 'vitest'
import type { Group } from '../../src/plan/group.ts'
import { createPartQueue } from '../../src/plan/part-queue.ts'
import { createPlan } from '../../src/plan/plan.ts'
import { RowSet } from '../../src/plan/row-set.ts'
import { createEngine, type TestColumn } from '../support/engine.ts'

// A run whose parts arrive while it works, as a coordinator of several machines would hand them out.

const sizes = { groupRows: 10, frameRows: 10, partRows: 20 }

function growing(columns: readonly TestColumn[], rows = 60) {
  const plan = createPlan({ target: rows, decided: RowSet.empty, ...sizes })
  const wholeFrames = columns.some(({ by }) => by === 'column')
  const source = createPartQueue(plan, { wholeFrames })
  const engine = createEngine({ columns, rows, ...sizes, slots: { m: 4 }, options: { source } })
  return { source, engine }
}

const answer: TestColumn = { name: 'answer', route: 'm' }

test('rows of parts that arrive are made, and the run ends when no part is to come', async () => {
  const { source, engine } = growing([answer])
  engine.clock.after(1_000, () => source.add(2))
  engine.clock.after(600_000, () => source.add(0))
  engine.clock.after(700_000, () => source.end())
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(engine.parts.map(({ part, rows }) => [part, rows.length])).toEqual([
    [2, 20],
    [0, 20],
  ])
  expect(engine.cells.length).toBe(40)
  expect(engine.scheduler.snapshot().rows).toMatchObject({ decided: 40, remaining: 0 })
  // The route was used as soon as there was work, not at some tick.
  expect(engine.load.find(({ at }) => at >= 1_000)?.at).toBe(1_000)
  expect(engine.load.find(({ at }) => at >= 600_000)?.at).toBe(600_000)
})

test('a run that waits for parts ends at once when it is drained', async () => {
  const { source, engine } = growing([answer])
  source.add(1)
  engine.clock.after(5_000_000, () => engine.scheduler.drain())
  expect(await engine.run()).toEqual({ kind: 'interrupted' })
  expect(engine.clock.now()).toBe(5_000_000)
  expect(engine.parts.map(({ part }) => part)).toEqual([1])
})

test('whole-column work continues though a frame is known to be whole only by the next one', async () => {
  const group = (frame: number): Group => {
    return { part: frame, frame, start: 10 * frame, end: 10 * frame + 10, size: 10, pieces: null }
  }
  const groups = [group(0)]
  let isLast = false
  let told = (): void => undefined
  const engine = createEngine({
    columns: [{ name: 'rank', by: 'column', pure: false }],
    rows: 20,
    groupRows: 10,
    frameRows: 10,
    partRows: 10,
    slots: {},
    options: {
      source: {
        peek: () => groups[0] ?? null,
        take: () => groups.shift() as Group,
        get exhausted() {
          return isLast && groups.length === 0
        },
        rows: 20,
        // Of the frame that it gives now more may follow.
        moreOf: (frame) => (isLast ? groups[0]?.frame === frame : frame === 0),
        onMore: (callback) => void (told = callback),
      },
    },
  })
  engine.clock.after(1_000, () => {
    groups.push(group(1))
    isLast = true
    told()
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(engine.parts.map(({ rows }) => rows.length)).toEqual([10, 10])
})

test('whole-column work of a part does not wait for the next part', async () => {
  const ranked: TestColumn = {
    name: 'rank',
    by: 'column',
    pure: false,
    after: ['answer'],
    frame: (rows) => Promise.resolve(rows.map(({ index }) => ({ value: `rank ${index}` }))),
  }
  const { source, engine } = growing([answer, ranked])
  source.add(0)
  // A coordinator that gives the next part when one was written.
  const written: number[] = []
  engine.clock.after(60_000, () => {
    written.push(...engine.parts.map(({ part }) => part))
    source.add(1)
    source.end()
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(written).toEqual([0])
  expect(engine.parts.map(({ part }) => part)).toEqual([0, 1])
})
