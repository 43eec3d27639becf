import type {
  JournaledCell,
  JournaledExchange,
  JournaledFailure,
  RequestRecord,
} from '../../src/rows/journal.ts'
import type { Interval } from '../../src/plan/interval.ts'
import { fromStored, type StoredValue } from '../../src/graph/stored-value.ts'
import type { PartEnd, RecordBlock } from '../../src/rows/part-content.ts'
import type { ReadRowsOptions, StoredBlock } from '../../src/rows/stored-rows.ts'
import { openStore } from '../../src/store/store.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { messageOf } from '../../src/util/errors.ts'
import { systemClock } from '../../src/util/clock.ts'

// A process that has a run folder open for an engine in another process: every message of a
// `PartStore`, over a channel that copies plain data.

/** A cell in the form in which it may cross. */
export type SentCell = Omit<JournaledCell, 'value'> & { value: StoredValue }
export type SentBlock = Omit<RecordBlock, 'release'>

export type SentRecord =
  | { kind: 'cell'; record: SentCell }
  | { kind: 'failure'; record: JournaledFailure }
  | { kind: 'exchange'; record: JournaledExchange }
  | { kind: 'request'; record: RequestRecord }
  | { kind: 'forget'; row: number; column: number; fromTurn: number }

export type HostRequest =
  | { call: 'open'; directory: string }
  | { call: 'unfinishedParts' }
  | { call: 'readKnownRows'; rows: Interval }
  | { call: 'readRows'; reader: number; rows: readonly Interval[]; options: ReadRowsOptions }
  | { call: 'nextRows'; reader: number }
  | { call: 'stopReading'; reader: number }
  | { call: 'beginPart'; part: number; rows: Float64Array }
  | { call: 'addRows'; part: number; block: SentBlock }
  | { call: 'endPart'; part: number; end: PartEnd }
  | { call: 'close' }

export type HostMessage =
  | { id: number; request: HostRequest }
  /** Has no answer of its own: `durable` tells how far the journal is. */
  | { sequence: number; journal: SentRecord }

export type HostAnswer =
  | { id: number; result: unknown }
  | { id: number; error: string }
  | { durable: number }

let open: RunStore | null = null
const readers = new Map<number, AsyncIterator<StoredBlock>>()
const parts = new Map<number, IncomingPart>()

/** Blocks of a part as they arrive, and the promise of its commit. */
interface IncomingPart {
  add(block: SentBlock): Promise<void>
  end(end: PartEnd): Promise<void>
}

function store(): RunStore {
  if (open === null) throw new Error('no run folder is open')
  return open
}

function receivePart(part: number, rows: Float64Array): IncomingPart {
  const blocks = new TransformStream<RecordBlock, RecordBlock>()
  const writer = blocks.writable.getWriter()
  let told: PartEnd | null = null
  const committed = store().writePart({
    part,
    rows,
    blocks: blocks.readable,
    end() {
      if (told === null) throw new Error(`the end of part ${part} has not arrived`)
      return told
    },
  })
  // Reported by `end`.
  committed.catch(() => undefined)
  return {
    add: (block) => writer.write({ ...block, release: () => undefined }),
    async end(end) {
      told = end
      await writer.close()
      await committed
    },
  }
}

function append(record: SentRecord): void {
  const { journal, settings } = store()
  switch (record.kind) {
    case 'cell': {
      const { row, column, value } = record.record
      const type = settings.columns[column]?.type ?? 'string'
      journal.cell({ row, column, value: fromStored(type, value) })
      return
    }
    case 'failure':
      journal.failure(record.record)
      return
    case 'exchange':
      journal.exchange(record.record, () => undefined)
      return
    case 'request':
      journal.request(record.record)
      return
    case 'forget':
      journal.forget(record.row, record.column, record.fromTurn)
  }
}

async function answer(request: HostRequest): Promise<unknown> {
  switch (request.call) {
    case 'open': {
      open = await openStore(request.directory, { clock: systemClock })
      const { rows, frameRows, partRows, columns } = open.settings
      const types = columns.map(({ type }) => type)
      return { settings: { rows, frameRows, partRows }, types, decided: open.decided }
    }
    case 'unfinishedParts':
      return store().unfinishedParts()
    case 'readKnownRows':
      return store().readKnownRows(request.rows)
    case 'readRows':
      readers.set(
        request.reader,
        store().readRows(request.rows, request.options)[Symbol.asyncIterator](),
      )
      return null
    case 'nextRows': {
      const next = await readers.get(request.reader)?.next()
      return next?.done === false ? next.value : null
    }
    case 'stopReading':
      await readers.get(request.reader)?.return?.()
      readers.delete(request.reader)
      return null
    case 'beginPart':
      parts.set(request.part, receivePart(request.part, request.rows))
      return null
    case 'addRows':
      await parts.get(request.part)?.add(request.block)
      return null
    case 'endPart': {
      const part = parts.get(request.part)
      parts.delete(request.part)
      await part?.end(request.end)
      return null
    }
    case 'close':
      await store().close()
      break
  }
  return null
}

function reply(message: HostAnswer): void {
  process.send?.(message)
}

process.on('message', (message: HostMessage) => {
  if ('journal' in message) {
    append(message.journal)
    const { sequence } = message
    // Records that arrive together become durable together.
    void store()
      .flush()
      .then(
        () => reply({ durable: sequence }),
        () => process.exit(1),
      )
    return
  }
  const { id, request } = message
  answer(request).then(
    (result) => reply({ id, result }),
    (error: unknown) => reply({ id, error: messageOf(error) }),
  )
})
process.on('disconnect', () => process.exit())
