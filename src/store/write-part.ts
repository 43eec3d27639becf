import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { PartContent, PartEnd, RecordBlock } from '../rows/part-content.ts'
import { RowsmithError } from '../util/errors.ts'
import type { WorkerClient } from '../threads/worker-calls.ts'
import { storedFailure } from './batching-journal.ts'
import type { OldPart, PartCommit } from './ledger-parts.ts'
import type { OpenRun } from './open-run.ts'
import type { WrittenPart } from './part-writing.ts'
import { comparedColumns } from './compared-columns.ts'
import type { RunSettings } from './run-settings.ts'
import type { RecordedFile } from './verify.ts'
import type { WriterCalls } from './writer.worker.ts'

/** Bytes on the way to the writer thread that are not taken yet: it encodes while they wait. */
const maxFlyingBytes = 8 * 2 ** 20

/** A part of which every record is on its way to the writer. */
export interface StreamedPart {
  part: number
  end: PartEnd
  accepted: RowSet
  fresh: RowSet
  old: OldPart
  /** Null when no row was accepted. */
  file: { name: string; written: Promise<WrittenPart> } | null
}

/**
 * First half of deciding rows: the intent and the file. The next part may be streamed while the
 * writer finishes this one.
 */
export async function streamPart(run: OpenRun, content: PartContent): Promise<StreamedPart> {
  const { part, rows, blocks } = content
  refuseDisorder(part, rows)
  const fresh = RowSet.fromRows(rows)
  const accepted = createIntervals()
  let stream: PartStream | null = null
  try {
    for await (const block of blocks) {
      checkBlock(run.settings, part, block, accepted.last)
      stream ??= await beginStream(run, part, fresh)
      accepted.add(block.rows)
      await stream.send(block)
    }
    const end = content.end()
    const records = RowSet.fromIntervals(accepted.intervals)
    checkOutcomes(part, fresh, records, end)
    const old = stream?.old ?? (await run.ledger.call('beginPart', part, intervalsOf(fresh), null))
    const file = stream === null ? null : { name: stream.name, written: stream.finish() }
    // Its error is reported by the commit, whose turn may come later.
    file?.written.catch(() => undefined)
    return { part, end, accepted: records, fresh, old, file }
  } catch (error) {
    await stream?.abandon()
    throw error
  }
}

/**
 * Second half: one commit, then the old file goes. A crash before the commit leaves everything as
 * it was, one after it only an orphan that the ledger knows.
 */
export async function commitPart(run: OpenRun, streamed: StreamedPart): Promise<void> {
  const { directory, ledger, onEvent } = run
  const { part, end, accepted, fresh, old } = streamed
  let file: PartCommit['file'] = null
  if (streamed.file !== null) {
    const { name, written } = streamed.file
    file = { ...(await written), name }
    onEvent({ type: 'part-file-written', part, file: name })
  }
  await ledger.call('commitPart', {
    part,
    accepted: intervalsOf(accepted),
    records: accepted.count,
    absent: end.absent,
    failures: end.failures.map(storedFailure),
    nullKept: end.nullKept,
    skipped: end.skipped,
    file,
  })
  if (file !== null && old.file !== null) {
    await rm(resolve(directory, old.file), { force: true })
    await ledger.call('removeIntents', [old.file])
  }
  const rejected = end.absent.filter(({ outcome }) => outcome === 'rejected').length
  const outcomes = {
    accepted: accepted.count - end.nullKept,
    nullKept: end.nullKept,
    dropped: end.absent.length - rejected,
    rejected,
  }
  onEvent({ type: 'part-committed', part, rows: fresh.count, outcomes })
}

interface PartStream {
  readonly name: string
  readonly old: OldPart
  /** Resolves when there is room for another block. */
  send(block: RecordBlock): Promise<void>
  finish(): Promise<WrittenPart>
  abandon(): Promise<void>
}

async function beginStream(run: OpenRun, part: number, fresh: RowSet): Promise<PartStream> {
  const { directory, settings } = run
  const name = `parts/part-${String(part).padStart(8, '0')}.${run.nextAttempt()}.parquet`
  const old = await run.ledger.call('beginPart', part, intervalsOf(fresh), name)
  const thread = run.writer()
  const begun = thread.call('beginPart', {
    path: resolve(directory, name),
    columns: settings.columns.map(({ name: column, type }) => ({ name: column, type })),
    old: recorded(directory, old),
    place: {
      part,
      endRow: (part + 1) * settings.partRows,
      compared: comparedColumns(settings),
    },
  })
  const flight = createFlight(thread)
  return {
    name,
    old,
    send: flight.send,
    async finish() {
      const written = thread.call('finishPart')
      const [file] = await Promise.all([written, begun, flight.landed()])
      return file
    },
    async abandon() {
      await Promise.allSettled([thread.call('abandonPart'), begun, flight.landed()])
      // The error that made it give up is the one to tell; what stays is removed at the next opening.
      await rm(resolve(directory, name), { force: true })
        .then(() => run.ledger.call('removeIntents', [name]))
        .catch(() => undefined)
    },
  }
}

function recorded(directory: string, { file, sha256 }: OldPart): RecordedFile | null {
  return file === null || sha256 === null ? null : { path: resolve(directory, file), sha256 }
}

interface Flight {
  readonly send: (block: RecordBlock) => Promise<void>
  /** Resolves when the writer has taken everything; rejects when it could not. */
  landed(): Promise<unknown>
}

/** Blocks on the way to the writer, bounded in bytes. */
function createFlight(thread: WorkerClient<WriterCalls>): Flight {
  const flying: { bytes: number; taken: Promise<void> }[] = []
  let bytes = 0
  return {
    async send(block) {
      while (flying.length > 0 && bytes + block.bytes > maxFlyingBytes) {
        const oldest = flying.shift()
        bytes -= oldest?.bytes ?? 0
        await oldest?.taken
      }
      bytes += block.bytes
      const taken = thread.call('addRows', block.rows, block.columns).finally(block.release)
      // The next call that waits for it reports the error.
      taken.catch(() => undefined)
      flying.push({ bytes: block.bytes, taken })
    },
    landed: () => Promise.all(flying.map(({ taken }) => taken)),
  }
}

/** Collects ascending rows as intervals. */
function createIntervals() {
  const intervals: { start: number; end: number }[] = []
  return {
    intervals,
    get last(): number {
      return (intervals.at(-1)?.end ?? 0) - 1
    },
    add(rows: Float64Array): void {
      for (const row of rows) {
        const last = intervals.at(-1)
        if (last?.end === row) last.end = row + 1
        else intervals.push({ start: row, end: row + 1 })
      }
    },
  }
}

function checkBlock(
  settings: RunSettings,
  part: number,
  { rows, columns }: RecordBlock,
  last: number,
): void {
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
  refuseDisorder(part, rows, last)
}

function refuseDisorder(part: number, rows: Float64Array, last = -1): void {
  let previous = last
  for (const row of rows) {
    if (row <= previous) {
      throw new RowsmithError('internal', `part ${part}: its rows are not in ascending order`)
    }
    previous = row
  }
}

/** Every row has one outcome: a record, or a reason why it has none. */
function checkOutcomes(part: number, fresh: RowSet, records: RowSet, { absent }: PartEnd): void {
  const gone = RowSet.fromRows(absent.map(({ row }) => row))
  const all = records.union(gone)
  if (all.count !== records.count + absent.length) {
    throw new RowsmithError('internal', `part ${part}: a row has two outcomes`)
  }
  if (all.count !== fresh.count || fresh.subtract(all).count > 0) {
    throw new RowsmithError(
      'internal',
      `part ${part}: expected an outcome for each of ${fresh.count} rows, got ${all.count}`,
    )
  }
}

function intervalsOf(rows: RowSet): Interval[] {
  return [...rows.intervals()]
}
