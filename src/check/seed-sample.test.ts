import { expect, test } from 'vitest'
import type { OpenedSeed } from '../seeds/define.ts'
import { sampleSeed } from './seed-sample.ts'

/** A seed of numbered rows that notes how many were read. */
function numbered(size: number, batch = 256): { seed: OpenedSeed; read: () => number } {
  let read = 0
  const seed: OpenedSeed = {
    columns: [{ name: 'number', type: 'int64' }],
    size,
    notes: [],
    identity: 'x',
    stamp: 'x',
    async *rows() {
      for (let at = 0; at < size; at += batch) {
        const rows = Array.from({ length: Math.min(batch, size - at) }, (_, index) => [at + index])
        read += rows.length
        yield rows
      }
    },
    changed: () => Promise.resolve(false),
  }
  return { seed, read: () => read }
}

async function sampled(
  size: number,
  selection: { start: number; size: number },
  strategy: 'ordered' | 'shuffle' = 'ordered',
): Promise<{ values: unknown[]; completeFrom: number; read: number } | null> {
  const { seed, read } = numbered(size)
  const order = { sampling_strategy: strategy, rows_per_record: 1 }
  const options = { runSeed: 1n, signal: new AbortController().signal }
  const sample = await sampleSeed({ seed, selection }, order, options)
  if (sample === null) return null
  const values = Array.from({ length: 5 }, (_, row) => sample.value(row, 'number'))
  return { values, completeFrom: sample.completeFrom, read: read() }
}

test('rows are those of the run where the selection is small', async () => {
  expect(await sampled(10_000, { start: 300, size: 3 })).toEqual({
    values: [300, 301, 302, 300, 301],
    completeFrom: 3,
    read: 512,
  })
  const shuffled = await sampled(100, { start: 10, size: 5 }, 'shuffle')
  expect(shuffled?.values.toSorted()).toEqual([10, 11, 12, 13, 14])
  expect(shuffled?.values).not.toEqual([10, 11, 12, 13, 14])
})

test('of a large one the first are read, and some of them taken', async () => {
  expect(await sampled(5_000_000, { start: 0, size: 5_000_000 })).toEqual({
    values: [0, 20, 40, 60, 80],
    completeFrom: Number.POSITIVE_INFINITY,
    read: 1024,
  })
})

test('nothing is read of one that begins deep inside', async () => {
  expect(await sampled(5_000_000, { start: 4_000_000, size: 10 })).toBeNull()
})
