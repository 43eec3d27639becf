import { expect, test } from 'vitest'
import { createPartTracker } from './parts.ts'

function tracker(remaining: Record<number, number>) {
  const handedOn: { part: number; rows: number[] }[] = []
  const parts = createPartTracker({
    remainingIn: (part) => remaining[part] ?? 0,
    completePart(part, rows) {
      handedOn.push({ part, rows: [...rows] })
      return Promise.resolve()
    },
    signal: new AbortController().signal,
    tally: { bytes: 0 },
    lost: () => undefined,
    committed: () => undefined,
    stopped: () => undefined,
    failed: (error) => {
      throw error
    },
  })
  return { parts, handedOn }
}

test('a part is handed on with its last planned row, its rows ascending', () => {
  const { parts, handedOn } = tracker({ 4: 3 })
  for (const row of [42, 40, 41]) {
    expect(handedOn).toEqual([])
    parts.decided(4, row, null)
  }
  expect(handedOn).toEqual([{ part: 4, rows: [40, 41, 42] }])
  expect([parts.writing, parts.writingRows]).toEqual([1, 3])
})

test('a row of a part that the plan does not hold is refused', () => {
  const { parts } = tracker({ 4: 1 })
  expect(() => parts.decided(5, 50, null)).toThrow(
    expect.objectContaining({
      code: 'group-unknown',
      message:
        'expected a row of a part with rows that remain, got row 50 of part 5, in which none does',
    }),
  )
})
