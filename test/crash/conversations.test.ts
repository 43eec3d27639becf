import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunResult } from '../../src/index.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import type { Session } from './child.ts'
import { modelsAt } from './model.ts'
import { startSession } from './process.ts'
import { datasetHashes, orphans } from './run-folder.ts'
import { repetitions } from '../support/thorough.ts'

const rows = 500
const turns = 5
/** Rows that another column drops while their conversation is under way. */
const refused = new Set([17, 120, 121, 333, 480])
const kills = repetitions({ all: 30, some: 8 })

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-talks-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** What the server saw of the conversations: `row:turn`. */
interface Watch extends AsyncDisposable {
  server: ModelServer
  /** Turns asked for since the last `begin`, in order. */
  asked: string[]
  /** Turns answered since the last `begin`. */
  answered: string[]
  /** Turns of rows that came after their row's refusal had gone out, in the same session. */
  late: Map<number, number>
  /** Called when so many requests have come since the last `begin`. */
  at: { mark: number; callback: () => void } | null
  /** From then on every request gets a 401. */
  locked: boolean
  begin(): void
  settled(): Promise<void>
}

async function createWatch(latencyMs: number): Promise<Watch> {
  let seen = 0
  const gone = new Set<number>()
  const server = await createModelServer({
    answerWords: 6,
    script({ prompt }) {
      seen += 1
      if (watch.at !== null && seen >= watch.at.mark) {
        watch.at.callback()
        watch.at = null
      }
      if (watch.locked) return { status: 401 }
      const [, column, row, turn] = /^(\w+) (\d+):(?: turn (\d+))?/.exec(prompt) ?? []
      if (column === 'judge') {
        if (!refused.has(Number(row))) return { delayMs: latencyMs }
        global.setTimeout(() => gone.add(Number(row)), 2.5 * latencyMs)
        return { status: 400, error: 'no', delayMs: 2.5 * latencyMs }
      }
      const key = `${row}:${turn}`
      watch.asked.push(key)
      if (gone.has(Number(row))) watch.late.set(Number(row), (watch.late.get(Number(row)) ?? 0) + 1)
      global.setTimeout(() => watch.answered.push(key), latencyMs)
      return { delayMs: latencyMs }
    },
  })
  const watch: Watch = {
    server,
    asked: [],
    answered: [],
    late: new Map(),
    at: null,
    locked: false,
    begin() {
      seen = 0
      gone.clear()
      watch.asked = []
      watch.answered = []
      watch.late.clear()
    },
    async settled() {
      do await setTimeout(2 * latencyMs + 20)
      while (server.counts.inFlight > 0)
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
  return watch
}

function sessionOf(name: string, { server }: Watch): Session {
  return {
    config: {
      ...modelsAt(server.url, 24),
      seed: 5,
      columns: [
        { name: 'row', column_type: 'row-number' },
        { name: 'talk', column_type: 'talk', turns },
        {
          name: 'judge',
          column_type: 'llm-text',
          model_alias: 'writer',
          prompt: 'judge {{ row }}: good or bad?',
        },
      ],
    },
    rows,
    out: join(root, name),
    runConfig: { buffer_size: 50, part_rows: 100, disable_early_shutdown: true },
    receipts: join(root, `${name}.receipts`),
  }
}

/** Turns the run folder holds: as exchanges, or in a cell that was made of them. */
function durableTurns(directory: string): Set<string> {
  if (!existsSync(join(directory, 'ledger.sqlite'))) return new Set()
  using database = new DatabaseSync(join(directory, 'ledger.sqlite'), { readOnly: true })
  const all = (sql: string): Record<string, unknown>[] => database.prepare(sql).all()
  const found = new Set(
    all('SELECT row, turn FROM exchange').map(({ row, turn }) => `${String(row)}:${String(turn)}`),
  )
  const made = all(
    "SELECT row FROM cell JOIN column_key ON id = column_key WHERE name = 'talk'",
  ).map(({ row }) => Number(row))
  for (const { start, end } of all('SELECT start, end FROM decided')) {
    for (let row = Number(start); row < Number(end); row += 1) made.push(row)
  }
  for (const row of made) for (let turn = 0; turn < turns; turn += 1) found.add(`${row}:${turn}`)
  return found
}

function countsIn(receipts: string): { opened: number; closed: number } {
  const lines = readFileSync(receipts, 'utf8').split('\n')
  const count = (word: string): number => lines.filter((line) => line === word).length
  return { opened: count('opened'), closed: count('closed') }
}

async function whole(session: Session): Promise<RunResult> {
  const ended = await startSession(session).ended
  expect(ended).toMatchObject({ by: 0, stderr: '' })
  return JSON.parse(ended.stdout)
}

function expectFewLateTurns({ late }: Watch): void {
  // The refusal is on its way when the next turn leaves: that one is in flight.
  for (const [row, count] of late) expect(count, `turns of the dropped row ${row}`).toBeLessThan(2)
}

test('killed again and again at random, no turn is paid twice but those in flight at a kill', async () => {
  await using fast = await createWatch(4)
  const plain = sessionOf('unkilled', fast)
  expect(await whole(plain)).toMatchObject({
    end: { kind: 'complete' },
    rows: { accepted: rows - refused.size, dropped: refused.size },
  })
  expectFewLateTurns(fast)
  expect(countsIn(plain.receipts).closed).toBe(countsIn(plain.receipts).opened)

  await using watch = await createWatch(8)
  const session = sessionOf('killed', watch)
  const paid = new Map<string, number>()
  let lost = 0
  for (let kill = 0; kill <= kills; kill += 1) {
    const before = durableTurns(session.out)
    watch.begin()
    const running = startSession(session)
    const share = (turns + 1) * rows * (0.6 + 0.8 * Math.random())
    if (kill < kills) {
      watch.at = {
        mark: Math.ceil(share / (kills + 1)),
        callback: () => running.process.kill('SIGKILL'),
      }
    }
    const ended = await running.ended
    expect(ended).toMatchObject({ stderr: '' })
    await watch.settled()
    expect(
      watch.asked.filter((turn) => before.has(turn)),
      'turns the run folder held before',
    ).toEqual([])
    expect(watch.asked.length, 'turns of one session, each once').toBe(new Set(watch.asked).size)
    expectFewLateTurns(watch)
    const after = durableTurns(session.out)
    lost += watch.asked.filter((turn) => !after.has(turn)).length
    for (const turn of watch.answered) paid.set(turn, (paid.get(turn) ?? 0) + 1)
    // All may be done a little before the last kill was due.
    if (ended.by === 0) break
    watch.at = null
  }
  const asked = [...paid.values()].reduce((sum, count) => sum + count, 0)
  console.log(
    `conversations: ${asked} turns answered, ${paid.size} different, ${lost} lost at kills`,
  )
  expect(asked).toBeLessThanOrEqual(paid.size + lost)
  expect(orphans(session.out)).toEqual([])
  expect(datasetHashes(session.out)).toEqual(datasetHashes(plain.out))
}, 300_000)

test.each(['drain', 'abort', 'stop'] as const)(
  'after a %s every function was left',
  async (how) => {
    await using watch = await createWatch(8)
    const session = sessionOf(how, watch)
    watch.begin()
    const running = startSession(session)
    await new Promise<void>((resolve, reject) => {
      watch.at = { mark: 600, callback: resolve }
      running.ended.then(({ stderr }) => reject(new Error(`it ended too early: ${stderr}`)), reject)
    })
    if (how === 'stop') watch.locked = true
    else running.process.kill(how === 'drain' ? 'SIGINT' : 'SIGTERM')
    const ended = await running.ended
    expect(ended).toMatchObject({ by: 0, stderr: '' })
    expect(JSON.parse(ended.stdout)).toMatchObject({
      end: { kind: how === 'stop' ? 'stopped' : 'interrupted' },
    })
    const { opened, closed } = countsIn(session.receipts)
    expect(opened).toBeGreaterThan(0)
    expect(closed).toBe(opened)
    // Nothing was paid in vain, unless it was given up in flight.
    const durable = durableTurns(session.out)
    const lost = watch.answered.filter((turn) => !durable.has(turn))
    expect(lost.length).toBeLessThanOrEqual(how === 'abort' ? 24 : 0)

    watch.locked = false
    const before = durable
    watch.begin()
    expect(await whole(session)).toMatchObject({ end: { kind: 'complete' } })
    expect(watch.asked.filter((turn) => before.has(turn))).toEqual([])
  },
  120_000,
)
