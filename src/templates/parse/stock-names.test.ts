import { expect, test } from 'vitest'
import { filterTable } from '../filters/filter-table.ts'
import {
  filterNames,
  nearestFilter,
  nearestTest,
  operatorTestNames,
  testNames,
} from './stock-names.ts'
import { testTable } from '../filters/test-table.ts'

test('every listed name has an operation and every operation is listed', () => {
  expect([...filterTable.keys()].sort()).toEqual([...filterNames].sort())
  expect([...testTable.keys()].sort()).toEqual([...testNames, ...operatorTestNames].sort())
})

test('a slip finds what was meant, anything else finds nothing', () => {
  expect(nearestFilter('lenght')).toBe('length')
  expect(nearestFilter('to_json')).toBe('tojson')
  expect(nearestTest('Defined')).toBe('defined')
  expect(nearestFilter('translate_to_latin')).toBeNull()
})
