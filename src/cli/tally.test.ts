import { expect, test } from 'vitest'
import { createTally } from './tally.ts'

test('the first failure of a kind is reported, the others are not', () => {
  const tally = createTally()
  const told = Array.from({ length: 1_000 }, (_, row) =>
    tally.note({
      type: 'cell-failed',
      column: row % 2 === 0 ? 'story' : 'title',
      row,
      code: 'timeout',
      message: 'no reply\u001B[2J',
      kept: row % 2 === 1,
      stops: false,
    }),
  ).filter((text) => text !== null)
  expect(told).toEqual([
    'Row 0: column story failed and drops its row: timeout: no reply␛[2J',
    'Row 1: column title failed and is null: timeout: no reply␛[2J',
  ])
})

test('however many kinds there are', () => {
  const tally = createTally()
  const told = Array.from({ length: 100 }, (_, row) =>
    tally.note({
      type: 'cell-failed',
      column: `c${row}`,
      row,
      code: 'x',
      message: 'm',
      kept: false,
      stops: false,
    }),
  ).filter((text) => text !== null)
  expect(told).toHaveLength(8)
})

test('skip conditions that fail are counted for the end', () => {
  const tally = createTally()
  const told = [4, 5, 6].map((row) =>
    tally.note({ type: 'condition-failed', column: 'story', row, message: 'stars is undefined' }),
  )
  expect(told).toEqual([
    'Row 4: the skip condition of column story failed, its cell is skipped: stars is undefined',
    null,
    null,
  ])
  expect(tally.summary()).toEqual([
    'The skip condition of column story failed in 3 rows, whose cells were skipped; row 4: stars is undefined',
  ])
})

test('answers that repeat a key are reported once, and counted for the end', () => {
  const tally = createTally()
  const told = [4, 5].map((row) =>
    tally.note({ type: 'secret-removed', column: 'story', row, route: 'writer' }),
  )
  expect(told).toEqual([
    "Row 4: an answer for column story contained the request's key; it is replaced with ***.",
    null,
  ])
  expect(tally.summary()).toEqual([
    "2 answers for column story contained the request's key; it is replaced with ***. Check why the endpoint puts it into answers.",
  ])
})
