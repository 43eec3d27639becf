import { SeedFault } from '../define.ts'
import { JsonSyntaxError, parseJson } from '../../util/json.ts'
import { Double, type Value } from '../../util/value.ts'
import { inferValueType, widenTo, type ValueInference } from '../value-type.ts'
import type { ReadOptions, SeedFile } from '../file.ts'
import { inFile, type FormatReading } from './define.ts'

/** The text of one row's JSON and the line of the file it begins on, from 1. */
export interface JsonRecord {
  readonly text: string
  readonly line: number
}

type ReadRecords = (file: SeedFile, options: ReadOptions) => AsyncIterable<readonly JsonRecord[]>

/** Reads rows that are JSON objects: columns are their keys, in order of first appearance. */
export async function openRecords(
  files: readonly SeedFile[],
  read: ReadRecords,
  options: ReadOptions,
): Promise<FormatReading> {
  const inferences = new Map<string, ValueInference>()
  let size = 0
  for await (const batch of readObjects(files, read, options)) {
    size += batch.length
    for (const object of batch) {
      for (const [name, value] of object) {
        let inference = inferences.get(name)
        if (inference === undefined) {
          inference = inferValueType()
          inferences.set(name, inference)
        }
        inference.see(value)
      }
    }
  }
  if (inferences.has('')) {
    throw new SeedFault('empty-column-name', 'a row has a value under an empty name ("")')
  }
  const columns = [...inferences].map(([name, inference]) => ({ name, type: inference.type() }))
  return {
    columns,
    size,
    async *rows(rowsOptions) {
      for await (const batch of readObjects(files, read, rowsOptions)) {
        yield batch.map((object) =>
          columns.map(({ name, type }) => widenTo(type, object.get(name) ?? null)),
        )
      }
    },
  }
}

async function* readObjects(
  files: readonly SeedFile[],
  read: ReadRecords,
  options: ReadOptions,
): AsyncGenerator<ReadonlyMap<string, Value>[]> {
  for (const file of files) {
    yield* inFile(file, readObjectsOf(read(file, options)))
  }
}

async function* readObjectsOf(
  records: AsyncIterable<readonly JsonRecord[]>,
): AsyncGenerator<ReadonlyMap<string, Value>[]> {
  let row = 0
  for await (const batch of records) yield batch.map((record) => readObject(record, ++row))
}

function readObject({ text, line }: JsonRecord, row: number): ReadonlyMap<string, Value> {
  const value = parseRecord(text, line)
  if (value instanceof Map) return value
  throw new SeedFault(
    'not-an-object',
    `row ${row} (line ${line}) is ${nameOf(value)}, and a seed row is an object`,
    { suggestion: 'Write each row as {"column": value, …}.' },
  )
}

function parseRecord(text: string, line: number): Value {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    const place = ` at line ${error.line}, column ${error.column}`
    const reason = error.message.endsWith(place)
      ? error.message.slice(0, -place.length)
      : error.message
    throw new SeedFault(
      'bad-json',
      `line ${line + error.line - 1}, column ${error.column} is not JSON: ${reason}`,
      { cause: error },
    )
  }
}

function nameOf(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'object' && !(value instanceof Double) ? 'a list' : 'a number'
}
