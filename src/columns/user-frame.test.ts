import { expect, test } from 'vitest'
import { userFrame } from './user-frame.ts'

function thrown(stack: string): Error {
  return Object.assign(new Error('x'), { stack })
}
const code = { files: new Set(['/somewhere/project/columns.ts']), directory: '/somewhere/project' }

test.each([
  [
    'Error: x\n    at f (node:fs:1:2)\n    at g (file:///somewhere/project/columns.ts?source=ab:3:9)',
    'columns.ts:3:9',
  ],
  ['Error: x\n    at async file:///somewhere/project/columns.ts:12:1', 'columns.ts:12:1'],
  ['Error: x\n    at Object.f (/somewhere/project/columns.ts:7:30)', 'columns.ts:7:30'],
  ['/somewhere/project/columns.ts:4\nconst a = ;\n\nSyntaxError: x', 'columns.ts:4'],
  ['Error: x\n    at f (/elsewhere/other.ts:1:1)', null],
])('%s', (stack, place) => {
  expect(userFrame(thrown(stack), code)).toBe(place)
})

test('of a function of a program, the first file will do; what is not an error has no place', () => {
  const anywhere = { files: null, directory: '/somewhere/project' }
  expect(userFrame(thrown('Error: x\n    at f (/elsewhere/other.ts:1:1)'), anywhere)).toBe(
    '/elsewhere/other.ts:1:1',
  )
  expect(userFrame('text', code)).toBe(null)
})
