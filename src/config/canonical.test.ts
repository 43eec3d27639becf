import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Double } from '../util/value.ts'
import { canonicalText, type Canonical } from './canonical.ts'
import { mappingOf, valueOf } from './literal.ts'
import type { Literal } from './dataset.ts'

// What json.dumps(tree, sort_keys=True, separators=(',', ':')) of Python prints.
test.each<[string, Canonical]>([
  ['null', null],
  ['true', true],
  ['1', 1],
  ['1.0', new Double(1)],
  ['-0.0', new Double(-0)],
  ['0.1', 0.1],
  ['1e-07', 1e-7],
  ['1e+16', new Double(1e16)],
  ['9007199254740993', 9007199254740993n],
  ['NaN', NaN],
  ['-Infinity', -Infinity],
  ['"\\u00e9\\ud83d\\ude00\\u007f\\n\\"\\\\"', 'é😀\u007f\n"\\'],
  ['[]', []],
  ['{}', {}],
  [
    '{"10":1,"9":2,"B":3,"a":[1,1.0],"\\u00e9":null}',
    { é: null, a: [1, new Double(1)], B: 3, 9: 2, 10: 1 },
  ],
  [
    '{"\\uffff":1,"\\ud800\\udc00":2}',
    new Map([
      ['\u{10000}', 2],
      ['\uffff', 1],
    ]),
  ],
  ['{"a":{"b":[{"c":1}]}}', new Map([['a', { b: [new Map([['c', 1]])] }]])],
])('%s', (text, tree) => {
  expect(canonicalText(tree)).toBe(text)
})

const literals = fc.letrec<{ tree: Literal }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.integer().map((whole) => new Double(whole)),
    fc.string({ unit: 'binary' }),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc
      .dictionary(fc.string(), tie('tree'), { maxKeys: 4 })
      .map((object) => mappingOf(Object.entries(object))),
  ),
})).tree

test('the order of keys never matters, nor whether a mapping is a map', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.string(), literals), { selector: ([key]) => key }),
      (entries) => {
        const text = canonicalText(mappingOf(entries))
        expect(canonicalText(mappingOf(entries.toReversed()))).toBe(text)
        expect(canonicalText(valueOf(mappingOf(entries)))).toBe(text)
        expect(() => JSON.parse(text)).not.toThrow()
        expect(text).toMatch(/^[ -~]*$/)
      },
    ),
  )
})
