import { expect, test } from 'vitest'
import { beginningOf } from './beginning.ts'
import { type ChatRequest, decidingPart, textMessage } from './request.ts'

const plain: ChatRequest = {
  operation: 'chat',
  messages: [textMessage('system', 'Be kind.'), textMessage('user', 'one two three')],
}
const request: ChatRequest = { ...plain, sharedEnds: [3, 7] }

test('what requests share ends with their first long value, and decides no answer', () => {
  expect(beginningOf(request)).toBe('Be kind.\none')
  expect(beginningOf(plain)).toBe('Be kind.\n')
  expect(decidingPart(request)).toEqual(plain)
  expect(decidingPart(plain)).toBe(plain)
})
