import { clockText, dateText, timestampText } from '../../util/timestamp.ts'
import { toDouble, toInteger, type Value } from '../../util/value.ts'
import { decimalNumber, decimalText, fits } from './parquet-decimal.ts'

/** What decoding needs of a column's reader. */
interface VariantReading {
  /** Texts of the keys of objects, by their number. */
  readonly dictionary: readonly string[]
  /** Throws where bytes are not text. */
  readonly textOf: (bytes: Uint8Array) => string
}

/** Levels of lists and objects; no data has so many, and the stack takes them. */
const deepest = 500

/** The keys of a variant's objects, from its metadata. */
export function readDictionary(
  bytes: Uint8Array,
  textOf: (bytes: Uint8Array) => string,
): readonly string[] {
  const view = viewOf(bytes)
  const header = view.getUint8(0)
  if ((header & 0x0f) !== 1) throw new Error(`its variant has version ${header & 0x0f}`)
  const width = (header >> 6) + 1
  const size = readUnsigned(view, 1, width)
  const base = 1 + width * (size + 2)
  const at = (index: number): number => base + readUnsigned(view, 1 + width * (index + 1), width)
  return Array.from({ length: checkedCount(size, bytes) }, (_, index) =>
    textOf(bytesAt(view, at(index), at(index + 1) - at(index))),
  )
}

/** The value that the bytes of a variant stand for, as the format's specification says. */
export function readVariantValue(bytes: Uint8Array, reading: VariantReading): Value {
  const view = viewOf(bytes)
  // Every value has a separate byte: more of them are one again and again, in a damaged file.
  let left = bytes.byteLength

  function valueAt(offset: number, depth: number): Value {
    left -= 1
    if (left < 0 || depth > deepest) throw new Error('its variant is damaged')
    const header = view.getUint8(offset)
    const detail = header >> 2
    switch (header & 0x3) {
      case 0:
        return readPrimitive(view, offset + 1, detail, reading)
      case 1:
        return reading.textOf(bytesAt(view, offset + 1, detail))
      case 2:
        return objectAt(offset + 1, detail, depth)
      default:
        return listAt(offset + 1, detail, depth)
    }
  }

  function objectAt(offset: number, detail: number, depth: number): Value {
    const offsetWidth = (detail & 0x3) + 1
    const idWidth = ((detail >> 2) & 0x3) + 1
    const countWidth = (detail & 0x10) === 0 ? 1 : 4
    const count = checkedCount(readUnsigned(view, offset, countWidth), bytes)
    const ids = offset + countWidth
    const offsets = ids + count * idWidth
    const values = offsets + (count + 1) * offsetWidth
    const entries = Array.from({ length: count }, (_, at): [string, Value] => {
      const key = reading.dictionary[readUnsigned(view, ids + at * idWidth, idWidth)]
      if (key === undefined) throw new Error('its variant is damaged')
      const place = values + readUnsigned(view, offsets + at * offsetWidth, offsetWidth)
      return [key, valueAt(place, depth + 1)]
    })
    return new Map(entries)
  }

  function listAt(offset: number, detail: number, depth: number): Value {
    const offsetWidth = (detail & 0x3) + 1
    const countWidth = (detail & 0x4) === 0 ? 1 : 4
    const count = checkedCount(readUnsigned(view, offset, countWidth), bytes)
    const offsets = offset + countWidth
    const values = offsets + (count + 1) * offsetWidth
    return Array.from({ length: count }, (_, at) =>
      valueAt(values + readUnsigned(view, offsets + at * offsetWidth, offsetWidth), depth + 1),
    )
  }

  return valueAt(0, 0)
}

function readPrimitive(
  view: DataView,
  at: number,
  type: number,
  { textOf }: VariantReading,
): Value {
  switch (type) {
    case 0:
      return null
    case 1:
      return true
    case 2:
      return false
    case 3:
      return view.getInt8(at)
    case 4:
      return view.getInt16(at, true)
    case 5:
      return view.getInt32(at, true)
    case 6:
      return toInteger(view.getBigInt64(at, true))
    case 7:
      return toDouble(view.getFloat64(at, true))
    case 8:
      return decimalOf(view.getUint8(at), BigInt(view.getInt32(at + 1, true)))
    case 9:
      return decimalOf(view.getUint8(at), view.getBigInt64(at + 1, true))
    case 10: {
      const high = view.getBigInt64(at + 9, true)
      return decimalOf(view.getUint8(at), (high << 64n) | view.getBigUint64(at + 1, true))
    }
    case 11:
      return dateText(view.getInt32(at, true))
    case 12:
    case 13:
      return timestampText(view.getBigInt64(at, true), { perSecond: 1_000_000, utc: type === 12 })
    case 14:
      return toDouble(view.getFloat32(at, true))
    case 15:
    case 16:
      return textOf(bytesAt(view, at + 4, view.getUint32(at, true)))
    case 17:
      return clockText(view.getBigInt64(at, true), 1_000_000)
    case 18:
    case 19:
      return timestampText(view.getBigInt64(at, true), {
        perSecond: 1_000_000_000,
        utc: type === 18,
      })
    case 20:
      return uuidText(bytesAt(view, at, 16))
    default:
      throw new Error(`its variant has a value of the unknown type ${type}`)
  }
}

/** Each value has a separate scale, and is a number where one keeps all of its digits. */
function decimalOf(scale: number, units: bigint): Value {
  const decimal = { scale, precision: Infinity }
  return fits(decimal, units) ? decimalNumber(decimal, units) : decimalText(decimal, units)
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return [0, 8, 12, 16, 20].map((from, at, all) => hex.slice(from, all[at + 1])).join('-')
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Refuses what reaches beyond the value. */
function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  if (length < 0 || at + length > view.byteLength) throw new Error('its variant is damaged')
  return new Uint8Array(view.buffer, view.byteOffset + at, length)
}

function checkedCount(count: number, { byteLength }: Uint8Array): number {
  if (count > byteLength) throw new Error('its variant is damaged')
  return count
}

function readUnsigned(view: DataView, at: number, width: number): number {
  let value = 0
  for (let index = 0; index < width; index += 1)
    value += view.getUint8(at + index) * 2 ** (8 * index)
  return value
}
