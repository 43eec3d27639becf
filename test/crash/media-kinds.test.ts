import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createModelServer, type ServerCall } from '../../src/testing/model-server.ts'
import type { Session } from './child.ts'
import { startSession } from './process.ts'
import { type CellName, datasetHashes, orphans, readDurable } from './run-folder.ts'

const rows = 240
const kills = 5

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-media-kinds-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function sessionOf(
  name: string,
  url: string,
  { columns, type }: { columns: object[]; type: string },
): Session {
  return {
    config: {
      seed: 5,
      model_providers: [{ name: 'local', endpoint: url }],
      model_configs: [
        {
          alias: 'maker',
          model: type === 'image' ? 'gpt-image-1' : 'test',
          provider: 'local',
          skip_health_check: true,
          inference_parameters: { generation_type: type, max_parallel_requests: 4 },
        },
      ],
      columns: [{ name: 'row', column_type: 'row-number' }, ...columns],
    },
    rows,
    out: join(root, name),
    runConfig: { buffer_size: 60, part_rows: 120, disable_early_shutdown: true },
    receipts: join(root, `${name}.receipts`),
  }
}

/** Runs a config to its end once without kills and once over several; the cells are what is asked for. */
async function expectNothingPaidTwice(
  name: string,
  {
    cellsOf,
    ...config
  }: { columns: object[]; type: string; cellsOf: (call: ServerCall) => CellName[] },
): Promise<Session> {
  let asked: CellName[] = []
  let kill: { mark: number; callback: () => void } | null = null
  await using server = await createModelServer({
    script(call) {
      asked.push(...cellsOf(call))
      if (kill !== null && asked.length >= kill.mark) {
        kill.callback()
        kill = null
      }
      return { delayMs: 5 }
    },
  })
  const plain = sessionOf(`${name}-unkilled`, server.url, config)
  expect(await startSession(plain).ended).toMatchObject({ by: 0, stderr: '' })
  const all = asked.length

  const session = sessionOf(`${name}-killed`, server.url, config)
  for (let number = 0; number <= kills; number += 1) {
    const before = existsSync(join(session.out, 'ledger.sqlite'))
      ? readDurable(session.out).cells
      : new Set<CellName>()
    asked = []
    const running = startSession(session)
    if (number < kills) {
      kill = { mark: Math.ceil(all / (kills + 2)), callback: () => running.process.kill('SIGKILL') }
    }
    const ended = await running.ended
    kill = null
    expect(ended).toMatchObject({ stderr: '' })
    while (server.counts.inFlight > 0) await setTimeout(20)
    expect(asked.filter((cell) => before.has(cell))).toEqual([])
    if (ended.by === 0) break
  }
  expect(orphans(session.out)).toEqual([])
  expect(datasetHashes(session.out)).toEqual(datasetHashes(plain.out))
  return session
}

test('killed among batches of embeddings, no vector that was written down is asked for again', async () => {
  const { out } = await expectNothingPaidTwice('vectors', {
    type: 'embedding',
    columns: [
      { name: 'word', column_type: 'expression', expr: 'near {{ row }}' },
      {
        name: 'near',
        column_type: 'embedding',
        target_column: 'word',
        model_alias: 'maker',
        batch_size: 8,
      },
    ],
    cellsOf: ({ prompt }) => prompt.split('\n') as CellName[],
  })
  expect(readDurable(out).accepted.size).toBe(rows)
}, 120_000)
