/** What a file is by how its bytes begin; null for what is none of the usual pictures and sounds. */
export function mimeOfBytes(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.subarray(0, 16)).toString('latin1')
  for (const [start, mime] of starts) if (text.startsWith(start)) return mime
  const inner = text.slice(8, 12)
  if (text.startsWith('RIFF')) return inner === 'WEBP' ? 'image/webp' : ifWave(inner)
  if (text.slice(4, 8) === 'ftyp') return brands[inner] ?? 'video/mp4'
  // A frame of MPEG audio without a tag before it: eleven bits, then a layer that exists.
  const [first = 0, second = 0] = bytes
  return first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0 ? 'audio/mpeg' : null
}

function ifWave(inner: string): string | null {
  return inner === 'WAVE' ? 'audio/wav' : null
}

const starts: readonly (readonly [string, string])[] = [
  ['\x89PNG', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['GIF8', 'image/gif'],
  ['ID3', 'audio/mpeg'],
  ['OggS', 'audio/ogg'],
  ['fLaC', 'audio/flac'],
  ['\x1aE\xdf\xa3', 'video/webm'],
]

/** Of the container of MP4. */
const brands: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  'qt  ': 'video/quicktime',
  'M4A ': 'audio/mp4',
}

const endings: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
}

/** What a file is by the ending of its name or address, or by that word alone; null for another. */
export function mimeOfEnding(name: string): string | null {
  const ending = /(?:^|\.)([a-z0-9]+)(?:[?#][^]*)?$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  return endings[ending] ?? null
}
