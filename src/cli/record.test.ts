import { expect, test } from 'vitest'
import type { Value } from '../util/value.ts'
import { Double } from '../util/value.ts'
import { recordLines, rule } from './record.ts'
import { createPaint, type Paint } from './terminal.ts'
import { widthOf } from './width.ts'

const plain: Paint = (_, text) => text
const record = new Map<string, Value>([
  ['id', 7n],
  ['name', 'Ada'],
  ['a_field_with_a_name_longer_than_the_indent', 'text'],
  ['nothing', null],
  ['empty', ''],
  ['whole', new Double(3)],
  ['tags', ['x', new Map<string, Value>([['big', 12345678901234567890n]])]],
  ['vector', Array.from({ length: 1536 }, (_, at) => at / 8)],
  ['story', 'It was a long day, and nobody had told the frog about the rain that was to come.'],
  ['helper', 'only for the prompt'],
])

test('a record with values of every kind, and a column that the dataset does not get', () => {
  const layout = { width: 60, style: plain, dropped: new Set(['helper']) }
  const lines = [rule('record 1 of 1 · row 0', layout), ...recordLines(record, layout)]
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "── record 1 of 1 · row 0 ───────────────────────────────────
    id                      7
    name                    Ada
    a_field_with_a_name_longer_than_the_indent
                            text
    nothing                 null
    empty                   ""
    whole                   3.0
    tags                    [
                              "x",
                              {
                                "big": 12345678901234567890
                              }
                            ]
    vector                  [0, 0.125, 0.25, 0.375, 0.5, 0.625,
                            0.75, 0.875, … 1,536 numbers]
    story                   It was a long day, and nobody had
                            told the frog about the rain that
                            was to come.
    not in the dataset (drop: true):
    helper                  only for the prompt"
  `)
})

test('on a narrow terminal names stand above their values', () => {
  const lines = recordLines(record, { width: 20, style: plain, dropped: new Set() })
  expect(lines.slice(0, 4)).toEqual(['id', '  7', 'name', '  Ada'])
  expect(Math.max(...lines.map((line) => widthOf(line)))).toBeLessThanOrEqual(20)
})

test('colours tell values from texts that look the same', () => {
  const style = createPaint({ isTTY: true }, {})
  const values = new Map<string, Value>([
    ['a', 'null'],
    ['b', null],
    ['c', 1],
    ['d', true],
    ['e', ['x']],
  ])
  const lines = recordLines(values, { width: 60, style, dropped: new Set() })
  expect(lines[0]).toBe('\u001B[1ma\u001B[0m  null')
  expect(lines[1]).toBe('\u001B[1mb\u001B[0m  \u001B[2mnull\u001B[0m')
  expect(lines[2]).toContain('\u001B[36m1')
  expect(lines[3]).toContain('\u001B[35mtrue')
  expect(lines[4]).toContain('\u001B[32m[')
})

test('text of a model does not steer the terminal', () => {
  const values = new Map<string, Value>([['st\u001Bory', 'a\u001B[2Jb\u001B]0;x\u0007']])
  expect(recordLines(values, { width: 60, style: plain, dropped: new Set() })).toEqual([
    'st␛ory  a␛[2Jb␛]0;x␇',
  ])
})
