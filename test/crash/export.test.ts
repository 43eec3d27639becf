import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { killedSession, type Scene, sumOf, wholeSession } from './kills.ts'
import { rowNumber } from './kinds.ts'
import { createMeter, type Meter, modelsAt } from './model.ts'
import { datasetHashes, orphans, readDurable } from './run-folder.ts'

const rows = 800
const requests = 2 * rows

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-export-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function createScene(name: string, meter: Meter): Scene {
  return {
    meter,
    session: {
      config: {
        ...modelsAt(meter.server.url),
        seed: 5,
        columns: [
          { name: 'row', column_type: 'row-number' },
          {
            name: 'story',
            column_type: 'llm-text',
            model_alias: 'writer',
            prompt: 'story {{ row }}: write it',
          },
          {
            name: 'title',
            column_type: 'llm-text',
            model_alias: 'writer',
            prompt: 'title {{ row }}: for {{ story }}',
          },
          { name: 'both', column_type: 'expression', expr: '{{ title }}: {{ story }}' },
        ],
      },
      rows,
      out: join(root, name),
      runConfig: { buffer_size: 40, part_rows: 200 },
      receipts: join(root, 'no-receipts'),
    },
  }
}

interface Line {
  row: number
  story: string
  title: string
  both: string
}

test('an export of a killed run has the decided rows and asks for nothing; the run goes on after it', async () => {
  await using fast = await createMeter({ latencyMs: 0 })
  const whole = createScene('unkilled', fast)
  await wholeSession(whole)

  await using meter = await createMeter({ latencyMs: 20 })
  const scene = createScene('killed', meter)
  const { out } = scene.session
  const first = await killedSession(scene, { event: 'part-committed' })
  const second = await killedSession(scene, { request: first.requests + 200 })
  const held = readDurable(out)
  const complete = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => held.cells.has(`story ${row}`) && held.cells.has(`title ${row}`),
  )
  // Some are in parts, some in the ledger only: both kinds must come out.
  expect(held.accepted.size).toBeGreaterThan(0)
  expect(complete.length).toBeGreaterThan(held.accepted.size)
  expect(complete.length).toBeLessThan(rows)

  await using dataset = await open(out, { plugins: [{ name: 'test', columns: [rowNumber] }] })
  const file = join(root, 'decided.jsonl')
  expect(await dataset.export({ to: file })).toEqual([{ path: file, rows: complete.length }])
  const lines: Line[] = readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  expect(lines.map(({ row }) => row)).toEqual(complete)
  for (const { title, story, both } of lines) expect(both).toBe(`${title}: ${story}`)
  expect(meter.server.counts.requests).toBe(second.requests)
  const { rows: counts } = await dataset.summary()
  expect(counts).toMatchObject({ accepted: complete.length, remaining: rows - complete.length })

  const result = await wholeSession(scene)
  expect(orphans(out)).toEqual([])
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows } })
  expect(datasetHashes(out)).toEqual(datasetHashes(whole.session.out))
  const allowed = requests + sumOf([first, second]).requests
  expect(meter.server.counts.requests).toBeLessThanOrEqual(allowed)
})
