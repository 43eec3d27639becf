import { expect, test } from 'vitest'
import { planSource } from './group-source.ts'
import { createPlan } from './plan.ts'
import { RowSet } from './row-set.ts'

function source(target: number, decided: RowSet = RowSet.empty) {
  const plan = createPlan({ target, decided, groupRows: 4, frameRows: 4, partRows: 8 })
  return planSource(plan)
}

test('groups are shown before they are taken, each once', () => {
  const groups = source(10)
  expect(groups.peek()).toBe(groups.peek())
  const taken: number[] = []
  while (!groups.exhausted) {
    const shown = groups.peek()
    expect(groups.take()).toBe(shown)
    taken.push(shown?.start ?? Number.NaN)
  }
  expect(taken).toEqual([0, 4, 8])
  expect(groups.peek()).toBeNull()
  expect(() => groups.take()).toThrow(RangeError)
})

test('a plan without rows is exhausted from the start', () => {
  expect(source(0).exhausted).toBe(true)
  expect(source(4, RowSet.fromIntervals([{ start: 0, end: 4 }])).exhausted).toBe(true)
})
