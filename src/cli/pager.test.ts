import { expect, test } from 'vitest'
import { actionOf, type Action } from './keys.ts'
import { move, type Place } from './pager.ts'

const extent = { pages: 3, lines: 50, height: 20 }

test.each<[string, Place, Action, Partial<Place>]>([
  ['the next record from its begin', { page: 0, top: 9, help: false }, 'next', { page: 1, top: 0 }],
  ['no record behind the last', { page: 2, top: 9, help: false }, 'next', { page: 2, top: 9 }],
  ['none before the first', { page: 0, top: 0, help: false }, 'previous', { page: 0 }],
  ['the last', { page: 0, top: 0, help: false }, 'last', { page: 2 }],
  ['the first', { page: 2, top: 3, help: false }, 'first', { page: 0, top: 0 }],
  ['a line down', { page: 1, top: 0, help: false }, 'down', { top: 1 }],
  ['not above the begin', { page: 1, top: 0, help: false }, 'up', { top: 0 }],
  ['a screen down', { page: 1, top: 5, help: false }, 'page-down', { top: 25 }],
  ['not below the end', { page: 1, top: 25, help: false }, 'page-down', { top: 30 }],
  ['the end', { page: 1, top: 0, help: false }, 'bottom', { top: 30 }],
  ['the help', { page: 1, top: 4, help: false }, 'help', { help: true, page: 1, top: 4 }],
  ['and back', { page: 1, top: 4, help: true }, 'next', { help: false, page: 1, top: 4 }],
])('%s', (_, place, action, expected) => {
  expect(move(place, action, extent)).toMatchObject(expected)
})

test('a record that fits does not scroll', () => {
  const place = { page: 0, top: 0, help: false }
  expect(move(place, 'page-down', { pages: 1, lines: 5, height: 20 })).toEqual(place)
})

test.each([
  [{ name: 'n', sequence: 'n' }, 'next'],
  [{ name: 'return', sequence: '\r' }, 'next'],
  [{ name: 'space', sequence: ' ' }, 'next'],
  [{ name: 'g', sequence: 'G', shift: true }, 'last'],
  [{ name: 'g', sequence: 'g' }, 'first'],
  [{ sequence: '?' }, 'help'],
  [{ name: 'c', ctrl: true, sequence: '\u0003' }, 'quit'],
  [{ name: 'escape', sequence: '\u001B' }, 'quit'],
  [{ name: 'z', ctrl: true }, 'suspend'],
  [{ name: 'n', ctrl: true }, null],
  [{ name: 'toString', sequence: 'x' }, null],
])('%j asks for %s', (key, action) => {
  expect(actionOf(key)).toBe(action)
})
