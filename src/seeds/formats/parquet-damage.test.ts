import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { messageOf } from '../../util/errors.ts'
import type { OpenedSeed } from '../define.ts'
import { SeedFault } from '../define.ts'
import { normaliseSeed } from '../normalise.ts'
import { createScratch, local, type Scratch } from '../scratch.ts'

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url))

/** A fixture with some of its bytes replaced. */
function damage(name: string, bytes: Readonly<Record<number, number>>): Buffer {
  const content = readFileSync(fixtures + name)
  for (const [at, byte] of Object.entries(bytes)) content[Number(at)] = byte
  return content
}

interface Reading {
  /** `stopped`: it was still being read when its time was over. */
  outcome: 'rows' | 'refused' | 'stopped'
  message: string
  milliseconds: number
}

async function readAll(scratch: Scratch, content: Buffer, limitMs: number): Promise<Reading> {
  const path = await scratch.write('damaged.parquet', content)
  const signal = AbortSignal.timeout(limitMs)
  const start = performance.now()
  const result = (outcome: Reading['outcome'], message: string): Reading => ({
    outcome,
    message,
    milliseconds: performance.now() - start,
  })
  try {
    const seed = await local.open({ seed_type: 'local', path }, { ...scratch.context, signal })
    let rows = 0
    for await (const batch of seed.rows({ signal })) rows += batch.length
    expect(rows).toBe(seed.size)
    return result('rows', '')
  } catch (error) {
    if (signal.aborted) return result('stopped', String(error))
    if (error instanceof SeedFault) return result('refused', error.message)
    throw error
  }
}

test('a file that keeps the decoder busy for ever can be stopped', async () => {
  await using scratch = await createScratch()
  const content = damage('pyarrow-zstd.parquet', { 2431: 0xb9 })
  const seed = await scratch.open('hang.parquet', content)
  const controller = new AbortController()
  let stoppedAt = 0
  async function stopLater(): Promise<void> {
    // Longer than the thread takes to get there; this process continues meanwhile.
    await sleep(1500)
    stoppedAt = performance.now()
    controller.abort(new Error('enough'))
  }
  async function readToEnd(): Promise<string> {
    try {
      for await (const batch of seed.rows({ signal: controller.signal }))
        expect(batch).not.toEqual([])
      return 'read'
    } catch (error) {
      return `${messageOf(error)}, ${performance.now() - stoppedAt < 20_000 ? 'soon' : 'late'}`
    }
  }
  const [outcome] = await Promise.all([readToEnd(), stopLater()])
  expect(outcome).toBe('enough, soon')
})

test.each([
  ['duckdb-snappy.parquet', { 2232: 105, 5307: 127 }],
  ['pyarrow-brotli.parquet', { 2979: 255, 1038: 67 }],
  ['pyarrow-zstd.parquet', { 2913: 108 }],
])('%s with the bytes %o is refused or can be stopped', async (name, bytes) => {
  await using scratch = await createScratch()
  const reading = await readAll(scratch, damage(name, bytes), 3000)
  expect(['refused', 'stopped'], reading.message).toContain(reading.outcome)
  expect(reading.milliseconds).toBeLessThan(30_000)
})

test('files with any byte damaged are read, refused, or can be stopped', async () => {
  await using scratch = await createScratch()
  const files = readdirSync(fixtures).filter((name) => name.endsWith('.parquet'))
  const outcomes = new Map<string, number>()
  for (const [at, name] of files.toSorted().entries()) {
    const { length } = readFileSync(fixtures + name)
    // The metadata at the end and the pages before it.
    for (const place of [length - 9 - 53 * (at + 1), Math.floor((length * (at + 1)) / 14)]) {
      const content = damage(name, { [place]: 0x7f })
      const { outcome, message, milliseconds } = await readAll(scratch, content, 5000)
      expect(milliseconds, `${name}, byte ${place}: ${message}`).toBeLessThan(30_000)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  expect(outcomes.get('refused')).toBeGreaterThan(3)
  expect(outcomes.get('rows')).toBeGreaterThan(3)
}, 600_000)

test('metadata that lacks what it must have is refused', async () => {
  await using scratch = await createScratch()
  const content = damage('pyarrow-brotli.parquet', { 3497: 19 })
  await expect(scratch.open('lacks.parquet', content)).rejects.toThrow(
    'the file is not readable as Parquet',
  )
})

test('row counts that do not fit together are refused', async () => {
  await using scratch = await createScratch()
  const content = damage('pyarrow-zstd.parquet', { 4059: 0x7f })
  await expect(scratch.open('rows.parquet', content)).rejects.toThrow(
    'the Parquet file is damaged: it says it has 300 rows, and its row groups have 8364',
  )
})

test('a seed with other rows than it said is called damaged, and changed only if it did', async () => {
  await using scratch = await createScratch()
  const { signal } = scratch.context
  const seed = await scratch.open('a.csv', 'n\n1\n2\n')
  const more: OpenedSeed = { ...seed, size: 3 }
  await expect(normaliseSeed(more, `${scratch.folder}/seed`, { signal })).rejects.toMatchObject({
    code: 'config-invalid',
    message: 'the seed cannot be read: the file is damaged: it says it has 3 rows, and it has 2',
  })
  const changed = { ...more, changed: () => Promise.resolve(true) }
  await expect(normaliseSeed(changed, `${scratch.folder}/seed`, { signal })).rejects.toMatchObject({
    code: 'seed-changed',
  })
})
