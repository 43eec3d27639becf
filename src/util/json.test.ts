import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareText, JsonSyntaxError, parseJson, stringifyJson } from './json.ts'
import { Double, toDouble, toInteger, type Value } from './value.ts'

describe('parseJson', () => {
  test('keeps integers, doubles and long integers apart', () => {
    expect(parseJson('3')).toBe(3)
    expect(parseJson('3.0')).toEqual(new Double(3))
    expect(parseJson('1e3')).toEqual(new Double(1000))
    expect(parseJson('2.5')).toBe(2.5)
    expect(parseJson('9007199254740991')).toBe(9007199254740991)
    expect(parseJson('9007199254740992')).toBe(9007199254740992n)
    expect(parseJson('-123456789012345678901234567890')).toBe(-123456789012345678901234567890n)
    expect(Object.is(parseJson('-0'), 0)).toBe(true)
    expect(stringifyJson(parseJson('-0.0'))).toBe('-0.0')
    expect(parseJson('1e400')).toBe(Number.POSITIVE_INFINITY)
  })

  test('takes the words Python takes', () => {
    expect(parseJson('[NaN, Infinity, -Infinity]')).toEqual([Number.NaN, Infinity, -Infinity])
  })

  test('keeps the order of keys, also of those that look like numbers or a prototype', () => {
    const value = parseJson('{"b":1,"2":2,"__proto__":3,"1":4,"b":5}')
    expect([...(value as Map<string, Value>)]).toEqual([
      ['b', 5],
      ['2', 2],
      ['__proto__', 3],
      ['1', 4],
    ])
  })

  test('reads strings with and without escapes', () => {
    expect(parseJson('"a\\n\\u00e9\\"\\\\ \\ud83d\\ude00"')).toBe('a\né"\\ 😀')
    expect(parseJson(' "plain é 😀" ')).toBe('plain é 😀')
  })

  test.each([
    ['', 'expected a value, found the end of the text at line 1, column 1'],
    ['{"a":1,}', 'expected a key in double quotes, found "}" at line 1, column 8'],
    ['[1 2]', 'expected "," or "]", found "2" at line 1, column 4'],
    ['[1,\n 2', 'expected "," or "]", found the end of the text at line 2, column 3'],
    ['{"a" 1}', 'expected ":" after a key, found "1" at line 1, column 6'],
    ['"abc', 'a string without an end at line 1, column 1'],
    ['"a\\q"', 'a wrong character in a string at line 1, column 3'],
    ['"a\\n', 'a string without an end at line 1, column 1'],
    ['"a\nb"', 'a control character in a string at line 1, column 3'],
    ['01', 'expected the end of the text, found "1" at line 1, column 2'],
    ['tru', 'expected a value, found "t" at line 1, column 1'],
    ["'a'", 'expected a value, found "\'" at line 1, column 1'],
    ['['.repeat(1001), 'more than 1000 levels of nesting at line 1, column 1001'],
  ])('refuses %j', (text, message) => {
    expect(() => parseJson(text)).toThrow(JsonSyntaxError)
    expect(() => parseJson(text)).toThrow(message)
  })

  test('agrees with JSON.parse on every text JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(JSON.parse(stringifyJson(parseJson(text)))).toEqual(JSON.parse(text))
      }),
    )
  })
})

describe('stringifyJson', () => {
  const sample = new Map<string, Value>([
    ['b', [1, new Double(3), null]],
    ['a', new Map()],
    ['é', 'ü\n'],
  ])

  test('writes compact, spaced, sorted, escaped and indented text', () => {
    expect(stringifyJson(sample)).toBe('{"b":[1,3.0,null],"a":{},"é":"ü\\n"}')
    expect(stringifyJson(sample, { spaced: true, sorted: true, ascii: true })).toBe(
      '{"a": {}, "b": [1, 3.0, null], "\\u00e9": "\\u00fc\\n"}',
    )
    expect(stringifyJson(sample, { indent: 2 })).toBe(
      '{\n  "b": [\n    1,\n    3.0,\n    null\n  ],\n  "a": {},\n  "é": "ü\\n"\n}',
    )
  })

  test('writes what JSON has no word for as Python does', () => {
    expect(stringifyJson([Number.NaN, Infinity, -Infinity])).toBe('[NaN,Infinity,-Infinity]')
  })

  test('is undone by parseJson', () => {
    fc.assert(
      fc.property(values(), (value) => {
        expect(parseJson(stringifyJson(value))).toEqual(value)
      }),
    )
  })
})

test('compareText orders by code points', () => {
  const words = ['😀', '\uffff', 'b', 'a', 'ab', '']
  expect(words.sort(compareText)).toEqual(['', 'a', 'ab', 'b', '\uffff', '😀'])
})

function values(): fc.Arbitrary<Value> {
  return fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.string({ unit: 'binary' }),
      fc.maxSafeInteger().map((value) => value + 0),
      fc.double().map(toDouble),
      fc.bigInt().map(toInteger),
      fc.array(tie('value')),
      fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => new Map(entries)),
    ),
  })).value
}
