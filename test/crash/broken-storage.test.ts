import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, type RunEvent, type RunOptions } from '../../src/index.ts'
import type { Problem } from '../../src/config/problem.ts'
import { createMeter, modelsAt } from './model.ts'
import { readDurable } from './run-folder.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-broken-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const rows = 3_000

function storiesAt(url: string, out: string, onEvent: (event: RunEvent) => void): RunOptions {
  return {
    config: {
      config: {
        ...modelsAt(url),
        seed: 1,
        columns: [
          { name: 'number', column_type: 'sampler', sampler_type: 'uuid', params: {} },
          {
            name: 'story',
            column_type: 'llm-text',
            model_alias: 'writer',
            prompt: 'story {{ number }}: about it',
          },
        ],
      },
    },
    rows,
    out,
    runConfig: { buffer_size: 25, part_rows: 100 },
    onEvent,
  }
}

test('parts that can not be written lose no answer, those in flight included', async () => {
  await using meter = await createMeter({ latencyMs: 60 })
  const out = join(root, 'parts')
  const parts = join(out, 'parts')
  const run = (onEvent: (event: RunEvent) => void) =>
    create(storiesAt(meter.server.url, out, onEvent))
  // A file in the place of the folder, as soon as there is a run folder.
  const broken = run(({ type }) => {
    if (type === 'run-opened') writeFileSync(parts, '')
  })
  await expect(broken).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringContaining(parts),
  })
  const asked = meter.server.counts.requests
  expect(asked).toBeLessThan(rows)
  expect(readDurable(out).cells.size).toBe(asked)
  rmSync(parts)
  expect(await run(() => undefined)).toMatchObject({ rows: { accepted: rows } })
  expect(meter.server.counts.requests).toBe(rows)
})

test('a summary that can not be written is reported, and the dataset stands', async () => {
  const out = join(root, 'summary')
  const problems: Problem[] = []
  const result = await create({
    config: {
      config: {
        columns: [{ name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} }],
      },
    },
    rows: 5,
    out,
    onEvent(event) {
      // A folder can't be replaced by a file.
      if (event.type === 'run-opened') mkdirSync(join(out, 'run.json', 'mine'), { recursive: true })
      if (event.type === 'warning') problems.push(event.problem)
    },
  })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 5 } })
  expect(problems).toMatchObject([
    {
      code: 'summary-not-written',
      message: expect.stringMatching(/^The summary of the run could not be written: .*run\.json/),
    },
  ])
  expect(readdirSync(join(out, 'data'))).toEqual(['train-00000-of-00001.parquet'])
  expect(readdirSync(out)).not.toContain('run.json.tmp')
})
