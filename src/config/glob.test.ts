import { expect, test } from 'vitest'
import { matchesName } from './glob.ts'

// As fnmatch.fnmatchcase of Python says for patterns with a star.
test.each([
  ['a', 'a', true],
  ['a', 'A', false],
  ['a?', 'ab', false],
  ['a?', 'a?', true],
  ['[ab]', 'a', false],
  ['*', '', true],
  ['*', 'any\nthing', true],
  ['tmp_*', 'tmp_', true],
  ['tmp_*', 'a_tmp_', false],
  ['*__trace', 'a__trace', true],
  ['a*c*e', 'abcde', true],
  ['a*c*e', 'abde', false],
  ['?*', '', false],
  ['?*', '😀', true],
  ['[ab]*', 'bx', true],
  ['[!ab]*', 'bx', false],
  ['[!ab]*', 'cx', true],
  ['[a-c]*', 'bx', true],
  ['[c-a]*', 'bx', false],
  ['[!c-a]*', 'bx', true],
  ['[]]*', ']x', true],
  ['[^a]*', '^x', true],
  ['[*', '[x', true],
  ['a.b*', 'axb', false],
  ['a+(b)*', 'a+(b)', true],
  ['[a\\]*', '\\', true],
  ['[a-]*', '-x', true],
  ['*[0-9]', 'col12', true],
  ['*$', 'a$', true],
])('%s and %s: %s', (pattern, name, matches) => {
  expect(matchesName(pattern, name)).toBe(matches)
})

test('many stars stay fast', () => {
  expect(matchesName(`${'a*'.repeat(8)}b`, 'a'.repeat(60))).toBe(false)
})
