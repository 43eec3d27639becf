import { describe, expect, test } from 'vitest'
import { CellFailure } from '../graph/failure.ts'
import { Double } from '../util/value.ts'
import { castText, type Dtype } from './cast.ts'

const table: [Dtype, string, unknown][] = [
  ['str', '', ''],
  ['str', ' kept  ', ' kept  '],
  ['str', '1.50', '1.50'],
  ['float', '1.5', 1.5],
  ['float', '2', new Double(2)],
  ['float', ' 2.0\n', new Double(2)],
  ['float', '1_000', new Double(1000)],
  ['float', '007', new Double(7)],
  ['float', '.5', 0.5],
  ['float', '5.', new Double(5)],
  ['float', '1e3', new Double(1000)],
  ['float', '-1E-3', -0.001],
  ['float', '-0', new Double(-0)],
  ['float', 'nan', NaN],
  ['float', 'inf', Infinity],
  ['float', '-Infinity', -Infinity],
  ['int', '7', 7],
  ['int', '+7', 7],
  ['int', '-7', -7],
  ['int', '007', 7],
  ['int', '1_000', 1000],
  ['int', '3.9', 3],
  ['int', '-3.9', -3],
  ['int', '0.5', 0],
  ['int', '-0.5', 0],
  ['int', '1e3', 1000],
  ['int', '9007199254740993', 9007199254740993n],
  ['int', '1e18', 1000000000000000000n],
  ['bool', 'true', true],
  ['bool', 'TRUE', true],
  ['bool', 'True', true],
  ['bool', 'False', false],
  ['bool', '2', true],
  ['bool', '-1.5', true],
  ['bool', '0', false],
  ['bool', '0.5', false],
  ['bool', 'yes', false],
  ['bool', 'nan', false],
  ['bool', '', false],
]

test.each(table)('%s of %j', (dtype, text, expected) => {
  expect(castText(text, dtype)).toStrictEqual(expected)
})

describe('refusals', () => {
  test.each<[Dtype, string]>([
    ['int', 'nan'],
    ['int', 'inf'],
    ['int', 'seven'],
    ['int', '7 8'],
    ['int', '_7'],
    ['int', '7__0'],
    ['int', '0x10'],
    ['float', 'word'],
    ['float', '1,5'],
    ['float', ''],
    ['float', '1e'],
    ['bool', 'inf'],
    ['bool', '-inf'],
  ])('%s of %j', (dtype, text) => {
    expect(() => castText(text, dtype)).toThrow(CellFailure)
    expect(() => castText(text, dtype)).toThrow(expect.objectContaining({ code: 'cast-failed' }))
  })

  test('name the dtype and the text, shortened', () => {
    expect(() => castText('seven', 'int')).toThrowErrorMatchingInlineSnapshot(
      `[CellFailure: expected a finite number for dtype int, got "seven"]`,
    )
    expect(() => castText('x'.repeat(500), 'float')).toThrowErrorMatchingInlineSnapshot(
      `[CellFailure: expected a number for dtype float, got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"]`,
    )
  })
})
