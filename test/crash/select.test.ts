import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { isThorough } from '../support/thorough.ts'
import { killedSession, type Loss, type Scene, sumOf, textOfLosses, wholeSession } from './kills.ts'
import { testKinds } from './kinds.ts'
import { createMeter, modelsAt } from './model.ts'
import type { CellName } from './run-folder.ts'

// A selection is killed in the middle and continues: as many rows, the same ones, and nothing twice
// but what was in flight.

const target = isThorough ? 5_000 : 300
const slots = 32

const root = mkdtempSync(join(tmpdir(), 'rowsmith-select-kill-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** 37 of 100 rows, without an order. */
function isGood(row: number): boolean {
  return (Math.imul(row + 1, 0x9e3779b1) >>> 0) % 100 < 37
}

function answerTo(cell: CellName): string {
  const [column, row] = cell.split(' ')
  if (column === 'verdict') return isGood(Number(row)) ? 'good' : 'bad'
  return `tale of ${row}`
}

async function createScene(name: string, latencyMs: number): Promise<Scene & AsyncDisposable> {
  const meter = await createMeter({ latencyMs, answerTo })
  const text = (column: string): object => ({
    name: column,
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt: `${column} {{ n }}: please`,
  })
  const columns = [{ name: 'n', column_type: 'row-number' }, text('verdict'), text('tale')]
  const select = { where: "{{ verdict == 'good' }}", target }
  return {
    meter,
    session: {
      config: { ...modelsAt(meter.server.url, slots), seed: 11, columns, select },
      out: join(root, name),
      runConfig: { buffer_size: 100, part_rows: 500 },
      receipts: join(root, `${name}.receipts`),
    },
    [Symbol.asyncDispose]: () => meter[Symbol.asyncDispose](),
  }
}

async function recordsOf({ session }: Scene): Promise<unknown[]> {
  const plugins = [{ name: 'test', columns: testKinds('') }]
  await using dataset = await open(session.out, { plugins })
  const records = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

test(`exactly ${target} rows at 37 %, the same ones when the run is killed twice`, async () => {
  await using steady = await createScene('steady', 0)
  await wholeSession(steady)
  const wanted = await recordsOf(steady)
  expect(wanted.length).toBe(target)
  const candidates = Number((wanted.at(-1) as { n: unknown }).n) + 1
  // A verdict for each candidate, and a tale for each that is accepted.
  const ideal = candidates + target
  expect(steady.meter.server.counts.requests).toBeLessThanOrEqual(ideal + slots)

  // Slow enough that an answer is in the ledger long before the next one comes.
  await using killed = await createScene('killed', 20)
  const losses: Loss[] = []
  for (const share of [0.3, 0.75]) {
    losses.push(await killedSession(killed, { request: Math.floor(ideal * share) }))
  }
  await wholeSession(killed)
  expect(await recordsOf(killed)).toEqual(wanted)
  const { requests } = killed.meter.server.counts
  console.log(`selection killed: ${textOfLosses(losses)}; ${requests} requests, ideal ${ideal}`)
  for (const { inFlight, uncommitted } of losses) {
    expect(inFlight).toBeLessThanOrEqual(slots)
    // A quarter of a second of a server that answers so many requests in 20 ms.
    expect(uncommitted).toBeLessThanOrEqual(slots * 12)
  }
  // What is being made beyond the last row that is wanted, once.
  expect(requests).toBeLessThanOrEqual(ideal + sumOf(losses).requests + slots)
})
