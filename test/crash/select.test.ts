import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import { isThorough } from '../support/thorough.ts'
import type { Session } from './child.ts'
import { modelsAt } from './model.ts'
import { startSession } from './process.ts'
import { testKinds } from './kinds.ts'

// A selection is killed in the middle and goes on: as many rows, the same ones, and nothing twice
// but what was on its way.

const target = isThorough ? 5_000 : 700
const slots = 32

const root = mkdtempSync(join(tmpdir(), 'rowsmith-select-kill-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** 37 of 100 rows, without an order. */
function isGood(row: number): boolean {
  return (Math.imul(row + 1, 0x9e3779b1) >>> 0) % 100 < 37
}

interface Scene {
  server: ModelServer
  session: Session
  onRequest: (mark: number, callback: () => void) => void
}

async function createScene(name: string): Promise<Scene & AsyncDisposable> {
  let awaited: { mark: number; callback: () => void } | null = null
  const server = await createModelServer({
    slots: 64,
    script({ number, prompt }) {
      if (awaited !== null && number >= awaited.mark) {
        awaited.callback()
        awaited = null
      }
      const row = Number(/\d+/.exec(prompt)?.[0])
      if (!prompt.startsWith('judge')) return { text: `tale of ${row}` }
      return { text: isGood(row) ? 'good' : 'bad' }
    },
  })
  const models = modelsAt(server.url)
  const columns = [
    { name: 'n', column_type: 'row-number' },
    { name: 'verdict', column_type: 'llm-text', model_alias: 'writer', prompt: 'judge {{ n }}' },
    { name: 'tale', column_type: 'llm-text', model_alias: 'writer', prompt: 'tale {{ n }}' },
  ]
  const select = { where: "{{ verdict == 'good' }}", target }
  return {
    server,
    session: {
      config: { ...models, seed: 11, columns, select },
      out: join(root, name),
      runConfig: { buffer_size: 100, part_rows: 500 },
      receipts: join(root, `${name}.receipts`),
    },
    onRequest: (mark, callback) => void (awaited = { mark, callback }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function rowsOf({ session }: Scene): Promise<unknown[]> {
  const plugins = [{ name: 'test', columns: testKinds('') }]
  await using dataset = await open(session.out, { plugins })
  const records = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

test(`exactly ${target} rows at 37 %, the same ones when the run is killed twice`, async () => {
  await using steady = await createScene('steady')
  expect((await startSession(steady.session).ended).by).toBe(0)
  const wanted = await rowsOf(steady)
  expect(wanted.length).toBe(target)
  const candidates = Number((wanted.at(-1) as { n: unknown }).n) + 1
  // A verdict for each candidate, and a tale for each that is accepted.
  const ideal = candidates + target
  expect(steady.server.counts.requests).toBeLessThanOrEqual(ideal + slots + 1)

  await using killed = await createScene('killed')
  let lost = 0
  for (const share of [0.3, 0.75]) {
    const before = killed.server.counts.requests
    const running = startSession(killed.session)
    killed.onRequest(Math.floor(ideal * share), () => running.process.kill('SIGKILL'))
    expect((await running.ended).by).toBe('SIGKILL')
    expect(killed.server.counts.requests).toBeGreaterThan(before)
    // What was in flight, what was answered within a batch of the ledger, and one that asks whether it is there.
    lost += slots + 256
  }
  expect((await startSession(killed.session).ended).by).toBe(0)
  expect(await rowsOf(killed)).toEqual(wanted)
  expect(killed.server.counts.requests).toBeLessThanOrEqual(ideal + slots + 3 + lost)
})
