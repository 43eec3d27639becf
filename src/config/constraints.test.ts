import { expect, test } from 'vitest'
import { parseConstraints } from './constraints.ts'

const bound = { target_column: 'a', operator: 'lt' }

test('what rhs is follows from itself', () => {
  const rights = [5, '5', ' 5 ', '1_000', '.5e1', true, 'b', 'inf', 'nan', '5 apples']
  const { constraints, problems } = parseConstraints(
    rights.map((rhs) => ({ ...bound, rhs })),
    ['constraints'],
  )
  expect(problems).toEqual([])
  expect(constraints.map((constraint) => constraint?.rhs)).toEqual([
    5,
    5,
    5,
    1000,
    5,
    1,
    'b',
    'inf',
    'nan',
    '5 apples',
  ])
})

test('an explicit type must agree, and operators are words', () => {
  const { constraints, problems } = parseConstraints(
    [
      { ...bound, constraint_type: 'column_inequality', rhs: '5' },
      { ...bound, constraint_type: 'scalar_inequality', rhs: 'b' },
      { ...bound, constraint_type: 'column_inequality', rhs: 5 },
      { ...bound, operator: '<', rhs: 5 },
      { ...bound, rhs: null },
      { ...bound, constraint_type: null, rhs: 5 },
    ],
    ['constraints'],
  )
  expect(constraints).toEqual([{ ...bound, rhs: '5' }, null, null, null, null, null])
  expect(problems.map(({ code, path }) => `${code} ${path.join('.')}`)).toEqual([
    'wrong-type constraints.1.rhs',
    'wrong-type constraints.2.rhs',
    'wrong-word constraints.3.operator',
    'wrong-type constraints.4.rhs',
    'wrong-word constraints.5.constraint_type',
  ])
})
