import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { partContent } from '../../test/support/part-content.ts'
import { systemClock } from '../util/clock.ts'
import { toDouble, type Value } from '../util/value.ts'
import { readPartFile } from './part-file.ts'
import type { RowBlock } from './row-group.ts'
import type { RunSettings } from './run-settings.ts'
import { createStore } from './store.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-write-part-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const rows = 3_000
const columns = [
  { name: 'text', type: 'string' },
  { name: 'long', type: 'string' },
  { name: 'whole', type: 'int64' },
  { name: 'double', type: 'float64' },
  { name: 'flag', type: 'bool' },
] as const

const settings: RunSettings = {
  name: 'parts',
  seed: 1n,
  rows,
  frameRows: rows,
  partRows: rows,
  config: '{}',
  seedIdentity: null,
  columns: columns.map(({ name, type }) => ({
    name,
    type,
    fingerprint: name,
    material: '',
    drop: false,
  })),
}

/** Some without a value; texts of very different lengths. */
function valuesOf(row: number): Value[] {
  const long = `${row} ünïcode 🦊 ${'x'.repeat(row % 7 === 0 ? 40_000 : 200)}`
  const whole = row % 11 === 0 ? 2n ** 62n + BigInt(row) : row
  return [row % 5 === 0 ? null : `row ${row}`, long, whole, toDouble(row / 4), row % 3 === 0]
}

test('every value of a part arrives in its place, whatever blocks it is cut into', async () => {
  const files: string[] = []
  const directory = join(root, 'run')
  await using store = await createStore(directory, settings, {
    clock: systemClock,
    onEvent(event) {
      if (event.type === 'part-file-written') files.push(event.file)
    },
  })
  const made = Array.from({ length: rows }, (_, row) => valuesOf(row))
  const content = partContent(
    columns.map(({ type }) => type),
    {
      part: 0,
      rows: made.map((_, row) => row),
      columns: columns.map((_, id) => made.map((values) => values[id] as Value)),
      blockRows: 7,
    },
  )
  await store.writePart(content)
  expect(files).toHaveLength(1)

  const blocks: RowBlock[] = []
  for await (const block of readPartFile(join(directory, files[0] as string), columns)) {
    blocks.push(block)
  }
  const read = columns.map((_, id) => blocks.flatMap((block) => [...(block.columns[id] ?? [])]))
  expect(read[0]).toEqual(made.map(([text]) => text))
  expect(read[1]?.every((text, row) => text === made[row]?.[1])).toBe(true)
  expect(read[2]).toEqual(made.map(([, , whole]) => BigInt(whole as number | bigint)))
  expect(read[3]).toEqual(made.map((_, row) => row / 4))
  expect(read[4]).toEqual(made.map((_, row) => row % 3 === 0))
})
