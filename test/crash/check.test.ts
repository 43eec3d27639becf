import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkRun, create, open, type RunResult, start } from '../../src/index.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import { repetitions } from '../support/thorough.ts'
import { datasetHashes } from './run-folder.ts'

// Ranges of bytes of every kind of file are damaged in turn: a check finds each, a repair brings the run
// back, and what was good is not paid again.

const rows = 60
const partRows = 20
let root = ''
let template = ''
let copies = 0
let server: ModelServer
let hashes: Record<string, string> = {}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-check-'))
  server = await createModelServer({ script: ({ prompt }) => ({ text: `about ${prompt}` }) })
  template = join(root, 'template')
  await make(template)
  hashes = datasetHashes(template)
})
afterAll(async () => {
  await server.close()
  rmSync(root, { recursive: true })
})

function options(out: string) {
  return {
    config: {
      config: {
        model_providers: [{ name: 'local', endpoint: server.url }],
        model_configs: [
          { alias: 'writer', provider: 'local', model: 'test', skip_health_check: true },
        ],
        columns: [
          {
            name: 'number',
            column_type: 'sampler',
            sampler_type: 'uniform',
            params: { low: 1, high: 1_000_000 },
          },
          {
            name: 'story',
            column_type: 'llm-text',
            model_alias: 'writer',
            prompt: 'Story {{ number }}',
          },
        ],
      },
    },
    rows,
    seed: 5n,
    out,
    runConfig: { buffer_size: partRows, part_rows: partRows },
  }
}

const make = (out: string): Promise<RunResult> => create(options(out))

function newCopy(): string {
  copies += 1
  const folder = join(root, `copy ${copies}`)
  cpSync(template, folder, { recursive: true })
  return folder
}

/** Ranges all over a file, its ends among them: one byte, some, and many. */
function* rangesOf(size: number, count: number): Generator<{ from: number; to: number }> {
  for (let at = 0; at < count; at += 1) {
    const from = Math.min(size - 1, Math.floor((at * size) / (count - 1)))
    yield { from, to: Math.min(size, from + ([1, 60, 9000][at % 3] ?? 1)) }
  }
}

function damage(path: string, { from, to }: { from: number; to: number }): void {
  const bytes = readFileSync(path)
  for (let at = from; at < to; at += 1) bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
  writeFileSync(path, bytes)
}

async function requestsOf(work: () => Promise<unknown>): Promise<number> {
  const before = server.counts.requests
  await work()
  return server.counts.requests - before
}

/** The run continues, is whole, and has the records it had. */
async function expectBack(folder: string, requests: number, what: string): Promise<void> {
  expect(await requestsOf(() => make(folder)), what).toBe(requests)
  expect(datasetHashes(folder), what).toEqual(hashes)
  expect((await checkRun(folder)).ok, what).toBe(true)
}

test('a run that is whole is found whole, also while a process works on it', async () => {
  expect(await checkRun(template)).toMatchObject({
    ok: true,
    ledger: { damage: null, bytesCompared: true, copy: 'whole', beside: null },
    files: {
      parts: { files: 3, damaged: [] },
      dataset: { files: 1, damaged: [] },
      media: { files: 0, damaged: [] },
    },
    rows: { requested: rows, accepted: rows, remaining: 0 },
    repaired: null,
  })
  const out = join(root, 'at work')
  await using run = await start(options(out))
  expect(await checkRun(out)).toMatchObject({ ok: true, ledger: { bytesCompared: false } })
  await expect(checkRun(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'run-missing' })
  await run.finished
})

test('no range of bytes of the ledger is damaged unnoticed, and all of it comes back', async () => {
  const size = readFileSync(join(template, 'ledger.sqlite')).length
  const count = repetitions({ all: 60, some: 9 })
  for (const [at, range] of [...rangesOf(size, count)].entries()) {
    const what = `bytes ${range.from} to ${range.to}`
    const folder = newCopy()
    damage(join(folder, 'ledger.sqlite'), range)
    const found = await checkRun(folder)
    expect(found, what).toMatchObject({ ok: false, files: null, ledger: { copy: 'whole' } })
    const repaired = await checkRun(folder, { repair: true })
    expect(repaired, what).toMatchObject({
      ok: true,
      rows: { accepted: rows, remaining: 0 },
      repaired: { damagedLedger: 'ledger.damaged-1.sqlite', rows: 0, cells: [], lost: [] },
    })
    if (at % 4 === 0) await expectBack(folder, 0, what)
    rmSync(folder, { recursive: true })
  }
}, 240_000)

test('no range of bytes of a part is damaged unnoticed, and only its rows are paid again', async () => {
  const names = readdirSync(join(template, 'parts')).sort()
  const count = repetitions({ all: 20, some: 3 })
  for (const [number, name] of names.entries()) {
    const size = readFileSync(join(template, 'parts', name)).length
    for (const [at, range] of [...rangesOf(size, count)].entries()) {
      const what = `${name}, bytes ${range.from} to ${range.to}`
      const folder = newCopy()
      damage(join(folder, 'parts', name), range)
      const path = join('parts', name)
      expect((await checkRun(folder)).files?.parts, what).toEqual({
        files: 3,
        damaged: [{ part: number, path, problem: 'damaged' }],
      })
      const repaired = await checkRun(folder, { repair: true })
      expect(repaired, what).toMatchObject({
        ok: true,
        rows: { accepted: rows - partRows, remaining: partRows },
        repaired: { rows: partRows, cells: [{ column: 'story', cells: partRows }], lost: [] },
      })
      if (at === number) await expectBack(folder, partRows, what)
      rmSync(folder, { recursive: true })
    }
  }
}, 240_000)

test('a damaged dataset, copy, checksum or media file is found, and what can be made again is', async () => {
  const folder = newCopy()
  damage(join(folder, 'data', readdirSync(join(folder, 'data'))[0] as string), { from: 90, to: 91 })
  damage(join(folder, 'ledger.copy.sqlite'), { from: 5000, to: 5001 })
  expect(await checkRun(folder)).toMatchObject({
    ok: false,
    ledger: { damage: null, copy: 'damaged', beside: 'ledger.copy.sqlite is damaged or missing' },
    files: { dataset: { files: 1, damaged: [{ problem: 'damaged' }] } },
  })
  expect(await checkRun(folder, { repair: true })).toMatchObject({
    ok: true,
    repaired: { rows: 0 },
  })
  await expectBack(folder, 0, 'the dataset')

  for (const content of ['', '{"closed": true}', '{"closed":true,"sha256":"00"}\n']) {
    writeFileSync(join(folder, 'ledger.sum.json'), content)
    const found = await checkRun(folder)
    expect(found, content).toMatchObject({ ok: false, ledger: { damage: null } })
    expect(await checkRun(folder, { repair: true }), content).toMatchObject({ ok: true })
  }

  const sha256 = createHash('sha256').update('picture').digest('hex')
  const path = `media/${sha256.slice(0, 2)}/${sha256}.png`
  const ledger = new DatabaseSync(join(folder, 'ledger.sqlite'))
  ledger.prepare('INSERT INTO media VALUES (?, ?)').run(path, 7)
  ledger.close()
  await (await open(folder)).export({ to: join(root, 'closes.jsonl') })
  expect((await checkRun(folder)).files?.media.damaged).toEqual([{ path, problem: 'gone' }])
  mkdirSync(join(folder, 'media', sha256.slice(0, 2)), { recursive: true })
  writeFileSync(join(folder, path), 'pictured')
  expect((await checkRun(folder)).files?.media.damaged).toEqual([{ path, problem: 'damaged' }])
  expect(await checkRun(folder, { repair: true })).toMatchObject({
    ok: false,
    repaired: { lost: [expect.stringContaining('Media files')] },
  })
  writeFileSync(join(folder, path), 'picture')
  expect((await checkRun(folder)).ok).toBe(true)
})

test('the ledger of a run that was killed comes back as it was closed last, or is refused', async () => {
  const folder = newCopy()
  const sum = join(folder, 'ledger.sum.json')
  writeFileSync(sum, readFileSync(sum, 'utf8').replace('true', 'false'))
  expect(await checkRun(folder)).toMatchObject({
    ok: true,
    ledger: { bytesCompared: false, copy: 'older' },
  })
  damage(join(folder, 'ledger.sqlite'), { from: 8192, to: 12_000 })
  expect(await checkRun(folder)).toMatchObject({ ok: false, ledger: { copy: 'older' } })
  expect(await checkRun(folder, { repair: true })).toMatchObject({
    ok: true,
    repaired: { lost: [expect.stringContaining('older')] },
  })
  await expectBack(folder, 0, 'a killed run')

  damage(join(folder, 'ledger.sqlite'), { from: 0, to: 100 })
  rmSync(join(folder, 'ledger.copy.sqlite'))
  await expect(checkRun(folder, { repair: true })).rejects.toMatchObject({
    code: 'ledger-corrupt',
    message: expect.stringContaining('ledger.copy.sqlite is not there'),
  })
})
