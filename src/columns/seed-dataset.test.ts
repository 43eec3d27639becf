import { expect, test } from 'vitest'
import {
  bindRow,
  columnGraph,
  columnProblems,
  inputs,
  named,
  rowOf,
  written,
} from '../../test/support/column-case.ts'
import { seedOf } from '../../test/support/compile-case.ts'

const seed = seedOf({ city: 'string', size: 'int64' })

test('reads the seed at the absolute row, with the type of the seed', () => {
  const graph = columnGraph([written({ name: 'e', expr: '{{ city }} {{ size }}' })], { seed })
  expect(named(graph, 'size')).toMatchObject({ type: 'int64', by: 'row', pure: true, upstream: [] })
  const cells = [
    { city: 'Oslo', size: 1 },
    { city: 'Faro', size: 2 },
  ]
  const city = bindRow(graph, 'city', { seed: cells })
  expect([1, 0].map((index) => city.generate(rowOf(graph, {}, index)))).toEqual(['Faro', 'Oslo'])
})

test('a seed column may be written, to drop it', () => {
  const graph = columnGraph(
    [written({ name: 'size', column_type: 'seed-dataset', drop: true }), ...inputs('e')],
    { seed },
  )
  expect(named(graph, 'size')).toMatchObject({ drop: true, type: 'int64' })
  expect(graph.order.map((id) => graph.columns[id]?.name)).toEqual(['size', 'e', 'city'])
})

test.each([
  [
    'a column the seed does not have',
    { name: 'town', column_type: 'seed-dataset' },
    "unknown-seed-column @ columns.0.name: Column 'town' should come from the seed",
  ],
  [
    'a skip condition',
    { name: 'size', column_type: 'seed-dataset', skip: { when: '{{ city }}', value: null } },
    "skip-not-allowed @ columns.0.skip: Column 'size' comes from the seed and can't be skipped",
  ],
  [
    'fields of other kinds',
    { name: 'size', column_type: 'seed-dataset', expr: 'x' },
    "unknown-key @ columns.0.expr: Column 'size' has no field 'expr'",
  ],
])('%s is refused', (_, fields, expected) => {
  const problems = columnProblems([written(fields), ...inputs('e')], { seed })
  expect(problems).toEqual([expect.stringContaining(expected)])
})
