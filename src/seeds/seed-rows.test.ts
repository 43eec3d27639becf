import { expect, test } from 'vitest'
import type { PackedRows } from './row-file.ts'
import { createSeedRows, type SeedRows } from './seed-rows.ts'

/** A seed whose run row n has the value n, and what was read of it. */
function createSeed({ rowBytes = 10 }: { rowBytes?: number } = {}) {
  const reads: [number, number][] = []
  const answers: (() => void)[] = []
  const seed: SeedRows = createSeedRows({
    columns: [{ name: 'n', type: 'int64' }],
    rowBytes,
    read(start, end) {
      reads.push([start, end])
      const { promise, resolve } = Promise.withResolvers<PackedRows>()
      answers.push(() => resolve(pack(start, end)))
      return promise
    },
    close: async () => undefined,
  })
  const answer = (): void => {
    for (const resolve of answers.splice(0)) resolve()
  }
  return { seed, reads, answer }
}

function pack(start: number, end: number): PackedRows {
  const texts = Array.from({ length: end - start }, (_, at) => `[${start + at}]`)
  const ends: number[] = []
  let length = 0
  for (const text of texts) ends.push((length += text.length))
  return {
    texts: Buffer.from(texts.join('')),
    starts: Uint32Array.from([0, ...ends.slice(0, -1)]),
    ends: Uint32Array.from(ends),
  }
}

test('rows are read in windows that do not depend on the group, and one window ahead', async () => {
  const { seed, reads, answer } = createSeed()
  const holding = seed.hold({ start: 0, end: 2 })
  expect(reads).toEqual([
    [0, 1024],
    [1024, 2048],
  ])
  answer()
  const { end, release } = await holding
  expect(end).toBe(2)
  expect([seed.value(0, 'n'), seed.value(1, 'n')]).toEqual([0, 1])
  const releases = Array.from({ length: 511 }, (_, group) => {
    const start = 2 * group + 2
    return seed.hold({ start, end: start + 2 })
  })
  // At once, since all of them are in the window.
  expect(releases.every((each) => !(each instanceof Promise))).toBe(true)
  expect(reads).toHaveLength(2)
  release()
  expect(seed.hold({ start: 1024, end: 1026 })).not.toBeInstanceOf(Promise)
  expect(reads.at(-1)).toEqual([2048, 3072])
})

test('of rows in several windows those of the first are held', async () => {
  const { seed, answer } = createSeed()
  const holding = seed.hold({ start: 1000, end: 3000 })
  answer()
  expect((await holding).end).toBe(1024)
  expect([seed.value(1000, 'n'), seed.value(1023, 'n')]).toEqual([1000, 1023])
  expect(() => seed.value(1024, 'n')).toThrow('was not read ahead')
})

test('windows of long rows have fewer of them', () => {
  const { seed, reads } = createSeed({ rowBytes: 300_000 })
  void seed.hold({ start: 4, end: 6 })
  expect(reads).toEqual([
    [3, 6],
    [6, 9],
  ])
})

test('a row no one holds is a mistake, not a null', async () => {
  const { seed, answer } = createSeed()
  const holding = seed.hold({ start: 0, end: 2 })
  answer()
  const { release } = await holding
  expect(() => seed.value(0, 'x')).toThrow('the seed has no column "x"')
  expect(() => seed.value(5_000, 'n')).toThrow('seed row for row 5000 was not read ahead')
  release()
  release()
  expect(() => seed.value(0, 'n')).toThrow('seed row for row 0 was not read ahead')
})

test('windows release are kept for the part, and the oldest go first', async () => {
  const { seed, reads, answer } = createSeed()
  const count = 40
  for (let window = 0; window < count; window += 1) {
    const holding = seed.hold({ start: window * 1024, end: window * 1024 + 1 })
    answer()
    const held = await holding
    held.release()
  }
  expect(reads).toHaveLength(count + 1)
  for (let window = count - 20; window < count; window += 1) {
    expect(seed.hold({ start: window * 1024, end: window * 1024 + 1 })).not.toBeInstanceOf(Promise)
  }
  expect(seed.hold({ start: 0, end: 1 })).toBeInstanceOf(Promise)
  expect(reads.slice(count + 1)).toEqual([
    [0, 1024],
    [1024, 2048],
  ])
})

test('a window that cannot be read fails whoever waits for it, and is read again', async () => {
  let broken = true
  const seed = createSeedRows({
    columns: [{ name: 'n', type: 'int64' }],
    rowBytes: 10,
    read: async (start, end) => {
      if (broken) throw new Error('no disk')
      return pack(start, end)
    },
    close: async () => undefined,
  })
  await expect(seed.hold({ start: 0, end: 1 })).rejects.toThrow('no disk')
  broken = false
  await seed.hold({ start: 0, end: 1 })
  expect(seed.value(0, 'n')).toBe(0)
})
