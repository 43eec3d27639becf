import { describe, expect, test } from 'vitest'
import { busyShare, createEngine, type TestColumn } from '../support/engine.ts'

const rows = 8_000
const slots = 64

const shapes: Record<string, TestColumn[]> = {
  'fan-out': [
    { name: 'seed' },
    { name: 'a', after: ['seed'], route: 'm' },
    { name: 'b', after: ['seed'], route: 'm' },
    { name: 'c', after: ['seed'], route: 'm' },
  ],
  diamond: [
    { name: 'top', route: 'm' },
    { name: 'left', after: ['top'], route: 'm' },
    { name: 'right', after: ['top'], route: 'm' },
    { name: 'bottom', after: ['left', 'right'], route: 'm' },
  ],
  'LLM → expression → LLM': [
    { name: 'seed' },
    { name: 'first', after: ['seed'], route: 'm' },
    { name: 'between', after: ['first'], value: (row) => `<${row.index}>` },
    { name: 'second', after: ['between'], route: 'm' },
  ],
}

describe.each(Object.keys(shapes))('%s', (shape) => {
  const columns = shapes[shape] as TestColumn[]

  test.each([2, 1_000])('keeps 64 slots busy at buffer_size %i', async (groupRows) => {
    const engine = createEngine({ columns, rows: rows / 4, groupRows, slots: { m: slots } })
    expect(await engine.run()).toEqual({ kind: 'complete' })
    const calls = columns.filter(({ route }) => route !== undefined).length * (rows / 4)
    expect(engine.sent).toHaveLength(calls)
    expect(new Set(engine.sent).size).toBe(calls)
    const end = engine.load.at(-1)?.at as number
    expect(busyShare(engine.load, 'm', slots, end * 0.2, end * 0.8)).toBeGreaterThanOrEqual(0.95)
    expect(Math.max(...engine.load.map(({ inFlight }) => inFlight))).toBe(slots)
  })

  test.each([2, 1_000])(
    '… and with one answer in 100 taking 100× as long, at buffer_size %i',
    async (groupRows) => {
      const engine = createEngine({
        columns,
        rows,
        groupRows,
        slots: { m: slots },
        model: { latency: (text) => (hash(text) % 100 === 0 ? 5_000 : 50) },
      })
      expect(await engine.run()).toEqual({ kind: 'complete' })
      const end = engine.load.at(-1)?.at as number
      expect(busyShare(engine.load, 'm', slots, end * 0.2, end * 0.8)).toBeGreaterThanOrEqual(0.95)
    },
  )
})

test('one 10 s straggler in LLM → expression → LLM: all other rows finish first', async () => {
  const engine = createEngine({
    columns: shapes['LLM → expression → LLM'] as TestColumn[],
    rows: 500,
    groupRows: 100,
    slots: { m: 16 },
    model: { latency: (text) => (text === 'first:3' ? 10_000 : 50) },
  })
  await engine.run()
  const late = engine.load.filter(({ at }) => at >= 10_000)
  // Its own reply, and its second request going out and coming back.
  expect(late).toHaveLength(3)
  expect(engine.sent.at(-1)).toBe('second:3')
})

function hash(text: string): number {
  let state = 2_166_136_261
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 16_777_619)
  }
  return (state ^ (state >>> 15)) >>> 0
}
