import type * as Arrow from 'apache-arrow'
import type { ColumnType } from '../graph/column-type.ts'
import { importOptional } from '../threads/optional-package.ts'
import type { Value } from '../util/value.ts'
import { type ArrowColumn, arrowColumn, type ArrowPackage } from './arrow-type.ts'
import type { FileForm, RecordSource } from './file-form.ts'
import { type JsonShape, widenShape } from './json-shape.ts'
import type { RecordValues } from './records.ts'

/** Arrow's IPC format as a file with an index, which readers map into memory. */
export const arrowFile: FileForm = {
  name: 'arrow',
  endings: ['.arrow', '.feather'],
  content: (source, onRecord) => content(source, onRecord, 'RecordBatchFileWriter'),
}

/** The same as a stream, which readers take batch by batch. */
export const arrowStream: FileForm = {
  name: 'arrow-stream',
  endings: ['.arrows'],
  content: (source, onRecord) => content(source, onRecord, 'RecordBatchStreamWriter'),
}

const rowsOfBatch = 8_192
/** Characters and numbers in a batch, about. */
const sizeOfBatch = 8 * 1024 * 1024

async function* content(
  source: RecordSource,
  onRecord: () => void,
  kind: 'RecordBatchFileWriter' | 'RecordBatchStreamWriter',
): AsyncGenerator<Uint8Array> {
  const arrow = await loadArrow('an export to Arrow')
  let chunks: Uint8Array[] = []
  /** What the writer writes is handed on at once: a queue of its own would hold the file. */
  class Sink extends arrow.AsyncByteQueue {
    override write(chunk: Uint8Array): void {
      // The next batch may be written into the same memory.
      if (chunk.byteLength > 0) chunks.push(chunk.slice())
    }
  }
  function take(): Uint8Array[] {
    const taken = chunks
    chunks = []
    return taken
  }
  const writer = new arrow[kind]()
  const { schema, batches } = await openBatches(arrow, source, onRecord)
  writer.reset(new Sink(), schema)
  for await (const batch of batches) {
    writer.write(batch)
    yield* take()
  }
  writer.finish()
  yield* take()
}

/** A table of all records: it is in memory as a whole. */
export async function arrowTable(source: RecordSource): Promise<Arrow.Table> {
  const arrow = await loadArrow('a table of Arrow')
  const { schema, batches } = await openBatches(arrow, source, () => undefined)
  return new arrow.Table(schema, await Array.fromAsync(batches))
}

async function loadArrow(purpose: string): Promise<ArrowPackage> {
  // A package of this name exports this.
  return (await importOptional('apache-arrow', purpose)) as unknown as ArrowPackage
}

async function openBatches(
  arrow: ArrowPackage,
  source: RecordSource,
  onRecord: () => void,
): Promise<{ schema: Arrow.Schema; batches: AsyncGenerator<Arrow.RecordBatch> }> {
  const shapes = await shapesOf(source)
  const columns = source.columns.map(({ name, type }) => ({
    name,
    column: arrowColumn(arrow, type, shapes.get(name)),
  }))
  const fields = columns.map(({ name, column }) => new arrow.Field(name, column.type, true))
  const schema = new arrow.Schema(fields)
  return { schema, batches: batchesOf(arrow, { schema, columns, source, onRecord }) }
}

const withShape: ReadonlySet<ColumnType> = new Set(['json', 'media'])

/** What JSON columns hold is known when all of it was read. */
async function shapesOf({ columns, read }: RecordSource): Promise<Map<string, JsonShape>> {
  const names = columns.filter(({ type }) => withShape.has(type)).map(({ name }) => name)
  const shapes = new Map<string, JsonShape>()
  if (names.length === 0) return shapes
  for await (const record of read(names)) {
    for (const name of names) {
      shapes.set(name, widenShape(shapes.get(name), record.get(name) ?? null))
    }
  }
  return shapes
}

interface Batches {
  schema: Arrow.Schema
  columns: readonly { name: string; column: ArrowColumn }[]
  source: RecordSource
  onRecord: () => void
}

async function* batchesOf(
  arrow: ArrowPackage,
  { schema, columns, source, onRecord }: Batches,
): AsyncGenerator<Arrow.RecordBatch> {
  let records: RecordValues[] = []
  let size = 0
  function batch(): Arrow.RecordBatch {
    const children = columns.map(({ name, column }) =>
      column.data(records.map((record) => record.get(name) ?? null)),
    )
    const type = new arrow.Struct(schema.fields)
    const data = arrow.makeData({ type, length: records.length, nullCount: 0, children })
    records = []
    size = 0
    return new arrow.RecordBatch(schema, data)
  }
  for await (const record of source.read()) {
    onRecord()
    records.push(record)
    for (const value of record.values()) size += sizeOf(value)
    if (records.length >= rowsOfBatch || size >= sizeOfBatch) yield batch()
  }
  if (records.length > 0) yield batch()
}

function sizeOf(value: Value): number {
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) {
    let sum = 8
    for (const item of value as readonly Value[]) sum += sizeOf(item)
    return sum
  }
  if (!(value instanceof Map)) return 8
  let sum = 8
  for (const item of (value as ReadonlyMap<string, Value>).values()) sum += sizeOf(item)
  return sum
}
