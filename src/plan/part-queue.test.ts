import { expect, test } from 'vitest'
import { createPartQueue } from './part-queue.ts'
import { createPlan } from './plan.ts'
import { RowSet } from './row-set.ts'

function queue() {
  const plan = createPlan({
    target: 20,
    decided: RowSet.fromIntervals([
      { start: 1, end: 3 },
      { start: 8, end: 16 },
    ]),
    groupRows: 4,
    frameRows: 4,
    partRows: 8,
  })
  return createPartQueue(plan)
}

test('groups come in the order in which their parts were added', () => {
  const parts = queue()
  let told = 0
  parts.onMore(() => (told += 1))
  expect([parts.peek(), parts.exhausted, parts.rows]).toEqual([null, false, 0])
  parts.add(2)
  expect(parts.take()).toMatchObject({ part: 2, start: 16, size: 4 })
  expect([parts.peek(), parts.exhausted, parts.rows]).toEqual([null, false, 4])
  parts.add(0)
  parts.end()
  expect(parts.take()).toMatchObject({ part: 0, start: 0, size: 4 })
  expect(parts.exhausted).toBe(false)
  expect(parts.take()).toMatchObject({ part: 0, start: 6, size: 2 })
  expect([parts.peek(), parts.exhausted, parts.rows, told]).toEqual([null, true, 10, 3])
  expect(() => parts.take()).toThrow(RangeError)
})

test.each([
  [1, 'expected a part with rows that remain below row 20, and none does'],
  [3, 'expected a part with rows that remain below row 20, and none does'],
  [-1, 'expected a part with rows that remain below row 20, and none does'],
  [0.5, 'expected a part with rows that remain below row 20, and none does'],
  [0, 'it was added before'],
  [2, 'the queue has ended'],
])('part %d is refused', (part, why) => {
  const parts = queue()
  parts.add(0)
  parts.end()
  expect(() => parts.add(part)).toThrow(
    expect.objectContaining({
      code: 'group-unknown',
      message: `part ${part} can't be added to the run: ${why}`,
    }),
  )
})
