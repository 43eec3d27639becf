import { SeedFault } from '../define.ts'
import { JsonSyntaxError, parseJson } from '../../util/json.ts'
import { Double, type Value } from '../../util/value.ts'
import { inferValueType, widenTo, type ValueInference } from '../value-type.ts'
import type { FormatReading } from './define.ts'

/** The text of one row's JSON and the line of the file it begins on, from 1. */
export interface JsonRecord {
  readonly text: string
  readonly line: number
}

/** Reads rows that are JSON objects: columns are their keys, in order of first appearance. */
export async function openRecords(
  records: (signal: AbortSignal) => AsyncIterable<readonly JsonRecord[]>,
  signal: AbortSignal,
): Promise<FormatReading> {
  const inferences = new Map<string, ValueInference>()
  let size = 0
  for await (const batch of records(signal)) {
    for (const record of batch) {
      size++
      for (const [name, value] of readObject(record, size)) {
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
    async *rows(rowsSignal) {
      let row = 0
      for await (const batch of records(rowsSignal)) {
        yield batch.map((record) => {
          const values = readObject(record, ++row)
          return columns.map(({ name, type }) => widenTo(type, values.get(name) ?? null))
        })
      }
    },
  }
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
