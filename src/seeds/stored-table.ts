import { createHash } from 'node:crypto'
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../models/hub-address.ts'
import type { TableCondition, TableFile } from '../samplers/define.ts'
import { isScalar, scalarText } from '../samplers/scalar-type.ts'
import { isMissing, systemCode } from '../threads/system-error.ts'
import { drawSeed } from '../util/random-source.ts'
import { SeedFault, type OpenedSeed, type SeedColumn, type SeedRow } from './define.ts'
import { hasChanged, lookAtFile, openSlices, type SeedFile } from './file.ts'
import { startParquetThread } from './formats/parquet-thread.ts'
import { descriptionName, normaliseSeed } from './normalise.ts'
import type { OnSeedProgress } from './read-progress.ts'
import { openRowFile, type RowFileReader } from './row-file.ts'
import { readKeptNumbers, writeKeptNumbers } from './row-numbers.ts'
import { unpackRow } from './stored-seed-rows.ts'

export interface TableOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly onProgress?: OnSeedProgress | undefined
}

/** Bytes of a file that are hashed as a whole; of a larger one, its end and samples. */
const smallBytes = 16 * 1024 * 1024
const sampleBytes = 4096
const samples = 256

/**
 * Opens a Parquet file whose rows are wanted one by one, in any order.
 *
 * A Parquet file gives a row only by decoding the pages of all its columns. So the wanted columns are copied,
 * once for a machine, into the cache, in the form of a stored seed; a row is then two short reads.
 */
export async function openTableFile(path: string, options: TableOptions): Promise<TableFile> {
  const file = await lookAtFile(path, { label: null, compression: null })
  await using thread = startParquetThread(options.signal)
  const { columns: all, size } = await thread.describe(file, { isOneOfSeveral: true })
  if (size === 0) throw new SeedFault('empty-table', `${path} has no rows`)
  const identity = await identityOf(file)
  const table: Table = {
    file,
    columns: all
      .filter(({ isEmpty, isBinary }) => !isEmpty && !isBinary)
      .map(({ name, type }) => ({ name, type })),
    size,
    identity,
    folder: join(cacheFolder(process.platform, options.environment), 'tables', hashOf(path)),
  }
  return {
    identity,
    columns: table.columns.map(({ name }) => name),
    rowsWhere: (conditions) => rowsWhere(table, conditions, options),
    reader: async (names) => readerOf(await copyOf(table, names, options)),
  }
}

interface Table {
  readonly file: SeedFile
  readonly columns: readonly SeedColumn[]
  readonly size: number
  readonly identity: string
  /** In the cache. */
  readonly folder: string
}

/** Numbers of the rows that fulfil all conditions, ascending; found once for a machine. */
async function rowsWhere(
  table: Table,
  conditions: readonly TableCondition[],
  options: TableOptions,
): Promise<Uint32Array> {
  const name = `${table.identity}-${hashOf(JSON.stringify(conditions))}.rows`
  const kept = await readKeptNumbers(join(table.folder, name))
  if (kept !== null) return kept
  const columns = columnsOf(
    table,
    conditions.map(({ column }) => column),
  )
  const tests = conditions.map(testOf)
  const found = new Uint32Array(table.size)
  let count = 0
  let row = 0
  for await (const batch of someColumns(table, columns, options)) {
    for (const values of batch) {
      if (tests.every((holds, at) => holds(values[at] ?? null))) found[count++] = row
      row += 1
    }
  }
  const numbers = found.slice(0, count)
  await mkdir(table.folder, { recursive: true })
  await writeKeptNumbers(join(table.folder, name), numbers)
  return numbers
}

function testOf(condition: TableCondition): (value: SeedRow[number]) => boolean {
  if ('anyOf' in condition) {
    const words = new Set(condition.anyOf)
    return (value) => isScalar(value) && words.has(scalarText(value))
  }
  const { from, to } = condition
  return (value) => value !== null && Number(value) >= from && Number(value) <= to
}

/** Copies that are being made, by their folder: columns of a config are loaded all at once. */
const copying = new Map<string, Promise<string>>()

function copyOf(table: Table, names: readonly string[], options: TableOptions): Promise<string> {
  const folder = join(table.folder, `${table.identity}-${hashOf(JSON.stringify(names))}`)
  const started = copying.get(folder) ?? makeCopy(table, names, folder, options)
  copying.set(folder, started)
  return started.finally(() => copying.delete(folder))
}

async function makeCopy(
  table: Table,
  names: readonly string[],
  folder: string,
  options: TableOptions,
): Promise<string> {
  if (await isThere(join(folder, descriptionName))) return folder
  await forgetFormer(table)
  const columns = columnsOf(table, names)
  const source: OpenedSeed = {
    columns,
    size: table.size,
    identity: table.identity,
    stamp: table.file.mark,
    notes: [],
    rows: (reading) => someColumns(table, columns, { ...options, signal: reading.signal }),
    changed: () => hasChanged(table.file),
  }
  const part = `${folder}.${drawSeed().toString(36)}.part`
  try {
    await normaliseSeed(source, part, { signal: options.signal })
    await rename(part, folder)
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    // Another process was sooner.
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error
  }
  return folder
}

async function* someColumns(
  { file }: Table,
  columns: readonly SeedColumn[],
  { signal, onProgress }: TableOptions,
): AsyncGenerator<SeedRow[]> {
  await using thread = startParquetThread(signal)
  let bytes = 0
  yield* thread.some(file, columns, (read) => {
    bytes = Math.max(bytes, read)
    onProgress?.({ path: file.path, bytes, totalBytes: file.sizeBytes })
  })
}

/** Copies of what the file had before. */
async function forgetFormer({ folder, identity }: Table): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    if (name.startsWith(identity) || name.endsWith('.part')) continue
    await rm(join(folder, name), { recursive: true, force: true })
  }
}

/**
 * Rows of a copy are read wherever a cell is made, and who only looks at a config closes nothing: one
 * reader for a copy serves the whole process.
 */
const readers = new Map<string, RowFileReader>()

function readerOf(folder: string): (row: number) => SeedRow {
  return (row) => {
    let reader = readers.get(folder)
    if (reader === undefined) {
      reader = openRowFile(folder)
      readers.set(folder, reader)
    }
    return unpackRow(reader.read([row]), 0)
  }
}

function columnsOf({ columns }: Table, names: readonly string[]): SeedColumn[] {
  return names.map((name) => {
    const column = columns.find((candidate) => candidate.name === name)
    if (column === undefined) throw new RangeError(`The table has no column ${name}.`)
    return column
  })
}

/** Of the content: a file of gigabytes is reported from others by its metadata and by samples. */
async function identityOf(file: SeedFile): Promise<string> {
  const { sizeBytes } = file
  const hash = createHash('sha256').update(`${sizeBytes}`)
  await using slices = await openSlices(file)
  if (sizeBytes <= smallBytes) {
    return shortened(hash.update(new Uint8Array(await slices.slice(0, sizeBytes))))
  }
  const end = new DataView(await slices.slice(sizeBytes - 8, sizeBytes))
  const footer = Math.min(end.getUint32(0, true), sizeBytes - 8)
  hash.update(new Uint8Array(await slices.slice(sizeBytes - 8 - footer, sizeBytes)))
  for (let at = 0; at < samples; at += 1) {
    const start = Math.floor((at * (sizeBytes - sampleBytes)) / samples)
    hash.update(new Uint8Array(await slices.slice(start, start + sampleBytes)))
  }
  return shortened(hash)
}

function hashOf(text: string): string {
  return shortened(createHash('sha256').update(text))
}

function shortened(hash: ReturnType<typeof createHash>): string {
  return hash.digest('hex').slice(0, 32)
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
