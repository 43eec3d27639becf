import { readContent } from '../compression.ts'
import type { ReadOptions, SeedFile } from '../file.ts'
import { checkUtf8 } from '../utf8.ts'
import { longestRecord, defineSeedFormat } from './define.ts'
import { longLine } from './delimited-records.ts'
import { openRecords, type JsonRecord } from './json-records.ts'

export const jsonl = defineSeedFormat({
  name: 'jsonl',
  description: 'One JSON object per line.',
  endings: ['.jsonl', '.ndjson'],
  streamed: true,
  open: (files, options) => openRecords(files, readLines, options),
})

const lineFeed = 0x0a

async function* readLines(file: SeedFile, options: ReadOptions): AsyncGenerator<JsonRecord[]> {
  let open: Buffer[] = []
  let openBytes = 0
  let line = 1
  for await (const chunk of checkUtf8(readContent(file, options))) {
    const batch: JsonRecord[] = []
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      open.push(chunk.subarray(start, end))
      const text = textOf(open)
      if (text !== '') batch.push({ text, line })
      open = []
      openBytes = 0
      start = end + 1
      line++
    }
    if (start < chunk.length) {
      open.push(chunk.subarray(start))
      openBytes += chunk.length - start
      if (openBytes > longestRecord) throw longLine(line)
    }
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
