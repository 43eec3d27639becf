import { expect, test } from 'vitest'
import { Double, type Value } from '../util/value.ts'
import { inferTextType, parseTextAs } from './text-type.ts'

function read(...texts: string[]): [string, ...Value[]] {
  const inference = inferTextType()
  for (const text of texts) inference.see(text)
  const type = inference.type()
  return [type, ...texts.map((text) => parseTextAs(type, text))]
}

test.each<[string[], [string, ...Value[]]]>([
  [
    ['1', '-20', '0', ''],
    ['int64', 1, -20, 0, null],
  ],
  [
    [' 1', '2 ', '  '],
    ['int64', 1, 2, null],
  ],
  [
    ['9223372036854775807', '-9223372036854775808'],
    ['int64', 9223372036854775807n, -9223372036854775808n],
  ],
  [['9007199254740993'], ['int64', 9007199254740993n]],
  [['9223372036854775808'], ['string', '9223372036854775808']],
  [
    ['1', '2.5'],
    ['float64', new Double(1), 2.5],
  ],
  [
    ['3.0', '1e3', '-.5'],
    ['float64', new Double(3), new Double(1000), -0.5],
  ],
  [
    ['-0', '1'],
    ['float64', new Double(-0), new Double(1)],
  ],
  [
    ['9007199254740993', '0.5'],
    ['string', '9007199254740993', '0.5'],
  ],
  [['1e999'], ['string', '1e999']],
  [
    ['nan', '1.5'],
    ['string', 'nan', '1.5'],
  ],
  [
    ['007', '8'],
    ['string', '007', '8'],
  ],
  [['+1'], ['string', '+1']],
  [['1_000'], ['string', '1_000']],
  [['0x10'], ['string', '0x10']],
  [
    ['true', 'FALSE', 'True'],
    ['bool', true, false, true],
  ],
  [
    ['true', '1'],
    ['string', 'true', '1'],
  ],
  [['yes'], ['string', 'yes']],
  [['2024-05-01'], ['string', '2024-05-01']],
  [
    ['', ''],
    ['string', null, null],
  ],
  [
    [' padded ', ''],
    ['string', ' padded ', null],
  ],
  [
    ['null', '1'],
    ['string', 'null', '1'],
  ],
])('texts %j', (texts, expected) => {
  expect(read(...texts)).toEqual(expected)
})
