import { expect, test } from 'vitest'
import { jsonLine, visible, visibleLine } from './visible.ts'

test.each([
  ['plain text\nof two lines', 'plain text\nof two lines'],
  ['\u001B]0;title\u0007\u001B[2J', '␛]0;title␇␛[2J'],
  ['one\r\ntwo\rthree', 'one\ntwo␍three'],
  ['\u009B31m', '<U+009B>31m'],
  ['a\u202Ecba', 'a<U+202E>cba'],
  ['a\u200Eb\u200Fc\u061Cd', 'a<U+200E>b<U+200F>c<U+061C>d'],
  ['a\tb\u007F', 'a    b␡'],
  ['家族 👨‍👩‍👧 é', '家族 👨‍👩‍👧 é'],
])('what steers a terminal is shown: %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test('a message of several lines becomes one', () => {
  expect(visibleLine('not ready:\n  model writer\u001B[0m')).toBe('not ready: model writer␛[0m')
})

test('JSON stays the same value without what a terminal acts on', () => {
  const value = { text: '\u001B[2J \u009B \u202E é', list: [1, 'a'] }
  const line = jsonLine(value)
  expect(line).toBe('{"text":"\\u001b[2J \\u009b \\u202e é","list":[1,"a"]}\n')
  expect(JSON.parse(line)).toEqual(value)
})
