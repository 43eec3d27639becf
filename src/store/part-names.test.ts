import { expect, test } from 'vitest'
import { createPartNames, partColumn } from './part-names.ts'

test('values name files of every system', () => {
  const names = createPartNames('part')
  expect(['train', 'Größe 1', 'a-b.c', 7n, true].map((value) => names.of(value))).toEqual([
    'train',
    'Größe 1',
    'a-b.c',
    '7',
    'true',
  ])
  expect(names.all).toEqual(['train', 'Größe 1', 'a-b.c', '7', 'true'])
  expect(() => names.of('Train')).toThrow("'train' and 'Train' of 'part' would be one file")
  for (const value of ['', '..', '.hidden', 'a/b', 'a\\b', 'c:', 'x\n', 'end.', 'y'.repeat(101)]) {
    expect(() => names.of(value)).toThrow("can't name a file")
  }
  expect(() => names.of(null)).toThrow("a record has no value in 'part'")
  for (let more = 0; more < 95; more += 1) names.of(`more ${more}`)
  expect(() => names.of('one more')).toThrow('more than 100 different values')
})

test('a column must be there, and of values that can be names', () => {
  const columns = [
    { name: 'split', type: 'string' },
    { name: 'score', type: 'float64' },
  ] as const
  expect(partColumn(columns, 'split')).toEqual({ name: 'split', type: 'string' })
  expect(() => partColumn(columns, 'slit')).toThrow("no column 'slit'")
  expect(() => partColumn(columns, 'score')).toThrow('the column is of type float64')
})
