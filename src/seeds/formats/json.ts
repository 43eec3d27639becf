import { readContent } from '../compression.ts'
import { SeedFault } from '../define.ts'
import type { ReadOptions, SeedFile } from '../file.ts'
import { checkUtf8 } from '../utf8.ts'
import { longestRecord, defineSeedFormat } from './define.ts'
import { longLine } from './delimited-records.ts'
import { openRecords, type JsonRecord } from './json-records.ts'

/** A list of objects, or objects one after the other. */
export const json = defineSeedFormat({
  name: 'json',
  description: 'A list of objects.',
  endings: ['.json'],
  streamed: true,
  open: (files, options) => openRecords(files, readElements, options),
})

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const lineFeed = 0x0a

/**
 * Cuts the elements of the list out of the text without parsing them, so that the file is never
 * in memory as a whole; what is wrong inside an element its parser says.
 */
async function* readElements(file: SeedFile, options: ReadOptions): AsyncGenerator<JsonRecord[]> {
  const splitter = createSplitter()
  for await (const chunk of checkUtf8(readContent(file, options))) {
    const batch = splitter.split(chunk)
    if (batch.length > 0) yield batch
  }
  splitter.finish()
}

interface Splitter {
  split(chunk: Buffer): JsonRecord[]
  finish(): void
}

function createSplitter(): Splitter {
  let root: 'none' | 'list' | 'sequence' | 'closed' = 'none'
  let line = 1
  let depth = 0
  let inString = false
  let escaped = false
  /** Begun in earlier chunks; null outside of an element. */
  let pieces: Buffer[] | null = null
  let piecesBytes = 0
  let elementLine = 1
  let afterComma = false

  function split(chunk: Buffer): JsonRecord[] {
    const batch: JsonRecord[] = []
    let start = 0

    function endElement(end: number): void {
      if (pieces === null) return
      pieces.push(chunk.subarray(start, end))
      const [first] = pieces
      const bytes = first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces)
      batch.push({ text: bytes.toString('utf8'), line: elementLine })
      pieces = null
      afterComma = false
    }

    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (byte === lineFeed) line++
      if (inString) {
        if (escaped) escaped = false
        else if (byte === backslash) escaped = true
        else if (byte === quote) inString = false
        continue
      }
      if (pieces === null) {
        if (byte === 0x20 || byte === lineFeed || byte === 0x0d || byte === 0x09) continue
        if (root === 'none') {
          root = byte === openBracket ? 'list' : 'sequence'
          if (root === 'list') continue
        }
        if (root === 'closed') throw wrong(line, 'the list has ended, and more text follows')
        if (root === 'list' && byte === closeBracket) {
          if (afterComma) throw wrong(line, 'a comma precedes the end of the list')
          root = 'closed'
          continue
        }
        if (root === 'list' && byte === comma)
          throw wrong(line, 'a value is missing before a comma')
        if (root === 'sequence' && byte !== openBrace) {
          throw wrong(line, 'expected a list of objects ("[") or an object ("{")')
        }
        pieces = []
        piecesBytes = 0
        start = at
        elementLine = line
      }
      if (byte === quote) inString = true
      else if (byte === openBrace || byte === openBracket) depth++
      else if (depth > 0 && (byte === closeBrace || byte === closeBracket)) {
        depth--
        if (depth === 0 && root === 'sequence') endElement(at + 1)
      } else if (depth === 0 && byte === comma) {
        endElement(at)
        afterComma = true
      } else if (depth === 0 && byte === closeBracket) {
        endElement(at)
        root = 'closed'
      }
    }
    if (pieces !== null) {
      pieces.push(chunk.subarray(start))
      piecesBytes += chunk.length - start
      if (piecesBytes > longestRecord) throw longLine(elementLine)
    }
    return batch
  }

  return {
    split,
    finish() {
      if (pieces === null && root !== 'list') return
      const what = pieces === null ? 'the list' : `what begins on line ${elementLine}`
      throw wrong(line, `the file ends before ${what} does`)
    },
  }
}

function wrong(line: number, what: string): SeedFault {
  return new SeedFault('bad-json', `line ${line} is not JSON: ${what}`, {
    suggestion: 'A JSON seed is a list of objects: [{"column": value}, …].',
  })
}
