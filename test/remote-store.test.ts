import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { create, start } from '../src/index.ts'
import type { GroupSource } from '../src/plan/group-source.ts'
import { createPartQueue, type PartQueue } from '../src/plan/part-queue.ts'
import { RowSet } from '../src/plan/row-set.ts'
import { defaultRunConfig } from '../src/config/run-config.ts'
import { bindGenerators } from '../src/rows/bind.ts'
import { createEngine } from '../src/run/engine.ts'
import { prepare } from '../src/check/prepare.ts'
import { createRoutes } from '../src/run/create-routes.ts'
import type { SchedulerEnd } from '../src/scheduler/stopping.ts'
import { scriptedProvider } from '../src/testing/index.ts'
import { systemClock } from '../src/util/clock.ts'
import { connectStore, type RemoteStore } from './support/remote-store.ts'

// The engine asks its store through a port: here another process has the run folder open, and two
// engines share the parts of one run, as two machines would.

const folder = mkdtempSync(join(tmpdir(), 'rowsmith-remote-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const rows = 70
const seed = 5n
const runConfig = { buffer_size: 10, part_rows: 20 }
const config = {
  model_providers: [{ name: 'p', provider_type: 'scripted', endpoint: 'http://example.invalid' }],
  model_configs: [
    {
      alias: 'm',
      provider: 'p',
      model: 'x',
      skip_health_check: true,
      inference_parameters: { max_parallel_requests: 4 },
    },
  ],
  columns: [
    { column_type: 'sampler', name: 'size', sampler_type: 'uniform', params: { low: 0, high: 9 } },
    { column_type: 'llm-text', name: 'first', model_alias: 'm', prompt: 'first {{ size }}' },
    {
      column_type: 'llm-text',
      name: 'second',
      model_alias: 'm',
      prompt: 'second {{ first }}',
      on_failure: 'null',
    },
    { column_type: 'expression', name: 'whole', expr: '{{ first }} / {{ second }}' },
  ],
}

function model() {
  return scriptedProvider(({ prompt }) =>
    // Some answers are refused: failures cross too.
    prompt.startsWith('second <first 7')
      ? { status: 400, message: 'no sevens' }
      : { text: `<${prompt}>`, delayMs: 2 },
  )
}

async function emptyRun(name: string): Promise<string> {
  const out = join(folder, name)
  const controller = new AbortController()
  const run = await start({
    config: { config },
    out,
    rows,
    seed,
    runConfig,
    plugins: [{ name: 'test', providers: [model()] }],
    signal: controller.signal,
    // Before anything is sent.
    onEvent: ({ type }) => type === 'run-opened' && controller.abort(),
  })
  await run.finished
  return out
}

async function datasetOf(out: string): Promise<string> {
  const provider = model()
  const { files } = await create({
    config: { config },
    out,
    rows,
    seed,
    runConfig,
    plugins: [{ name: 'test', providers: [provider] }],
  })
  expect(provider.calls.length, 'requests of a run of which everything is there').toBe(0)
  const hash = createHash('sha256')
  for (const { path } of files) hash.update(await readFile(path))
  return hash.digest('hex')
}

/** Answers that a run folder holds: in its ledger, and two in each row of a part. */
function durableAnswers(out: string): number {
  const ledger = new DatabaseSync(join(out, 'ledger.sqlite'), { readOnly: true })
  const cells = ledger.prepare('SELECT count(*) AS count FROM cell').get()
  const parts = ledger.prepare('SELECT ifnull(sum(accepted), 0) AS count FROM part').get()
  ledger.close()
  return Number(cells?.['count']) + 2 * Number(parts?.['count'])
}

/** Hands the parts of a run to whoever is done with the one before. */
function handOut(queues: readonly PartQueue[], parts: readonly number[]): (queue: number) => void {
  const rest = [...parts]
  return (queue) => {
    const part = rest.shift()
    if (part === undefined) queues[queue]?.end()
    else queues[queue]?.add(part)
  }
}

/** One engine per queue, all on one store; answers how each ended. */
async function work(
  store: RemoteStore,
  provider: ReturnType<typeof scriptedProvider>,
  engines: number,
): Promise<PromiseSettledResult<SchedulerEnd>[]> {
  const queues: PartQueue[] = []
  const decided = RowSet.fromIntervals(store.decided)
  const open = [0, 1, 2, 3].filter((part) => {
    const end = Math.min(20 * (part + 1), rows)
    return decided.intersect(20 * part, end).count < end - 20 * part
  })
  const next = handOut(queues, open)
  await using prepared = await prepare({
    config: { config },
    environment: {},
    clock: systemClock,
    plugins: [{ name: 'test', providers: [provider] }],
    signal: new AbortController().signal,
  })
  const { graph, models } = prepared
  const schedulers = await Promise.all(
    Array.from({ length: engines }, (_, at) =>
      createEngine({
        clock: systemClock,
        store: {
          ...store,
          async writePart(content) {
            await store.writePart(content)
            next(at)
          },
        },
        decided,
        graph,
        generators: bindGenerators({
          graph,
          runSeed: seed,
          models: prepared.dataset.models,
          seed: null,
        }),
        seed: null,
        runConfig: { ...defaultRunConfig, ...runConfig },
        routes: createRoutes(models, {
          admission: defaultRunConfig.request_admission,
          waitsForFailing: true,
        }),
        identityOf: () => null,
        send: (route, request, signal) => models.send(route, request, signal),
        settleOnly: false,
        source(plan, options): GroupSource {
          const queue = createPartQueue(plan, options)
          queues[at] = queue
          return queue
        },
        onEvent: () => undefined,
      }),
    ),
  )
  const ended = Promise.allSettled(schedulers.map((scheduler) => scheduler.run()))
  schedulers.forEach((_, at) => next(at))
  return ended
}

test('two engines share the parts of a run that another process has open', async () => {
  const local = join(folder, 'local')
  const localModel = model()
  await create({
    config: { config },
    out: local,
    rows,
    seed,
    runConfig,
    plugins: [{ name: 'test', providers: [localModel] }],
  })

  const out = await emptyRun('shared')
  const store = await connectStore(out)
  const provider = model()
  const complete = { status: 'fulfilled', value: { kind: 'complete' } }
  expect(await work(store, provider, 2)).toEqual([complete, complete])
  await store.close()

  expect(provider.calls.length).toBe(localModel.calls.length)
  expect(await datasetOf(out)).toBe(await datasetOf(local))
})

test('a store that is killed ends the engine; what was durable is not paid again', async () => {
  const out = await emptyRun('killed')
  const killed = await connectStore(out)
  let answers = 0
  const first = scriptedProvider(({ prompt }) => {
    answers += 1
    if (answers === 60) killed.process.kill('SIGKILL')
    return { text: `<${prompt}>`, delayMs: 2 }
  })
  const [ended] = await work(killed, first, 1)
  expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'storage-failed' } })

  const durable = durableAnswers(out)
  expect(durable).toBeGreaterThan(0)
  const again = await connectStore(out)
  const second = scriptedProvider(({ prompt }) => ({ text: `<${prompt}>`, delayMs: 2 }))
  const [done] = await work(again, second, 1)
  expect(done).toMatchObject({ status: 'fulfilled', value: { kind: 'complete' } })
  await again.close()
  expect(second.calls.length).toBe(2 * rows - durable)
  await datasetOf(out)
})
