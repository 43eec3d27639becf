import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { pythonFloat } from './python-float.ts'

test.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [-1, '-1.0'],
  [3, '3.0'],
  [0.1, '0.1'],
  [-2.5, '-2.5'],
  [120, '120.0'],
  [1234.5678, '1234.5678'],
  [0.1 + 0.2, '0.30000000000000004'],
  [1 / 3, '0.3333333333333333'],
  [0.001, '0.001'],
  [0.0001, '0.0001'],
  [0.00012345, '0.00012345'],
  [0.00001, '1e-05'],
  [0.000012345, '1.2345e-05'],
  [1e-7, '1e-07'],
  [1e-10, '1e-10'],
  [1e15, '1000000000000000.0'],
  [9999999999999998, '9999999999999998.0'],
  [1e16, '1e+16'],
  [-1e16, '-1e+16'],
  [123456789012345680, '1.2345678901234568e+17'],
  [1e21, '1e+21'],
  [1e22, '1e+22'],
  [2 ** 53, '9007199254740992.0'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [5e-324, '5e-324'],
  [2.2250738585072014e-308, '2.2250738585072014e-308'],
  [Infinity, 'inf'],
  [-Infinity, '-inf'],
  [NaN, 'nan'],
])('%d prints %s', (value, text) => {
  expect(pythonFloat(value)).toBe(text)
})

test('the text reads back as the same double and always looks like a float', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = pythonFloat(value)
      expect(Object.is(Number(text), value)).toBe(true)
      expect(text).toMatch(/^-?\d+\.\d+$|^-?\d(\.\d+)?e[+-]\d\d+$/)
    }),
  )
})
