import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Usage } from '../graph/request.ts'
import { inspectStore, type StoreSummary } from '../store/inspect-store.ts'
import { ledgerName } from '../store/ledger-file.ts'
import type { LockHolder } from '../store/lock.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import type { RowCounts, SelectionResult } from './run-result.ts'
import { summaryOf } from './run-summary.ts'

/** A summary of a run in a folder. */
export interface ListedRun {
  dir: string
  name: string
  /** `unfinished`: rows remain or are missing, and no one works on them. `unreadable`: see `problem`. */
  state: 'complete' | 'unfinished' | 'at work' | 'unreadable'
  /** Null where the run can't be read. */
  rows: RowCounts | null
  /** Null where its config has no `select`. */
  selection: SelectionResult | null
  /** Remaining rows that are made and whose part is not written yet. */
  unwrittenRows: number
  requests: number
  usage: Usage | null
  /** The process that works on it. */
  holder: LockHolder | null
  /** Ms since 1970: when it was begun, and when the last session began or ended. */
  begun: number | null
  touched: number | null
  problem: string | null
}

/** The runs in a folder, or the one that the folder is; those that were worked on last come first. */
export async function listRuns(directory: string): Promise<ListedRun[]> {
  const path = resolve(directory)
  if (existsSync(join(path, ledgerName))) return [await runAt(path)]
  const names = await namesIn(path)
  const folders = names.map((name) => join(path, name))
  const runs: ListedRun[] = []
  for (const folder of folders) {
    if (existsSync(join(folder, ledgerName))) runs.push(await runAt(folder))
  }
  return runs.toSorted((one, other) => (other.touched ?? 0) - (one.touched ?? 0))
}

async function namesIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .toSorted()
  } catch (error) {
    throw new RowsmithError('run-missing', `there are no runs here: ${messageOf(error)}`, {
      cause: error,
      hints: ['Give the folder that has the run folders, or create a run first.'],
    })
  }
}

async function runAt(dir: string): Promise<ListedRun> {
  try {
    return listedRun(dir, await inspectStore(dir))
  } catch (error) {
    return {
      dir,
      name: basename(dir),
      state: 'unreadable',
      rows: null,
      selection: null,
      unwrittenRows: 0,
      requests: 0,
      usage: null,
      holder: null,
      begun: null,
      touched: null,
      problem: messageOf(error),
    }
  }
}

function listedRun(dir: string, store: StoreSummary): ListedRun {
  const summary = summaryOf(store, { command: null, joins: [] })
  const { name, rows, selection, complete, unwrittenRows } = summary
  const { requests, usage, sessions, holder } = summary
  const last = sessions.at(-1)
  return {
    dir,
    name,
    state: holder !== null ? 'at work' : complete ? 'complete' : 'unfinished',
    rows,
    selection,
    unwrittenRows,
    requests,
    usage,
    holder,
    begun: sessions[0]?.started ?? null,
    touched: last?.ended ?? last?.started ?? null,
    problem: null,
  }
}
