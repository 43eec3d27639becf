import type { SeedFile } from '../file.ts'
import { checkUtf8 } from '../utf8.ts'
import type { SeedFormat } from './define.ts'
import { openRecords, type JsonRecord } from './records.ts'

export const jsonl: SeedFormat = {
  name: 'jsonl',
  endings: ['.jsonl', '.ndjson'],
  open: (file, signal) => openRecords((passSignal) => readLines(file, passSignal), signal),
}

const lineFeed = 0x0a

async function* readLines(file: SeedFile, signal: AbortSignal): AsyncGenerator<JsonRecord[]> {
  let open: Buffer[] = []
  let line = 1
  for await (const chunk of checkUtf8(file.chunks(signal))) {
    const batch: JsonRecord[] = []
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      open.push(chunk.subarray(start, end))
      const text = textOf(open)
      if (text !== '') batch.push({ text, line })
      open = []
      start = end + 1
      line++
    }
    if (start < chunk.length) open.push(chunk.subarray(start))
    if (batch.length > 0) yield batch
  }
  const text = textOf(open)
  if (text !== '') yield [{ text, line }]
}

function textOf(pieces: readonly Buffer[]): string {
  const [first] = pieces
  if (first === undefined) return ''
  const bytes = pieces.length === 1 ? first : Buffer.concat(pieces)
  return bytes.toString('utf8').trim()
}
