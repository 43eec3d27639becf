import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** Arrays of numbers of 32 bits, one behind the other in a file, each with its row. */
export interface ContentFile extends Disposable {
  /** Where it is from then on; places grow. */
  add(row: number, content: Uint32Array | Float32Array): number
  at(place: number): Candidate
}

/** A record that was kept. */
export interface Candidate {
  row: number
  /** How many numbers it has. */
  length: number
  /** Its bytes; what they are in is used again for the next one. */
  read(): { buffer: ArrayBuffer; length: number }
}

/** Row and number of numbers, as two doubles. */
const HEADER_BYTES = 16
/** Written at once. */
const WAITING_BYTES = 2 ** 18

export function openContentFile(path: string): ContentFile {
  const file = openSync(path, 'w+')
  const waiting = new Uint8Array(WAITING_BYTES)
  let written = 0
  let filled = 0
  const header = new Float64Array(2)
  const headerBytes = new Uint8Array(header.buffer)
  /** Grows to the largest content that was read. */
  let buffer = new ArrayBuffer(WAITING_BYTES)

  function flush(): void {
    writeAll(waiting.subarray(0, filled))
    filled = 0
  }

  function writeAll(bytes: Uint8Array): void {
    let done = 0
    while (done < bytes.length) {
      done += writeSync(file, bytes, done, bytes.length - done, written + done)
    }
    written += bytes.length
  }

  function append(bytes: Uint8Array): void {
    if (filled + bytes.length > WAITING_BYTES) flush()
    if (bytes.length > WAITING_BYTES) writeAll(bytes)
    else {
      waiting.set(bytes, filled)
      filled += bytes.length
    }
  }

  function readAll(bytes: Uint8Array, place: number): void {
    let done = 0
    while (done < bytes.length) {
      const count = readSync(file, bytes, done, bytes.length - done, place + done)
      if (count === 0) throw new RangeError(`The file of kept records ends before ${place + done}.`)
      done += count
    }
  }

  return {
    add(row, content) {
      const place = written + filled
      header.set([row, content.length])
      append(headerBytes)
      append(new Uint8Array(content.buffer, content.byteOffset, content.byteLength))
      return place
    },
    at(place) {
      if (filled > 0 && place + HEADER_BYTES > written) flush()
      readAll(headerBytes, place)
      const [row = 0, length = 0] = header
      return {
        row,
        length,
        read() {
          const bytes = 4 * length
          const end = place + HEADER_BYTES + bytes
          if (end > written) flush()
          if (buffer.byteLength < bytes) buffer = new ArrayBuffer(2 * bytes)
          readAll(new Uint8Array(buffer, 0, bytes), place + HEADER_BYTES)
          return { buffer, length }
        },
      }
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}
