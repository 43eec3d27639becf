import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** A colour as red, green and blue. */
export type Colour = readonly [number, number, number]

/** The bytes of a square PNG of 8 bits a colour; `colourAt` paints each of its points. */
export function encodePng(size: number, colourAt: (x: number, y: number) => Colour): Buffer {
  const lines = Array.from({ length: size }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: size }, (_unused, x) => colourAt(x, y)).flat()]),
  )
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  // 8 bits for each of red, green and blue.
  header.set([8, 2], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(lines))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** The size of such a file, and the colour of each point. */
export function decodePng(bytes: Buffer): {
  size: number
  colourAt: (x: number, y: number) => Colour
} {
  const size = bytes.readUInt32BE(16)
  const length = bytes.readUInt32BE(33)
  const lines = inflateSync(bytes.subarray(41, 41 + length))
  return {
    size,
    colourAt(x, y) {
      const at = y * (1 + size * 3) + 1 + x * 3
      return [lines[at] ?? 0, lines[at + 1] ?? 0, lines[at + 2] ?? 0]
    },
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}
