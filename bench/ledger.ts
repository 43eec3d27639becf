import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { keepCopy } from '../src/store/ledger-copy.ts'
import { createStore } from '../src/store/store.ts'
import type { RunStore } from '../src/store/run-store.ts'
import type { RunSettings } from '../src/store/run-settings.ts'
import { systemClock } from '../src/util/clock.ts'
import type { Figure } from './harness.ts'

// What writing down a cell costs: as fast as the ledger takes them, and at the rate of a busy run; and what the
// copy of the ledger costs that every closing leaves.

const columns = 4
const rows = 100_000
const textBytes = 500
const text = 'A fox with a lantern walked home through the snow. '.repeat(20).slice(0, textBytes)
/** Cells that no part holds when the run is closed, and their bytes: as many as a large edit replaced. */
const closedCells = 1_000_000
const closedBytes = 200
/** Cells a second of the paced part, and how long it lasts. */
const rate = 2_000
const pacedSeconds = 10

export async function run(): Promise<readonly Figure[]> {
  const flat = await withStore(flatOut)
  const paced = await withStore(atRate)
  const closing = await withStore(closed)
  return [
    {
      name: `a cell of ${textBytes} bytes, as fast as they are taken`,
      value: flat.microsPerCell,
      unit: 'µs',
      note: 'of wall time, durable; both threads work',
    },
    {
      name: 'the same: bytes on disk beside the text',
      value: flat.bytesPerCell - textBytes,
      unit: 'bytes',
    },
    { name: 'the same: commits', value: flat.commitsPerSecond, unit: '1/s' },
    {
      name: `${rate.toLocaleString('en-US')} cells/s: the ledger's share of the wall time`,
      value: paced.share * 100,
      unit: '%',
      note: 'of the time a batch was on its way: thread, disk and waiting for either',
    },
    {
      name: 'the same: processor time of all threads',
      value: paced.cpuShare * 100,
      unit: '% of a core',
    },
    { name: 'the same: commits', value: paced.commitsPerSecond, unit: '1/s' },
    { name: 'the same: longest wait for a commit', value: paced.longestMs, unit: 'ms' },
    {
      name: `closing with ${closedCells.toLocaleString('en-US')} cells of ${closedBytes} bytes in the ledger`,
      value: closing.seconds,
      unit: 's',
      note: `${Math.round(closing.bytes / 2 ** 20)} MiB`,
    },
    { name: 'the same: the copy and its checksum', value: closing.copySeconds, unit: 's' },
  ]
}

const settings: RunSettings = {
  name: 'bench',
  seed: 1n,
  rows,
  frameRows: 1_000,
  partRows: 5_000,
  config: '{}',
  seedIdentity: null,
  columns: Array.from({ length: columns }, (_, id) => ({
    name: `c${id}`,
    type: 'string' as const,
    fingerprint: `fingerprint of column ${id}`,
    material: '',
    drop: false,
  })),
}

/** A store, and the commits its ledger has made. */
interface Measured {
  store: RunStore
  commits: { records: number }[]
  directory: string
}

async function withStore<Result>(use: (measured: Measured) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  const commits: { records: number }[] = []
  try {
    await using store = await createStore(join(folder, 'run'), settings, {
      clock: systemClock,
      onEvent(event) {
        if (event.type === 'ledger-committed') commits.push({ records: event.records })
      },
    })
    return await use({ store, commits, directory: store.directory })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Cells until a mark is reached on the way, then no more until half of it is durable. */
async function flatOut({ store, commits, directory }: Measured) {
  const cells = rows * columns
  const mark = 16 * 2 ** 20
  const before = ledgerBytes(directory)
  const started = performance.now()
  for (let cell = 0; cell < cells; cell += 1) {
    appendCell(store, cell)
    if (store.journal.pendingBytes <= mark) continue
    while (store.journal.pendingBytes > mark / 2) await wait(1)
  }
  await store.flush()
  const ms = performance.now() - started
  return {
    microsPerCell: (ms * 1_000) / cells,
    bytesPerCell: (ledgerBytes(directory) - before) / cells,
    commitsPerSecond: commits.length / (ms / 1_000),
  }
}

async function closed({ store, directory }: Measured) {
  const short = text.slice(0, closedBytes)
  for (let cell = 0; cell < closedCells; cell += 1) {
    store.journal.cell({ row: Math.floor(cell / columns), column: cell % columns, value: short })
    while (store.journal.pendingBytes > 16 * 2 ** 20) await wait(1)
  }
  await store.flush()
  const began = performance.now()
  await store.close()
  const seconds = (performance.now() - began) / 1_000
  const copied = performance.now()
  keepCopy(join(directory, 'ledger.sqlite'))
  return {
    seconds,
    copySeconds: (performance.now() - copied) / 1_000,
    bytes: ledgerBytes(directory),
  }
}

async function atRate({ store, commits }: Measured) {
  let sent = 0
  let busyMs = 0
  let longestMs = 0
  let waitingSince: number | null = null
  store.journal.onDurable(() => {
    if (waitingSince === null) return
    const took = performance.now() - waitingSince
    busyMs += took
    longestMs = Math.max(longestMs, took)
    waitingSince = store.journal.pendingBytes === 0 ? null : performance.now()
  })
  const cpu = process.cpuUsage()
  const started = performance.now()
  for (;;) {
    const ms = performance.now() - started
    const due = Math.min(Math.floor((ms / 1_000) * rate), rate * pacedSeconds)
    if (due > sent) waitingSince ??= performance.now()
    while (sent < due) {
      appendCell(store, sent)
      sent += 1
    }
    if (sent === rate * pacedSeconds) break
    await wait(1)
  }
  await store.flush()
  const wallMs = performance.now() - started
  const { user, system } = process.cpuUsage(cpu)
  return {
    share: busyMs / wallMs,
    cpuShare: (user + system) / 1_000 / wallMs,
    commitsPerSecond: commits.length / (wallMs / 1_000),
    longestMs,
  }
}

function appendCell(store: RunStore, cell: number): void {
  const row = Math.floor(cell / columns)
  store.journal.cell({ row, column: cell % columns, value: text })
}

function ledgerBytes(directory: string): number {
  const sizes = ['ledger.sqlite', 'ledger.sqlite-wal'].map((name) =>
    statSync(join(directory, name), { throwIfNoEntry: false }),
  )
  return sizes.reduce((sum, stats) => sum + (stats?.size ?? 0), 0)
}
