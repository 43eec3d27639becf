import { array, assert, boolean, integer, nat, property, record, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { type Candidates, createCandidates } from './candidates.ts'
import { rowAt } from './group.ts'
import { createPlan } from './plan.ts'
import { RowSet } from './row-set.ts'

const sizes = { groupRows: 8, frameRows: 16, partRows: 32 }

interface Case {
  accepted: readonly boolean[]
  wanted: number
  slots: number
  /** Which of the rows that are being made is decided next, in turn. */
  picks: readonly number[]
  /** Rows that an earlier session decided. */
  before: readonly number[]
}

/** Makes rows as an engine does: some at once, ended in any order, left where they are not needed. */
function search({ accepted, wanted, slots, picks, before }: Case): {
  candidates: Candidates
  made: number[]
  atOnce: number
} {
  const decided = RowSet.fromRows(before)
  const kept = RowSet.fromRows(before.filter((row) => accepted[row]))
  const frontier = decided.startOf(0) === 0 ? decided.endOf(0) : 0
  const candidates = createCandidates({
    plan: createPlan({ target: accepted.length, decided, ...sizes }),
    wanted,
    kept: {
      frontier,
      below: kept.intersect(0, frontier).count,
      beyond: kept.intersect(frontier, accepted.length),
    },
  })
  let waiting: number[] = []
  let begun: number[] = []
  const made: number[] = []
  let atOnce = 0
  for (let turn = 0; ; turn += 1) {
    while (waiting.length < slots) {
      if (candidates.peek() === null) break
      const group = candidates.take()
      for (let offset = 0; offset < group.size; offset += 1) waiting.push(rowAt(group, offset))
    }
    while (begun.length < slots && waiting.length > 0) begun.push(waiting.shift() as number)
    atOnce = Math.max(atOnce, begun.length)
    if (begun.length === 0) break
    const [row] = begun.splice((picks[turn % picks.length] ?? 0) % begun.length, 1) as [number]
    made.push(row)
    if (!candidates.decided(row, accepted[row] ?? false)) continue
    const { bound } = candidates
    const needed = (one: number): boolean => {
      if (one < bound) return true
      candidates.left()
      return false
    }
    waiting = waiting.filter(needed)
    begun = begun.filter(needed)
  }
  return { candidates, made, atOnce }
}

const cases = record({
  accepted: array(boolean(), { minLength: 1, maxLength: 200 }),
  wanted: integer({ min: 1, max: 60 }),
  slots: integer({ min: 1, max: 20 }),
  picks: array(nat({ max: 19 }), { minLength: 1, maxLength: 20 }),
  before: uniqueArray(nat({ max: 40 }), { maxLength: 20 }),
})

test('the bound is behind the last row that is wanted, however rows end and whatever was there', () => {
  assert(
    property(cases, (given) => {
      const before = given.before.filter((row) => row < given.accepted.length)
      const { candidates, made, atOnce } = search({ ...given, before })
      const rows = given.accepted.flatMap((kept, row) => (kept ? [row] : []))
      const last = rows[given.wanted - 1]
      const all = new Set([...before, ...made])
      expect(made.length, 'each row once').toBe(new Set(made).size)
      expect(made.some((row) => before.includes(row))).toBe(false)
      expect(candidates.exhausted).toBe(true)
      expect(candidates.bound).toBe(last === undefined ? Infinity : last + 1)
      const end = last ?? given.accepted.length - 1
      for (let row = 0; row <= end; row += 1) expect(all.has(row), `row ${row}`).toBe(true)
      const beyond = made.filter((row) => row > end).length
      const wasThere = before.filter((row) => row > end).length
      expect(beyond, 'rows that are not needed').toBeLessThanOrEqual(atOnce + wasThere + 60)
      expect(candidates.rows, 'each row that was given is made or left').toBe(made.length)
    }),
    { numRuns: 300 },
  )
})

test('where all rows are accepted none is made too many; a frame is always made whole', () => {
  const accepted = Array<boolean>(500).fill(true)
  const { made } = search({ accepted, wanted: 100, slots: 20, picks: [0, 7], before: [] })
  expect(made.length).toBe(100)

  const plan = createPlan({ target: 500, decided: RowSet.empty, ...sizes })
  const none = { frontier: 0, below: 0, beyond: RowSet.empty }
  const sure = createCandidates({ plan, wanted: 3, kept: none, exact: true })
  expect(sure.take().size).toBe(3)
  for (let row = 0; row < 3; row += 1) sure.decided(row, row === 1)
  expect(sure.take().size).toBe(2)

  const kept = { frontier: 0, below: 0, beyond: RowSet.empty }
  const framed = createCandidates({ plan, wanted: 20, kept, wholeFrames: true })
  const groups = []
  while (framed.peek() !== null) groups.push(framed.take())
  expect(groups.map(({ start, size, frame }) => [start, size, frame])).toEqual([
    [0, 8, 0],
    [8, 8, 0],
    [16, 8, 1],
    [24, 8, 1],
  ])
  for (let row = 0; row < 20; row += 1) framed.decided(row, true)
  expect(framed.bound).toBe(32)
  expect(framed.exhausted).toBe(true)
})

test('rows that an edit made undecided again are all that is made, where they are enough', () => {
  // 37 of 100, of which the first 60 are wanted: rejected rows stay decided.
  const accepted = Array.from({ length: 600 }, (_, row) => (row * 7919 + 13) % 100 < 37)
  const rows = accepted.flatMap((kept, row) => (kept ? [row] : [])).slice(0, 60)
  const end = (rows.at(-1) ?? 0) + 1
  const before = Array.from({ length: end }, (_, row) => row).filter((row) => !accepted[row])
  const made = (picks: number[]): number[] =>
    search({ accepted, wanted: 60, slots: 8, picks, before }).made
  for (const picks of [[0], [7], [3, 0, 6]]) {
    expect(made(picks).toSorted((one, other) => one - other)).toEqual(rows)
  }
})
