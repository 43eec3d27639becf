import { expect, test } from 'vitest'
import { createPool } from './pool.ts'

test('items are handed on in the order of asking, and never twice at once', async () => {
  const pool = createPool(['a'])
  const { signal } = new AbortController()
  const first = await pool.acquire(signal)
  const order: string[] = []
  const waiting = ['second', 'third'].map((name) =>
    pool.acquire(signal).then((item) => order.push(`${name} ${item}`)),
  )
  await new Promise(setImmediate)
  expect(order).toEqual([])
  pool.release(first)
  await waiting[0]
  expect(order).toEqual(['second a'])
  pool.release(first)
  await waiting[1]
  expect(order).toEqual(['second a', 'third a'])
})

test('who gives up waiting is passed over', async () => {
  const pool = createPool([1])
  const controller = new AbortController()
  const item = await pool.acquire(controller.signal)
  const reason = new Error('gave up')
  const given = pool.acquire(controller.signal)
  const kept = pool.acquire(new AbortController().signal)
  controller.abort(reason)
  await expect(given).rejects.toBe(reason)
  await expect(pool.acquire(controller.signal)).rejects.toBe(reason)
  pool.release(item)
  expect(await kept).toBe(1)
})
