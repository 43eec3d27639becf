import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { create } from '../../src/index.ts'
import { start } from '../../src/run/run.ts'
import { isThorough } from '../support/thorough.ts'
import { type Kill, killedSession, type Loss, sumOf, wholeSession } from './kills.ts'
import { testKinds } from './kinds.ts'
import { createMeter, modelsAt } from './model.ts'
import { datasetHashes, orphans } from './run-folder.ts'

// An edit whose process is killed: nothing is paid twice but what was in flight, and the bytes are those of
// an edit that was never killed, and of a run that began with the edited config.

const root = mkdtempSync(join(tmpdir(), 'rowsmith-edit-kill-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const rows = isThorough ? 2_000 : 400
const slots = 16

function text(name: string, prompt: string): object {
  return {
    name,
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt: `${name} {{ row }}: ${prompt}`,
  }
}

const row = { name: 'row', column_type: 'row-number' }
const verse = text('verse', 'a verse')
const title = text('title', 'a title for {{ story }}')
const before = [row, verse, text('story', 'a story'), title]
const after = [row, verse, text('story', 'a short story'), title]

function sessionOf(name: string, url: string, columns: readonly object[]) {
  return {
    config: { ...modelsAt(url, slots), seed: 11, columns },
    rows,
    out: join(root, name),
    runConfig: { buffer_size: 50, part_rows: rows / 4 },
    receipts: join(root, `${name}.receipts`),
    edit: true,
  }
}

function optionsOf({ receipts, config, ...session }: ReturnType<typeof sessionOf>) {
  return {
    ...session,
    config: { config },
    plugins: [{ name: 'test', columns: testKinds(receipts) }],
  }
}

const kills: Kill[] = isThorough
  ? [
      { event: 'config-changed' },
      { event: 'run-opened' },
      { request: 0.1 },
      { event: 'ledger-committed' },
      { request: 0.4 },
      { event: 'part-file-written' },
      { request: 0.7 },
      { event: 'part-committed' },
      { request: 0.95 },
    ]
  : [{ request: 0.4 }]

test('an edit that is killed is paid for once, and ends with the bytes of one that was not', async () => {
  await using fast = await createMeter({ latencyMs: 0 })
  const first = sessionOf('first', fast.server.url, before)
  await create({ ...optionsOf(first), edit: false })
  expect(fast.server.counts.requests).toBe(3 * rows)
  const killed = join(root, 'killed')
  cpSync(first.out, killed, { recursive: true })
  await create(optionsOf({ ...sessionOf('first', fast.server.url, after) }))
  expect(fast.server.counts.requests).toBe(5 * rows)
  const expected = datasetHashes(first.out)

  // As fast as a batch of the ledger is written, more or less: what is lost is what is in flight.
  await using meter = await createMeter({ latencyMs: 20 })
  const session = sessionOf('killed', meter.server.url, after)
  const scene = { session, meter }
  if (!isThorough) {
    await using run = await start(optionsOf(session))
    run.abort()
    await run.finished
    await meter.settled()
  }
  const begun = meter.server.counts.requests
  const losses: Loss[] = []
  for (const kill of kills) {
    const at = 'request' in kill ? { request: begun + Math.floor(kill.request * 2 * rows) } : kill
    losses.push(await killedSession(scene, at))
    expect(meter.asked.filter((cell) => cell.startsWith('verse'))).toEqual([])
  }
  const result = await wholeSession(scene)
  expect(result.rows).toMatchObject({ accepted: rows, remaining: 0 })
  expect(datasetHashes(killed)).toEqual(expected)
  expect(orphans(killed)).toEqual([])
  for (const { inFlight, uncommitted } of losses) {
    expect(inFlight).toBeLessThanOrEqual(slots)
    // A quarter of a second of a server that answers so many requests in 20 ms.
    expect(uncommitted).toBeLessThanOrEqual(slots * 12)
  }
  const requests = meter.server.counts.requests - begun
  expect(requests).toBeLessThanOrEqual(2 * rows + sumOf(losses).requests)

  // Undone, nothing is asked for: what the edit replaced is there.
  const asked = meter.server.counts.requests
  await create(optionsOf(sessionOf('killed', meter.server.url, before)))
  expect(meter.server.counts.requests).toBe(asked)

  const plain = await create({
    ...optionsOf(sessionOf('plain', fast.server.url, after)),
    edit: false,
  })
  expect(datasetHashes(plain.dir)).toEqual(expected)
})
