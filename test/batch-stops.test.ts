import { afterAll, describe, expect, test } from 'vitest'
import { giveUpBatches, open } from '../src/index.ts'
import type { BatchAction, BatchCall, BatchCallAction } from '../src/testing/batch-server.ts'
import { createDesk } from './e2e/command.ts'
import {
  begin,
  bytesOf,
  configOf,
  eventsOf,
  make,
  number,
  promptsOf,
  serve,
  sizesOf,
  textColumn,
} from './support/batch-runs.ts'

// Batches that are not simply answered: gone, given up, cancelled, left behind by Ctrl-C.

const desk = await createDesk()
afterAll(() => desk[Symbol.asyncDispose]())

let folders = 0
const newFolder = (): string => desk.path(`run-${folders++}`)

const columns = [number, textColumn('text', 'slow', 'text of {{ number }}')]

async function interrupted(one: Parameters<typeof begin>[0], batches: number): Promise<void> {
  const controller = new AbortController()
  const { run } = await begin({ ...one, options: { signal: controller.signal } })
  while (one.server.batches.length < batches) await new Promise((resolve) => setTimeout(resolve, 5))
  // The last one may not have its name in the ledger yet.
  await new Promise((resolve) => setTimeout(resolve, 30))
  controller.abort()
  expect((await run.finished).end).toEqual({ kind: 'interrupted' })
}

test('a batch that its provider no longer has stops the run, which names it; given up, its requests go again', async () => {
  let gone: string | null = null
  await using server = await serve({
    onCall({ path, step }) {
      if (gone === null) return step === 'status' ? { status: 503 } : undefined
      return path.includes(gone) ? { status: 404, error: 'No such batch.' } : undefined
    },
  })
  const one = { server, columns, out: newFolder(), rows: 8 }
  await interrupted(one, 2)
  gone = server.batches[0]?.handle ?? ''
  const { result, events } = await make(one)
  expect(result.end).toMatchObject({
    kind: 'stopped',
    reason: expect.stringContaining(`--give-up ${gone}`),
  })
  // The other one is collected all the same.
  expect(eventsOf(events, 'batch-collected')).toMatchObject([{ answered: 4 }])
  await using dataset = await open(one.out)
  expect((await dataset.summary()).batches).toMatchObject([{ batch: gone, requests: 4 }])
  await expect(giveUpBatches(one.out, ['batch_x'])).rejects.toThrow('waits for no batch batch_x')
  const listed = await desk.run(['batches', one.out])
  expect(listed.stdout).toMatch(/waits for a batch:\n.*slow: batch batch_0, with 4 requests/)
  const givenUp = await desk.run(['batches', one.out, '--give-up', gone])
  expect(givenUp).toMatchObject({ code: 0, stdout: expect.stringMatching(/waits for no batch/) })
  const again = await desk.run(['batches', one.out, '--json'])
  expect(JSON.parse(again.stdout)).toMatchObject({ batches: [], givenUp: [] })
  const { result: whole } = await make(one)
  expect(whole).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 8 } })
  expect(sizesOf(server)).toEqual([4, 4, 4])
})

describe.each(['openai', 'anthropic'] as const)('%s', (protocol) => {
  test('cancelled batches keep what they had answered, and the rest is sent again', async () => {
    let sent = 0
    await using server = await serve({
      polls: 1000,
      script(): BatchAction {
        sent += 1
        // Half of the first one is answered when it is cancelled.
        return sent > 1 ? {} : { answer: (_, at) => (at < 2 ? 'answered' : 'cancelled') }
      },
    })
    const one = { server, protocol, columns, out: newFolder(), rows: 4 }
    await interrupted(one, 1)
    const { result, events } = await make({ ...one, options: { cancelBatches: true } })
    expect(result.end).toMatchObject({ kind: 'stopped', reason: expect.stringContaining('cancel') })
    expect(server.batches[0]?.isCancelled).toBe(true)
    expect(eventsOf(events, 'batches-cancelling')).toMatchObject([{ batches: 1 }])
    expect(eventsOf(events, 'batch-collected')).toMatchObject([
      { outcome: 'cancelled', answered: 2, again: 2 },
    ])
    await interrupted(one, 2)
    expect(sizesOf(server)).toEqual([4, 2])
    expect(new Set(promptsOf(server)).size).toBe(4)
    const none = make({ ...one, out: newFolder(), options: { cancelBatches: true } })
    await expect(none).rejects.toThrow('no batch to cancel')
  })
})

test('the command: Ctrl-C leaves batches with their provider and says so, --cancel-batches cancels them', async () => {
  await using server = await serve({ polls: 1000 })
  await desk.write('config.json', configOf({ server, columns }))
  await desk.write('run-config.yaml', 'batch_requests: 4\nbatch_poll: 0.05\n')
  const words = ['create', 'config.json', '-n', '8', '--run-config', 'run-config.yaml']
  const started = desk.start(words)
  await started.said('batch_1 sent')
  started.child.kill('SIGINT')
  const { code, stderr } = await started.ended
  expect(code).toBe(130)
  expect(stderr).toContain('2 batches with 8 requests stay with the provider')
  expect(stderr).toContain('--cancel-batches')
  const listed = await desk.run(['batches', 'runs/config'])
  expect(listed.stdout).toContain('To cancel: rowsmith create config.json')
  const cancelled = await desk.run([...words, '--cancel-batches'])
  expect(cancelled.code).toBe(4)
  expect(cancelled.stderr).toContain('batch batch_0 cancelled')
  expect(server.batches.every(({ isCancelled }) => isCancelled)).toBe(true)
})

test('killed in the middle of a download, the rest of it is read again, and each answer counts once', async () => {
  const rows = 600
  const state = { isCut: false }
  function onCall({ step }: BatchCall): BatchCallAction | undefined {
    if (state.isCut || step !== 'results') return undefined
    state.isCut = true
    return 'cut'
  }
  await using server = await serve({ onCall })
  const one = { server, columns, out: newFolder(), rows }
  const big = { runConfig: { batch_requests: 1000 } }
  const { run } = await begin({ ...one, ...big })
  while (!state.isCut) await new Promise((resolve) => setTimeout(resolve, 2))
  run.abort()
  expect((await run.finished).end).toEqual({ kind: 'interrupted' })
  const { result } = await make({ ...one, ...big })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: rows } })
  expect(result.usageByRoute).toMatchObject([{ route: 'slow', ok: rows }])
  // Three words in, each.
  expect(result.usage.inputTokens).toBe(3 * rows)
  expect(sizesOf(server)).toEqual([rows])
  await using plain = await serve()
  const { result: whole } = await make({ ...one, ...big, server: plain, out: newFolder() })
  expect(bytesOf(result)).toEqual(bytesOf(whole))
})
