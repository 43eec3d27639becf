import type { StoredValue } from '../graph/stored-value.ts'

/** Physical types of Parquet that parts use for columns without a structure. */
export type PlainType = 'BOOLEAN' | 'INT32' | 'INT64' | 'DOUBLE' | 'BYTE_ARRAY'

/** Values of a page one after the other, without null. Throws for one of another type. */
export function plainPage(type: PlainType, values: readonly StoredValue[]): Uint8Array {
  const wrong = values.findIndex((value) => !isOfType[type](value))
  if (wrong >= 0) {
    throw new TypeError(`expected values of type ${type}, got one of type ${typeof values[wrong]}`)
  }
  return encoders[type](values)
}

const encoders: Readonly<Record<PlainType, (values: readonly StoredValue[]) => Uint8Array>> = {
  BOOLEAN: flags,
  INT32: smallIntegers,
  INT64: integers,
  DOUBLE: doubles,
  BYTE_ARRAY: texts,
}

const isOfType: Readonly<Record<PlainType, (value: StoredValue) => boolean>> = {
  BOOLEAN: (value) => typeof value === 'boolean',
  INT32: (value) => typeof value === 'number',
  INT64: (value) => typeof value === 'number' || typeof value === 'bigint',
  DOUBLE: (value) => typeof value === 'number',
  BYTE_ARRAY: (value) => typeof value === 'string',
}

function flags(values: readonly StoredValue[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 8))
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] === true) (bytes[at >> 3] as number) |= 1 << (at & 7)
  }
  return bytes
}

function smallIntegers(values: readonly StoredValue[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  for (let at = 0; at < values.length; at += 1) {
    view.setInt32(4 * at, values[at] as number, true)
  }
  return new Uint8Array(view.buffer)
}

function integers(values: readonly StoredValue[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number | bigint
    if (typeof value === 'bigint') {
      view.setBigInt64(8 * at, value, true)
    } else {
      view.setUint32(8 * at, value, true)
      view.setInt32(8 * at + 4, Math.floor(value / 2 ** 32), true)
    }
  }
  return new Uint8Array(view.buffer)
}

function doubles(values: readonly StoredValue[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  for (let at = 0; at < values.length; at += 1) {
    view.setFloat64(8 * at, values[at] as number, true)
  }
  return new Uint8Array(view.buffer)
}

/** Of longer texts a call of the encoder costs less than a loop over their characters. */
const shortText = 48

/** Each with its length in front. */
function texts(values: readonly StoredValue[]): Uint8Array {
  let least = 0
  for (const value of values) least += 4 + (value as string).length
  let bytes = Buffer.allocUnsafe(least + 64)
  let end = 0
  for (const value of values) {
    const text = value as string
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    if (end + 4 + 3 * text.length > bytes.length) {
      const larger = Buffer.allocUnsafe(2 * bytes.length + 3 * text.length)
      bytes.copy(larger, 0, 0, end)
      bytes = larger
    }
    const start = end + 4
    const after = text.length <= shortText ? writeAscii(bytes, start, text) : -1
    end = after >= 0 ? after : start + bytes.write(text, start)
    writeLength(bytes, start - 4, end - start)
  }
  return bytes.subarray(0, end)
}

/** Where it ends; -1 when a character takes more than a byte. */
function writeAscii(bytes: Uint8Array, start: number, text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit >= 0x80) return -1
    bytes[start + at] = unit
  }
  return start + text.length
}

function writeLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length >>> 16
  bytes[at + 3] = length >>> 24
}
