import { expect, test } from 'vitest'
import { isList, isMapping } from '../config/literal.ts'
import { parseConfigText } from '../config/text.ts'
import { spellingProblems } from './spelling-problems.ts'

/** What is warned of in a `values` of a config, at which place. */
function told(values: string): string[] {
  const { value } = parseConfigText(`values: ${values}`, { file: 'config.yaml' })
  if (!isMapping(value)) throw new Error('no mapping')
  return spellingProblems(value, [], 'c').map(({ path, message, level }) => {
    expect(level).toBe('warning')
    return `${path.slice(1).join('.')} ${message.replace("Column 'c': ", '')}`
  })
}

test('a word among texts that YAML makes something else is reported', () => {
  expect(told('[SE, NO, DK, y, n]')).toEqual(['1 NO is read as false, which counts as 0'])
  expect(told('[Yes, No, Unsure]')).toEqual([
    '0 Yes is read as true, which counts as 1',
    '1 No is read as false, which counts as 0',
  ])
  expect(told('[a, true, True]')).toEqual([
    '1 true is read as true, which counts as 1',
    '2 True is read as true, which counts as 1',
  ])
})

test('so are numbers and times that print in another way', () => {
  expect(told('[a, 010, 1.50, 1_000, 12:30, +1, 0x1F, 1e3, .5]')).toEqual([
    '1 010 is read as 8',
    '2 1.50 is read as 1.5',
    '3 1_000 is read as 1000',
    '4 12:30 is read as 750',
    '5 +1 is read as 1',
    '6 0x1F is read as 31',
    '8 .5 is read as 0.5',
  ])
  expect(told('[2024-05-05 10:00:00, 2024-05-05]')).toEqual([
    "0 2024-05-05 10:00:00 is read as the text '2024-05-05T10:00:00'",
  ])
})

test('what prints as it is spelled, or stands in quotes, is not', () => {
  expect(told(`[a, 1, -2, 1.5, 2.0, 1e+16, "NO", 'off', 007x, 2024-05-05]`)).toEqual([])
})

test('among numbers only what no one writes for that number', () => {
  expect(told('[1, 1.50, 1_000, true, false]')).toEqual([])
  expect(told('[on, off]')).toHaveLength(2)
  expect(told('[01234, 02134]')).toEqual(['0 01234 is read as 668', '1 02134 is read as 1116'])
  // A 9 is no digit of an octal number, so that one is text.
  expect(told('[01234, 02139]')).toEqual(['0 01234 is read as 668'])
  expect(told('[9:30, 12:45]')).toHaveLength(2)
})

test('lists behind keys, keys, and what an alias stands for', () => {
  expect(told('{ NO: [Oslo], SE: [on, Lund] }')).toEqual([
    "false NO is read as 'false'",
    'SE.0 on is read as true, which counts as 1',
  ])
  expect(told('[a, &x NO, *x]')).toHaveLength(2)
})

test('a long list is reported in part', () => {
  expect(told(`[a, ${Array.from({ length: 500 }, () => 'no').join(', ')}]`)).toHaveLength(10)
})

test('of a config that is not a file nothing is reported', () => {
  const list = ['SE', 1.5]
  expect(isList(list) && spellingProblems(list, [], 'c')).toEqual([])
})
