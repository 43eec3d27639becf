import { expect, test } from 'vitest'
import { createSlots } from './slots.ts'

const { signal } = new AbortController()

test('so many at once, and then the first of those that wait', async () => {
  const slots = createSlots(2)
  const [one] = await Promise.all([slots.take(signal), slots.take(signal)])
  const entered: string[] = []
  const second = new AbortController()
  const waiting = [
    slots.take(signal).then((slot) => (entered.push('a'), slot)),
    slots.take(second.signal).then((slot) => (entered.push('b'), slot)),
    slots.take(signal).then((slot) => (entered.push('c'), slot)),
  ]
  await Promise.resolve()
  expect(entered).toEqual([])

  // One that gave up waiting takes no slot.
  second.abort(new Error('enough'))
  await expect(waiting[1]).rejects.toThrow('enough')
  one.leave()
  const a = await waiting[0]
  expect(entered).toEqual(['a'])
  a?.leave()
  await waiting[2]
  expect(entered).toEqual(['a', 'c'])
})

test('who gave up before gets none', async () => {
  await expect(createSlots(1).take(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
})
