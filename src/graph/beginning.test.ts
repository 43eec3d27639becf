import { expect, test } from 'vitest'
import { beginningOf } from './beginning.ts'
import { type ChatRequest, decidingPart, textMessage } from './request.ts'

const plain: ChatRequest = {
  operation: 'chat',
  messages: [textMessage('system', 'Be kind.'), textMessage('user', 'one two three')],
}
const request: ChatRequest = { ...plain, sharedEnds: [3, 7] }

test('media in front are what requests share, whatever is said behind them', () => {
  const picture = (base64: string) =>
    ({ type: 'media', media: { base64 }, mime: 'image/png' }) as const
  const about = (base64: string, text: string): ChatRequest => ({
    operation: 'chat',
    messages: [{ role: 'user', content: [picture(base64), { type: 'text', text }] }],
    sharedEnds: [2],
    sharedMedia: 1,
  })
  const long = 'A'.repeat(5_000)
  expect(beginningOf(about(long, 'one'))).toBe(beginningOf(about(long, 'two')))
  expect(beginningOf(about(long, 'one'))).not.toBe(beginningOf(about(`${long}B`, 'one')))
  expect(beginningOf(about(long, 'one')).length).toBeLessThan(1_000)
  const there: ChatRequest = {
    operation: 'chat',
    messages: [
      { role: 'user', content: [{ type: 'media', media: { url: 'x:/1' }, mime: 'image/png' }] },
    ],
    sharedMedia: 1,
  }
  expect(beginningOf(there)).toContain('x:/1')
  expect(decidingPart(there)).toEqual({ operation: 'chat', messages: there.messages })
})

test('what requests share ends with their first long value, and decides no answer', () => {
  expect(beginningOf(request)).toBe('Be kind.\none')
  expect(beginningOf(plain)).toBe('Be kind.\n')
  expect(decidingPart(request)).toEqual(plain)
  expect(decidingPart(plain)).toBe(plain)
})
