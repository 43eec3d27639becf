import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, open } from '../../src/index.ts'
import { createMeter, modelsAt } from './model.ts'
import { startCli } from './process.ts'
import { datasetHashes, orphans, readDurable } from './run-folder.ts'

const rows = 2_000
const requests = 2 * rows

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-interrupt-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const columns = [
  { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
  {
    name: 'story',
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt: 'story of {{ id }}',
  },
  {
    name: 'title',
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt: 'title of {{ id }}, which is {{ story }}',
  },
]
const runConfig = { buffer_size: 100, part_rows: 500 }

/** Config files in a separate folder, and the command line that makes their dataset. */
function createCommand(name: string, url: string): { out: string; parameters: string[] } {
  // JSON is YAML.
  const config = join(root, `${name}.json`)
  writeFileSync(config, JSON.stringify({ ...modelsAt(url), seed: 3, columns }))
  const runFile = join(root, `${name}.run.yaml`)
  writeFileSync(runFile, JSON.stringify(runConfig))
  const out = join(root, name)
  const parameters = ['create', config, '-n', String(rows), '--out', out, '--run-config', runFile]
  return { out, parameters: [...parameters, '--json'] }
}

/** LLM cells the run folder holds. */
function paidCells(out: string): number {
  return [...readDurable(out).cells].filter((cell) => /^(story|title) /.test(cell)).length
}

test('Ctrl-C while 64 requests are in flight keeps their answers; the run continues for no more', async () => {
  // The 64 before the signal take their time, so that a busy machine finds them in flight too.
  await using meter = await createMeter({
    latencyMs: ({ number }) => (number >= 1_436 && number < 1_500 ? 800 : 50),
  })
  const { server } = meter
  const { out, parameters } = createCommand('interrupted', server.url)
  const running = startCli(parameters)
  let onTheWire = 0
  meter.onRequest(1_500, () => {
    onTheWire = server.counts.inFlight
    running.process.kill('SIGINT')
  })
  const ended = await running.ended
  expect(ended, `it said: ${ended.stderr}`).toMatchObject({
    by: 130,
    stdout: expect.stringMatching(/^\{.*\}\n$/),
  })
  expect(ended.stderr).toContain('Stopping: ')
  expect(onTheWire).toBeGreaterThan(32)
  expect(server.counts.requests).toBeLessThan(1_500 + 128)
  expect(server.counts.abandoned).toBe(0)
  expect(paidCells(out)).toBe(server.counts.requests)
  expect(JSON.parse(ended.stdout)).toMatchObject({ dir: out, requests: server.counts.requests })

  const goneOn = await startCli(parameters).ended
  expect(goneOn, `it said: ${goneOn.stderr}`).toMatchObject({ by: 0 })
  expect(orphans(out)).toEqual([])
  expect(JSON.parse(goneOn.stdout)).toMatchObject({
    rows: { accepted: rows, remaining: 0 },
    requests,
  })
  expect(server.counts.requests).toBe(requests)

  await using fast = await createMeter({ latencyMs: 0 })
  const whole = join(root, 'whole')
  const config = { ...modelsAt(fast.server.url), seed: 3, columns }
  await create({ config: { config }, rows, out: whole, runConfig })
  expect(datasetHashes(out)).toEqual(datasetHashes(whole))
  await using dataset = await open(out)
  const ids = new Set<unknown>()
  for await (const { id } of dataset.records()) ids.add(id)
  expect(ids.size).toBe(rows)
})

test('a second Ctrl-C gives up what is in flight at once; what was answered is kept', async () => {
  const slowMs = 60_000
  // Answers at once until the requests that are to be hanging.
  await using meter = await createMeter({ latencyMs: ({ number }) => (number < 200 ? 0 : slowMs) })
  const { server } = meter
  const { out, parameters } = createCommand('twice', server.url)
  const running = startCli(parameters)
  await new Promise<void>((resolve, reject) => {
    meter.onRequest(264, resolve)
    running.ended.then(({ stderr }) => reject(new Error(`it ended too early: ${stderr}`)), reject)
  })
  const stderr = running.process.stderr
  if (stderr === null) throw new Error('the process has no stderr')
  const stopping = new Promise<void>((resolve) => {
    stderr.on('data', (text: string) => {
      if (text.includes('Stopping: ')) resolve()
    })
  })
  running.process.kill('SIGINT')
  await stopping
  const pressed = performance.now()
  running.process.kill('SIGINT')
  const ended = await running.ended
  const took = performance.now() - pressed
  expect(ended, `it said: ${ended.stderr}`).toMatchObject({ by: 130 })
  expect(ended.stderr).toContain('Discarding the requests in flight.')
  expect(took).toBeLessThan(slowMs / 2)
  await meter.settled()
  expect(server.counts.requests).toBe(264)
  expect(paidCells(out)).toBe(200)
})
