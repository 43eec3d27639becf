import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../util/clock.ts'
import { inspectStore } from './inspect-store.ts'
import { openStore } from './store.ts'
import { isThorough } from '../../test/support/thorough.ts'

let root = ''
let folders = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-crash-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const options = { clock: systemClock }

/**
 * A process that makes or resumes a run of 3 parts, each written in two goes, and joins it.
 *
 * It dies by its own hand at the nth event of a type, or after some time.
 */
const program = `
  import { createStore, openStore } from '${new URL('./store.ts', import.meta.url).href}'
  import { journaledPart, partContent } from '${new URL('../../test/support/part-content.ts', import.meta.url).href}'
  import { RowSet } from '${new URL('../plan/row-set.ts', import.meta.url).href}'
  import { systemClock } from '${new URL('../util/clock.ts', import.meta.url).href}'

  const [folder = '', killEvent = '', killCount = '0', killAfterMs = ''] = process.argv.slice(1)
  function die(): void {
    process.kill(process.pid, 'SIGKILL')
  }
  let seen = 0
  const options = {
    clock: systemClock,
    onEvent({ type }: { type: string }) {
      if (type === killEvent && (seen += 1) === Number(killCount)) die()
    },
  }
  const settings = {
    name: 'crash', seed: 1n, rows: 20, frameRows: 8, partRows: 8, config: '{}', seedIdentity: null,
    columns: [
      { name: 'paid', type: 'string' as const, fingerprint: 'p', material: '', drop: false },
      { name: 'pure', type: 'int64' as const, fingerprint: 'q', material: '', drop: false },
    ],
  }
  const store = await openStore(folder, options).catch((error: { code?: string }) => {
    if (error.code !== 'run-missing') throw error
    return createStore(folder, settings, options)
  })
  if (killAfterMs !== '') setTimeout(die, Number(killAfterMs)).unref()
  console.log('open')
  if (killEvent === 'hold') {
    process.stdin.resume()
  } else {
    const decided = RowSet.fromIntervals(store.decided)
    let paidAgain = 0
    for (const part of [0, 1, 2]) {
      for (const half of [1, 0]) {
        const start = part * 8 + half * 4
        const rows = [0, 1, 2, 3].map((offset) => start + offset)
          .filter((row) => row < settings.rows && !decided.has(row))
        if (rows.length === 0) continue
        const known = new Map<number, unknown>()
        const { cells } = await journaledPart(store, part)
        for (const { row, value } of cells) known.set(row, value)
        for (const row of rows) {
          if (known.has(row)) continue
          store.journal.cell({ row, column: 0, value: 'answer ' + row })
          store.journal.request({
            route: 'r', outcome: 'ok', column: 0,
            usage: {
              inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0,
              images: 0, cost: null,
            },
          })
          await store.flush()
        }
        const kept = rows.filter((row) => row % 5 !== 4)
        await store.writePart(partContent(['string', 'int64'], {
          part,
          rows: kept,
          columns: [kept.map((row) => 'answer ' + row), kept],
          absent: rows.filter((row) => row % 5 === 4)
            .map((row) => ({ row, outcome: 'rejected' as const, column: 1, code: 'filter' })),
        }))
      }
    }
    await store.join()
    await store.close()
  }
`

function start(folder: string, ...parameters: readonly string[]): ChildProcess {
  const flags = ['--input-type=module-typescript', '--eval', program]
  return spawn(process.execPath, [...flags, folder, ...parameters], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

/** How a process ended: its exit code, or the signal that killed it. */
async function run(folder: string, ...parameters: readonly string[]): Promise<number | string> {
  const child = start(folder, ...parameters)
  const [code, signal]: (number | string | null)[] = await once(child, 'exit')
  return signal ?? code ?? -1
}

function newFolder(): string {
  folders += 1
  return join(root, String(folders))
}

function hashes(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) =>
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    )
}

/** What a finished run has to look like, however often it was killed. */
async function expectSame(folder: string, clean: string): Promise<void> {
  expect(readdirSync(join(folder, 'data'))).toStrictEqual(['train-00000-of-00001.parquet'])
  expect(hashes(join(folder, 'data'))).toStrictEqual(hashes(join(clean, 'data')))
  expect(hashes(join(folder, 'parts'))).toStrictEqual(hashes(join(clean, 'parts')))
  expect(readdirSync(folder).sort()).toStrictEqual([
    'config.json',
    'data',
    'ledger.copy.sqlite',
    'ledger.sqlite',
    'ledger.sum.json',
    'lock',
    'parts',
  ])
  const summary = await inspectStore(folder)
  expect(summary.totals).toStrictEqual({ accepted: 16, nullKept: 0, dropped: 0, rejected: 4 })
  expect(summary.holder).toBeNull()
  expect(summary.dataset).toHaveLength(1)
  // Every request that is accounted for was made once: what was durable was not paid again.
  expect(summary.usage).toMatchObject([{ route: 'r', ok: 20 }])
}

let clean = ''
beforeAll(async () => {
  clean = newFolder()
  const ended = await run(clean)
  if (ended !== 0) throw new Error(`the run without a kill ended with ${ended}`)
})

const kills: readonly [string, number][] = [
  ['ledger-committed', 1],
  ['part-file-written', 1],
  ['part-file-written', 2],
  ['part-committed', 2],
  ['part-file-written', 5],
  ['join-started', 1],
  ['join-file-written', 1],
  ['join-finished', 1],
]

test.each(kills)('killed at %s %i, a run ends with the same bytes', async (event, count) => {
  const folder = newFolder()
  expect(await run(folder, event, String(count))).toBe('SIGKILL')
  const between = await inspectStore(folder)
  expect(between.holder).toBeNull()
  expect(between.sessions).toMatchObject([{ number: 1, ended: null }])
  expect(await run(folder)).toBe(0)
  await expectSame(folder, clean)
})

// Dozens of processes one after the other: a busy machine takes its time.
test(
  'killed again and again at any time, a run ends with the same bytes',
  { timeout: 180_000 },
  async () => {
    const folder = newFolder()
    let killed = 0
    const growth = isThorough ? 1.2 : 1.5
    // Later attempts get more time, so that some die in the join.
    for (
      let delay = 5;
      (await run(folder, '', '0', String(delay))) === 'SIGKILL';
      delay = Math.ceil(growth * delay)
    ) {
      killed += 1
      if (killed > 40) break
    }
    expect(killed).toBeGreaterThan(0)
    expect(killed).toBeLessThan(40)
    await expectSame(folder, clean)
  },
)

test('what a crash left behind is removed at opening, and nothing else', async () => {
  const folder = newFolder()
  expect(await run(folder)).toBe(0)
  // After the commit of a rewritten part and in the middle of a join.
  const orphan = 'parts/part-00000000.s1-99.parquet'
  const staging = 'data.s1-100.joining'
  writeFileSync(join(folder, orphan), 'old')
  writeFileSync(join(folder, 'parts', 'notes.txt'), 'mine')
  mkdirSync(join(folder, staging))
  writeFileSync(join(folder, staging, 'train-00000-of-00001.parquet'), 'half')
  using database = new DatabaseSync(join(folder, 'ledger.sqlite'))
  database.prepare('INSERT INTO intent VALUES (?), (?)').run(orphan, staging)
  database.close()
  await (await openStore(folder, options)).close()
  rmSync(join(folder, 'parts', 'notes.txt'))
  await expectSame(folder, clean)
})

test('a second process is refused; when the first is killed it opens at once', async () => {
  const folder = newFolder()
  const child = start(folder, 'hold')
  try {
    if (child.stdout === null) throw new Error('no output')
    await once(child.stdout, 'data')
    await expect(openStore(folder, options)).rejects.toMatchObject({
      code: 'folder-locked',
      message: expect.stringContaining(`(pid ${child.pid}, since `),
    })
    expect((await inspectStore(folder)).holder?.pid).toBe(child.pid)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await using store = await openStore(folder, options)
  expect(store.session).toBe(2)
})
