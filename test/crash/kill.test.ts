import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { killedSession, type Loss, type Scene, sumOf, textOfLosses, wholeSession } from './kills.ts'
import { createMeter, modelsAt } from './model.ts'
import { type CellName, datasetHashes, orphans, readDurable } from './run-folder.ts'
import { isThorough } from '../support/thorough.ts'

const rows = 2_000
const partRows = 500
const requests = 2 * rows

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-kill-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const sampled = [
  { name: 'row', column_type: 'row-number' },
  {
    name: 'topic',
    column_type: 'sampler',
    sampler_type: 'category',
    params: { values: ['rivers', 'bridges', 'kettles'], weights: [1, 2, 3] },
  },
]
const story = {
  name: 'story',
  column_type: 'llm-text',
  model_alias: 'writer',
  prompt: 'story {{ row }}: write about {{ topic }}',
}
const title = {
  name: 'title',
  column_type: 'llm-text',
  model_alias: 'writer',
  prompt: 'title {{ row }}: for {{ story }}',
}
const note = { name: 'note', column_type: 'paid', of: 'topic' }
const noted = { ...story, prompt: 'story {{ row }}: write about {{ topic }}, {{ note }}' }

const graphs = {
  'two chained LLM columns': [...sampled, story, title],
  'a paid local column before two LLM columns': [...sampled, note, noted, title],
}

/** A run in a separate folder against a new server. */
async function createScene(
  name: string,
  columns: readonly object[],
  meterOptions: Parameters<typeof createMeter>[0],
): Promise<Scene> {
  const meter = await createMeter(meterOptions)
  return {
    meter,
    session: {
      config: { ...modelsAt(meter.server.url), seed: 11, columns },
      rows,
      out: join(root, name),
      runConfig: { buffer_size: 100, part_rows: partRows },
      receipts: join(root, `${name}.receipts`),
    },
  }
}

/** The dataset of a run that nothing happens to; what a prompt is answered does not take time. */
async function unkilled(name: string, columns: readonly object[]): Promise<Record<string, string>> {
  const scene = await createScene(`${name} unkilled`, columns, { latencyMs: 0 })
  await using _ = scene.meter
  const result = await wholeSession(scene)
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows }, requests })
  return datasetHashes(scene.session.out)
}

async function expectEveryRowOnce(directory: string): Promise<void> {
  await using dataset = await open(directory)
  const found: unknown[] = []
  for await (const { row } of dataset.records()) found.push(row)
  expect(found).toEqual(Array.from({ length: rows }, (_, row) => row))
}

/** The requests of the whole run against what its kills cost, and the line that tells of it. */
function expectBounded(name: string, planned: number, { meter }: Scene, losses: readonly Loss[]) {
  const sum = sumOf(losses)
  const total = meter.server.counts.requests
  console.log(
    `kill test, ${name}: ${textOfLosses(losses)}; sum ${sum.requests}; ${total} requests in total, at most ${planned} + ${sum.requests}`,
  )
  expect(total).toBeLessThanOrEqual(planned + sum.requests)
  for (const { inFlight, uncommitted } of losses) {
    expect(inFlight).toBeLessThanOrEqual(64)
    // Half a second of a server that answers 64 requests in 50 ms.
    expect(uncommitted).toBeLessThanOrEqual(640)
  }
}

test('killed at 20, 50 and 80 %, before a commit and in the join, a run ends as if it never was', async () => {
  const name = 'two chained LLM columns'
  const expected = await unkilled(name, graphs[name])
  const scene = await createScene(name, graphs[name], { latencyMs: 50 })
  await using _ = scene.meter
  const losses: Loss[] = []
  for (const kill of [
    { request: 0.2 * requests },
    { event: 'part-file-written' },
    { request: 0.5 * requests },
    { request: 0.8 * requests },
    { event: 'join-file-written' },
  ] as const) {
    losses.push(await killedSession(scene, kill))
  }
  const result = await wholeSession(scene)
  const { out } = scene.session
  expect(orphans(out)).toEqual([])
  expect(result).toMatchObject({
    end: { kind: 'complete' },
    rows: { requested: rows, accepted: rows, nullKept: 0, dropped: 0, rejected: 0, remaining: 0 },
  })
  expect(readDurable(out).partFiles).toHaveLength(rows / partRows)
  expect(datasetHashes(out)).toEqual(expected)
  await expectEveryRowOnce(out)
  expectBounded(name, requests, scene, losses)
}, 120_000)

test.runIf(isThorough)(
  '… and with paid local cells and dropped rows that are retried, no paid sibling is paid again',
  async () => {
    const name = 'a paid local column before two LLM columns'
    const expected = await unkilled(name, graphs[name])
    const refused: CellName[] = ['title 123', 'story 777', 'title 1555']
    const scene = await createScene(name, graphs[name], { latencyMs: 50, refused })
    const { meter, session } = scene
    await using _ = meter
    const losses: Loss[] = []
    for (const kill of [
      { request: 0.2 * requests },
      { event: 'part-file-written' },
      { request: 0.5 * requests },
      { request: 0.8 * requests },
      { event: 'join-started' },
    ] as const) {
      losses.push(await killedSession(scene, kill))
    }
    const withDrops = await wholeSession(scene)
    expect(withDrops.rows).toMatchObject({ accepted: rows - 3, dropped: 3, remaining: 0 })
    const atDrops = readDurable(session.out)
    expect([...atDrops.failures].sort()).toEqual([...refused].sort())
    expect([...atDrops.absent].sort((a, b) => a - b)).toEqual([123, 777, 1555])
    const siblings = ['note 123', 'note 1555', 'note 777', 'story 123', 'story 1555'] as const
    expect([...atDrops.cells]).toEqual(expect.arrayContaining([...siblings]))

    // The title of row 777 was never asked for: its story was refused.
    meter.refusing = false
    const retry = { meter, session: { ...session, retryDropped: true } }
    losses.push(await killedSession(retry, { event: 'part-file-written' }))
    const askedBefore = meter.asked
    const result = await wholeSession(scene)
    const retried = new Set([...askedBefore, ...meter.asked])
    expect([...retried].sort()).toEqual(['story 777', 'title 123', 'title 1555', 'title 777'])
    expect(orphans(session.out)).toEqual([])
    expect(result).toMatchObject({
      end: { kind: 'complete' },
      rows: { requested: rows, accepted: rows, nullKept: 0, dropped: 0, rejected: 0, remaining: 0 },
    })
    expect(datasetHashes(session.out)).toEqual(expected)
    await expectEveryRowOnce(session.out)
    // Three more than there are cells: the refusals, each asked for again.
    expectBounded(name, requests + refused.length, scene, losses)
  },
  120_000,
)
