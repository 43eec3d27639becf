import { readFile, rename, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { isMissing } from '../threads/system-error.ts'
import { drawSeed } from '../util/random-source.ts'

/*
 * Row numbers that were found once, in a file of the cache: a checksum, then 4 bytes for each,
 * little-endian.
 */
const headBytes = 4

/** Null when they are not there, or not as they were written: they are found again. */
export async function readKeptNumbers(path: string): Promise<Uint32Array | null> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
  const body = bytes.subarray(headBytes)
  if (bytes.length < headBytes || body.length % 4 !== 0) return null
  if (bytes.readUInt32LE(0) !== crc32(body)) return null
  return Uint32Array.from({ length: body.length / 4 }, (_, at) => body.readUInt32LE(at * 4))
}

export async function writeKeptNumbers(path: string, numbers: Uint32Array): Promise<void> {
  const bytes = Buffer.alloc(headBytes + numbers.length * 4)
  for (const [at, number] of numbers.entries()) bytes.writeUInt32LE(number, headBytes + at * 4)
  bytes.writeUInt32LE(crc32(bytes.subarray(headBytes)), 0)
  const part = `${path}.${drawSeed().toString(36)}.part`
  await writeFile(part, bytes)
  await rename(part, path)
}
