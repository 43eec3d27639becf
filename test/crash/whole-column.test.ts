import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { killedSession, type Scene, sumOf, wholeSession } from './kills.ts'
import { createMeter, type Meter, modelsAt } from './model.ts'
import { datasetHashes, orphans, readDurable } from './run-folder.ts'

const rows = 800
const frameRows = 200
const requests = 2 * rows

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-whole-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** Whole-column work before, between and after what a model writes. */
const columns = [
  { name: 'row', column_type: 'row-number' },
  { name: 'free', column_type: 'whole', of: 'row' },
  {
    name: 'story',
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt: 'story {{ row }}: about {{ free }}',
  },
  // Named as the receipts of what is paid are.
  { name: 'note', column_type: 'paid-whole', of: 'story' },
  { name: 'between', column_type: 'whole', of: 'note' },
  {
    name: 'title',
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt: 'title {{ row }}: for {{ between }}, {{ free }}',
  },
  { name: 'after', column_type: 'whole', of: 'title' },
]

function createScene(name: string, meter: Meter): Scene {
  return {
    meter,
    session: {
      config: { ...modelsAt(meter.server.url), seed: 7, columns },
      rows,
      out: join(root, name),
      // Frames larger than what is in flight, so that a kill leaves some of their rows complete.
      runConfig: { buffer_size: frameRows, part_rows: 400 },
      receipts: join(root, `${name}.receipts`),
    },
  }
}

test('killed in the middle of frames, a run ends with the same bytes and pays no frame again', async () => {
  await using fast = await createMeter({ latencyMs: 0 })
  const whole = createScene('unkilled', fast)
  expect(await wholeSession(whole)).toMatchObject({ rows: { accepted: rows }, requests })

  await using meter = await createMeter({ latencyMs: 20 })
  const scene = createScene('killed', meter)
  const { out, receipts } = scene.session
  const losses = []
  const complete: number[] = []
  for (const share of [0.27, 0.5, 0.75]) {
    losses.push(await killedSession(scene, { request: share * requests }))
    const { cells, accepted } = readDurable(out)
    const titles = [...cells].filter((cell) => cell.startsWith('title '))
    complete.push(titles.length - accepted.size)
  }
  // The case that matters: rows that need nothing more, in frames of rows that do.
  expect(Math.max(...complete.map((count) => count % frameRows))).toBeGreaterThan(0)
  // Half-filled frames of a smaller group size: the frames are those of the first session.
  const result = await wholeSession({
    meter,
    session: { ...scene.session, runConfig: { buffer_size: 50, part_rows: 400 } },
  })
  expect(orphans(out)).toEqual([])
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows } })
  expect(datasetHashes(out)).toEqual(datasetHashes(whole.session.out))
  const sum = sumOf(losses)
  expect(meter.server.counts.requests).toBeLessThanOrEqual(requests + sum.requests)
  const paid = readFileSync(receipts, 'utf8').split('\n').length - 1
  expect(paid).toBeLessThanOrEqual(rows + sum.receipts)
})
