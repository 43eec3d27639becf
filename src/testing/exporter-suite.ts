import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { Exporter } from '../export/define.ts'
import type { RecordValues } from '../export/records.ts'
import { Double, type Value } from '../util/value.ts'
import { casesOf, type ConformanceCase } from './conformance-case.ts'

/** Every kind of value a dataset can hold, and what makes text forms stumble. */
const values: readonly Value[] = [
  null,
  true,
  3,
  new Double(3),
  0.1,
  NaN,
  Infinity,
  -0,
  2n ** 62n,
  '',
  'plain',
  'with "quotes", commas;\ttabs\nlines\r\n',
  '\u0000\u2028\ud83d\ude00',
  [1, [null, 'a']],
  new Map<string, Value>([
    ['b', 1],
    ['a', new Map([['__proto__', 'x']])],
  ]),
]

const record: RecordValues = new Map(values.map((value, at) => [`column "${at}"`, value]))

/** The cases for one export format, for any test runner. */
export function exporterSuite({ exporter }: { exporter: Exporter }): ConformanceCase[] {
  return casesOf({
    'has a name and endings in lower case, with the dot'() {
      ok(/^[a-z][a-z0-9_-]*$/.test(exporter.name), `'${exporter.name}' is not a lower-case word`)
      ok(exporter.endings.length > 0, 'it has no ending')
      for (const ending of exporter.endings) ok(/^(?:\.[a-z0-9_-]+)+$/.test(ending), ending)
    },

    'makes a text of every kind of value, and twice the same'() {
      for (const value of values) {
        const line = exporter.line(new Map([['a', value]]))
        strictEqual(typeof line, 'string')
        strictEqual(exporter.line(new Map([['a', value]])), line)
      }
    },

    'makes a text of a whole record and leaves the record as it is'() {
      const before = structuredClone(new Map(record))
      strictEqual(typeof exporter.line(record), 'string')
      deepStrictEqual([...record.keys()], [...before.keys()])
      strictEqual(record.size, values.length)
    },

    'has a header for any names, or none'() {
      const header = exporter.header([...record.keys()])
      ok(header === null || typeof header === 'string', 'a header is text or null')
      strictEqual(exporter.header([...record.keys()]), header)
    },

    'does not end a line itself'() {
      const line = exporter.line(new Map([['a', 'b']]))
      ok(!line.endsWith('\n'), 'the line end is added where the file is written')
    },
  })
}
