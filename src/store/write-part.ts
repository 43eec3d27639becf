import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ColumnType } from '../graph/kind.ts'
import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { JournaledFailure } from '../scheduler/journal.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Value } from '../util/value.ts'
import type { StoredFailure } from './ledger-journal.ts'
import type { AbsentRow, OldPart, PartCommit } from './ledger-parts.ts'
import type { WrittenPart } from './writer.worker.ts'
import type { RunSettings } from './settings.ts'
import type { OpenRun } from './open-run.ts'
import { toStored, type StoredValue } from './stored-value.ts'
import type { RecordedFile } from './verify.ts'

/** Newly decided rows of a part. */
export interface PartContent {
  part: number
  /** Accepted rows, ascending absolute numbers. */
  rows: Float64Array
  /** By column id, aligned with `rows`; values are of the column's type. */
  columns: readonly (readonly Value[])[]
  /** Decided rows without a record. */
  absent: readonly AbsentRow[]
  /** Failures found while the part was made. */
  failures?: readonly JournaledFailure[]
  /** Rows among `rows` that hold a null because a cell failed. */
  nullKept: number
  /** Skipped cells of `rows` by column id; none when left out. */
  skipped?: readonly number[]
}

/** Values of one message to the writer thread: enough that messages cost nothing beside them. */
const messageValues = 1024
/** Characters after which a message is sent whatever the number of its values: copying is work. */
const messageCharacters = 2 ** 18
/** Longest time on the event loop, in ms; others take their slices in the same turn. */
const sliceMs = 2

/**
 * Decides rows: intent, file, one commit, old file. A crash before the commit leaves everything as
 * it was, one after it only an orphan that the ledger knows.
 */
export async function writePart(
  run: OpenRun,
  content: Omit<PartContent, 'failures'> & { failures: readonly StoredFailure[] },
): Promise<void> {
  const { directory, ledger, onEvent } = run
  const { part, absent, failures, nullKept } = content
  checkValues(run.settings, content)
  const accepted = RowSet.fromRows(content.rows)
  const fresh = accepted.union(RowSet.fromRows(absent.map(({ row }) => row)))
  if (fresh.count !== content.rows.length + absent.length) {
    throw new RowsmithError('internal', `part ${part}: a row has two outcomes`)
  }
  const name = accepted.isEmpty
    ? null
    : `parts/part-${String(part).padStart(8, '0')}.${run.nextAttempt()}.parquet`

  const old = await ledger.call('beginPart', part, intervalsOf(fresh), name)
  let file: PartCommit['file'] = null
  if (name !== null) {
    file = { ...(await writeFile(run, content, name, old)), name }
    onEvent({ type: 'part-file-written', part, file: name })
  }
  await ledger.call('commitPart', {
    part,
    accepted: intervalsOf(accepted),
    records: content.rows.length,
    absent,
    failures,
    nullKept,
    skipped: content.skipped ?? [],
    file,
  })
  if (name !== null && old.file !== null) {
    await rm(resolve(directory, old.file), { force: true })
    await ledger.call('removeIntents', [old.file])
  }
  onEvent({ type: 'part-committed', part, rows: fresh.count })
}

function checkValues(
  settings: RunSettings,
  content: Pick<PartContent, 'part' | 'rows' | 'columns'>,
): void {
  const { part, rows, columns } = content
  const misaligned = columns.findIndex((values) => values.length !== rows.length)
  if (columns.length !== settings.columns.length || misaligned >= 0) {
    throw new RowsmithError(
      'internal',
      `part ${part}: expected ${settings.columns.length} columns of ${rows.length} values, got ` +
        (misaligned < 0
          ? `${columns.length} columns`
          : `${columns[misaligned]?.length} in column ${misaligned}`),
    )
  }
  if (rows.some((row, index) => index > 0 && row <= (rows[index - 1] ?? 0))) {
    throw new RowsmithError('internal', `part ${part}: its rows are not in ascending order`)
  }
}

/** Hands the values to the writer thread in slices, so that the event loop is never held long. */
async function writeFile(
  { directory, settings, clock, writer }: OpenRun,
  content: Pick<PartContent, 'part' | 'rows' | 'columns'>,
  name: string,
  old: OldPart,
): Promise<WrittenPart> {
  const { rows, columns } = content
  const fileColumns = settings.columns.map(({ name: column, type }) => ({ name: column, type }))
  const thread = writer()
  thread.tell('collect', fileColumns, rows)
  let end = clock.now() + sliceMs
  for (const [id, values] of columns.entries()) {
    const type = settings.columns[id]?.type ?? 'string'
    for (let from = 0; from < values.length;) {
      const message = storedMessage(type, values, from)
      from += message.length
      thread.tell('values', id, message)
      // Every turn waits for whatever else is at work, so turns are given by the clock.
      if (clock.now() < end) continue
      await new Promise<void>((done) => clock.soon(done))
      end = clock.now() + sliceMs
    }
  }
  const path = resolve(directory, name)
  return thread.call('writePart', path, recorded(directory, old), {
    part: content.part,
    endRow: (content.part + 1) * settings.partRows,
  })
}

function recorded(directory: string, { file, sha256 }: OldPart): RecordedFile | null {
  return file === null || sha256 === null ? null : { path: resolve(directory, file), sha256 }
}

/** The next values of a column as one message holds them. */
function storedMessage(type: ColumnType, values: readonly Value[], from: number): StoredValue[] {
  const message: StoredValue[] = []
  let characters = 0
  const to = Math.min(from + messageValues, values.length)
  for (let at = from; at < to && characters < messageCharacters; at += 1) {
    const stored = toStored(type, values[at] as Value)
    if (typeof stored === 'string') characters += stored.length
    message.push(stored)
  }
  return message
}

function intervalsOf(rows: RowSet): Interval[] {
  return [...rows.intervals()]
}
