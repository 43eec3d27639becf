import type * as Arrow from 'apache-arrow'
import { type ColumnType, isVectorType, timestampForm, vectorSize } from '../graph/column-type.ts'
import { readDate, readTimestamp } from '../util/timestamp.ts'
import { stringifyJson } from '../util/json.ts'
import { Double, type Value } from '../util/value.ts'
import type { JsonShape } from './json-shape.ts'

export type ArrowPackage = typeof Arrow

/** A column of an Arrow table: its type, and its values as Arrow has them. */
export interface ArrowColumn {
  readonly type: Arrow.DataType
  data(values: readonly Value[]): Arrow.Data
}

/** `shape` is what the values of a JSON column have in common. */
export function arrowColumn(
  arrow: ArrowPackage,
  type: ColumnType,
  shape: JsonShape | undefined,
): ArrowColumn {
  switch (type) {
    case 'string':
      return texts(arrow, String)
    case 'json':
    case 'media':
      return shaped(arrow, shape ?? { kind: 'null' })
    case 'int64':
      return integers(arrow)
    case 'float64':
      return floats(arrow)
    case 'bool':
      return booleans(arrow)
    case 'date':
      return flat(arrow, new arrow.DateDay(), Int32Array, (value) => readDate(value as string) ?? 0)
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc': {
      const form = timestampForm(type)
      const unit = form.perSecond === 1_000_000 ? 'MICROSECOND' : 'NANOSECOND'
      const arrowType = new arrow.Timestamp(arrow.TimeUnit[unit], form.utc ? 'UTC' : null)
      const count = (value: Value): bigint => readTimestamp(value as string, form) ?? 0n
      return flat(arrow, arrowType, BigInt64Array, count)
    }
    default: {
      if (!isVectorType(type)) throw new Error(`there is no Arrow type for ${String(type)}`)
      const size = vectorSize(type)
      const item = flat(arrow, new arrow.Float32(), Float32Array, numberOf)
      return size === null ? lists(arrow, item) : fixedLists(arrow, item, size)
    }
  }
}

function shaped(arrow: ArrowPackage, shape: JsonShape): ArrowColumn {
  switch (shape.kind) {
    case 'bool':
      return booleans(arrow)
    case 'int':
      return integers(arrow)
    case 'float':
      return floats(arrow)
    case 'null':
    case 'string':
      return texts(arrow, String)
    case 'text':
      return texts(arrow, stringifyJson)
    case 'list':
      return lists(arrow, shaped(arrow, shape.item))
    default:
      // Arrow's readers differ on a struct without a field.
      return shape.fields.size === 0 ? texts(arrow, stringifyJson) : structs(arrow, shape.fields)
  }
}

function integers(arrow: ArrowPackage): ArrowColumn {
  return flat(arrow, new arrow.Int64(), BigInt64Array, (value) => BigInt(value as number | bigint))
}

function floats(arrow: ArrowPackage): ArrowColumn {
  return flat(arrow, new arrow.Float64(), Float64Array, numberOf)
}

function numberOf(value: Value): number {
  return value instanceof Double ? value.value : Number(value)
}

/** Columns whose values are numbers of a fixed size. */
function flat<Item extends number | bigint>(
  arrow: ArrowPackage,
  type: Arrow.DataType,
  Values: new (length: number) => { [at: number]: Item },
  convert: (value: Value) => Item,
): ArrowColumn {
  return {
    type,
    data(values) {
      const data = new Values(values.length)
      for (const [at, value] of values.entries()) if (value !== null) data[at] = convert(value)
      const props = { type, ...lengthOf(values), data }
      return arrow.makeData(props)
    },
  }
}

function booleans(arrow: ArrowPackage): ArrowColumn {
  const type = new arrow.Bool()
  return {
    type,
    data: (values) =>
      arrow.makeData({
        type,
        ...lengthOf(values),
        data: bitsOf(values, (value) => value === true),
      }),
  }
}

const encoder = new TextEncoder()

function texts(arrow: ArrowPackage, textOf: (value: Value) => string): ArrowColumn {
  const type = new arrow.Utf8()
  return {
    type,
    data(values) {
      const valueOffsets = new Int32Array(values.length + 1)
      const parts: Uint8Array[] = []
      let end = 0
      for (const [at, value] of values.entries()) {
        if (value !== null) {
          const bytes = encoder.encode(textOf(value))
          parts.push(bytes)
          end += bytes.length
        }
        valueOffsets[at + 1] = end
      }
      return arrow.makeData({ type, ...lengthOf(values), valueOffsets, data: Buffer.concat(parts) })
    },
  }
}

function lists(arrow: ArrowPackage, item: ArrowColumn): ArrowColumn {
  const type = new arrow.List(new arrow.Field('item', item.type, true))
  return {
    type,
    data(values) {
      const valueOffsets = new Int32Array(values.length + 1)
      const items: Value[] = []
      for (const [at, value] of values.entries()) {
        if (value !== null) for (const one of value as readonly Value[]) items.push(one)
        valueOffsets[at + 1] = items.length
      }
      return arrow.makeData({ type, ...lengthOf(values), valueOffsets, child: item.data(items) })
    },
  }
}

function fixedLists(arrow: ArrowPackage, item: ArrowColumn, size: number): ArrowColumn {
  const type = new arrow.FixedSizeList(size, new arrow.Field('item', item.type, true))
  const empty: Value[] = Array.from({ length: size }, () => null)
  return {
    type,
    data(values) {
      const items = values.flatMap((value) =>
        value === null ? empty : (value as readonly Value[]),
      )
      return arrow.makeData({ type, ...lengthOf(values), child: item.data(items) })
    },
  }
}

function structs(arrow: ArrowPackage, fields: ReadonlyMap<string, JsonShape>): ArrowColumn {
  const columns = [...fields].map(([name, shape]) => ({ name, column: shaped(arrow, shape) }))
  const type = new arrow.Struct(
    columns.map(({ name, column }) => new arrow.Field(name, column.type, true)),
  )
  return {
    type,
    data(values) {
      const children = columns.map(({ name, column }) =>
        column.data(
          values.map((value) => (value as ReadonlyMap<string, Value> | null)?.get(name) ?? null),
        ),
      )
      return arrow.makeData({ type, ...lengthOf(values), children })
    },
  }
}

function lengthOf(values: readonly Value[]): {
  length: number
  nullCount: number
  nullBitmap: Uint8Array
} {
  let nullCount = 0
  for (const value of values) if (value === null) nullCount += 1
  return { length: values.length, nullCount, nullBitmap: bitsOf(values, (value) => value !== null) }
}

/** A bit for each value, from the lowest of the first byte on. */
function bitsOf(values: readonly Value[], isSet: (value: Value) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8))
  for (const [at, value] of values.entries()) {
    if (isSet(value)) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7))
  }
  return bits
}
