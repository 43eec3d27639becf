import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock, type Clock } from '../util/clock.ts'
import type { RunEvent } from '../run/run-event.ts'
import { create } from '../run/run.ts'
import { tellSeedProgress } from './seed-progress.ts'
import { validate } from './validate.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowsmith-progress-'))
  const row = `${'x'.repeat(1_000)}\n`
  for (const name of ['1.csv', '2.csv']) {
    await writeFile(join(folder, name), `a\n${row.repeat(1_500)}`)
  }
})
afterAll(() => rm(folder, { recursive: true }))

type SeedEvent = Extract<RunEvent, { type: 'seed-progress' }>

/** A clock that is a second older at every look. */
function hastyClock(): Clock {
  let now = 0
  return { ...systemClock, now: () => (now += 1_000) }
}

function config() {
  return {
    config: {
      seed_config: { source: { seed_type: 'local', path: join(folder, '*.csv') } },
      columns: [{ name: 'b', column_type: 'expression', expr: '{{ a | length }}' }],
    },
  }
}

const totalBytes = 2 * (1_500 * 1_001 + 2)

function expectWhole(events: readonly SeedEvent[]): void {
  expect(events.length).toBeGreaterThan(4)
  expect(events.map(({ bytes }) => bytes)).toEqual(
    events.map(({ bytes }) => bytes).toSorted((a, b) => a - b),
  )
  expect(new Set(events.map(({ path }) => path))).toEqual(
    new Set([join(folder, '1.csv'), join(folder, '2.csv')]),
  )
  expect(new Set(events.map((event) => event.totalBytes))).toEqual(new Set([totalBytes]))
  expect(events.at(-1)?.bytes).toBe(totalBytes)
}

test('reading and copying a seed over several files is reported', async () => {
  const events: SeedEvent[] = []
  await create({
    config: config(),
    rows: 2,
    out: join(folder, 'run'),
    clock: hastyClock(),
    onEvent: (event) => {
      if (event.type === 'seed-progress') events.push(event)
    },
  })
  const copying = events.findIndex(({ phase }) => phase === 'copying')
  expectWhole(events.slice(0, copying))
  expectWhole(events.slice(copying))
  expect(events.slice(copying).every(({ phase }) => phase === 'copying')).toBe(true)
})

test('so is what validate reads', async () => {
  const events: RunEvent[] = []
  const { ok } = await validate({
    config: config(),
    clock: hastyClock(),
    onEvent: (event) => events.push(event),
  })
  expect(ok).toBe(true)
  expectWhole(events.filter((event) => event.type === 'seed-progress'))
})

test('it is reported four times a second, its end too, and nothing where it is quick', () => {
  let now = 5_000
  const clock = { ...systemClock, now: () => now }
  const told: number[] = []
  const onProgress = tellSeedProgress('reading', clock, (event) => {
    if (event.type === 'seed-progress') told.push(event.bytes)
  })
  for (let bytes = 0; bytes <= 100; bytes += 1) {
    onProgress({ path: 'a.csv', bytes, totalBytes: 100 })
    now += 10
  }
  expect(told).toEqual([25, 50, 75, 100])
  told.length = 0
  const quick = tellSeedProgress('copying', clock, (event) => {
    if (event.type === 'seed-progress') told.push(event.bytes)
  })
  quick({ path: 'a.csv', bytes: 100, totalBytes: 100 })
  expect(told).toEqual([])
})
