import { SeedFault } from '../define.ts'
import { longestRecord } from './define.ts'

export interface Dialect {
  readonly name: 'CSV' | 'TSV'
  readonly delimiter: string
  /** Quotes inside a field stand for themselves. */
  readonly looseQuotes: boolean
  /** The line the text begins on, from 1. */
  readonly firstLine?: number
}

/** Cuts text into records, from one piece of it to the next. */
export interface RecordSplitter {
  /** The records that end in this piece, each with as many fields as the first of all. */
  split(text: string): string[][]
  /** The last record, when no line break follows it. */
  finish(): string[][]
}

const quote = 0x22
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** A field begins, continues, is in quotes, or had a quote that may have closed it. */
type State = 'start' | 'bare' | 'quoted' | 'closing'

/**
 * RFC 4180, with any line breaks and without empty lines.
 *
 * Written by hand because seeds are read as a whole, twice: this is some ten times as fast as a
 * parser that is a stream of records.
 */
export function createRecordSplitter({
  name,
  delimiter,
  looseQuotes,
  firstLine = 1,
}: Dialect): RecordSplitter {
  const separator = delimiter.charCodeAt(0)
  let state: State = 'start'
  let fields: string[] = []
  /** What earlier pieces and quoted stretches had of the field. */
  let held = ''
  /** A quoted field may be empty and still is one. */
  let wasQuoted = false
  let width = 0
  let line = firstLine
  let recordLine = firstLine
  let quoteLine = firstLine
  /** The last piece ended with a carriage return behind a record; its line feed may follow. */
  let afterReturn = false
  /** The same inside quotes, where both are content and one line break. */
  let quotedReturn = false
  let recordLength = 0

  function endField(text: string): void {
    fields.push(held === '' ? text : held + text)
    held = ''
    wasQuoted = false
    state = 'start'
  }

  function endRecord(records: string[][]): void {
    if (width === 0) width = fields.length
    else if (fields.length !== width) throw ragged(recordLine, fields.length, width)
    records.push(fields)
    fields = []
  }

  /** A quoted stretch that text follows: its quotes stand for themselves, so it ends with its field. */
  function asWritten(content: string): string {
    if (content.includes(delimiter) || /[\r\n]/.test(content)) throw unpaired(name, quoteLine)
    return `"${content.replaceAll('"', '""')}"`
  }

  function isSpecial(code: number): boolean {
    return code === separator || code === quote || code === lineFeed || code === carriageReturn
  }

  function split(text: string): string[][] {
    const records: string[][] = []
    const end = text.length
    let at = 0
    let recordStart = 0
    // A line feed that belongs to the last piece's carriage return.
    if (afterReturn && text.charCodeAt(0) === lineFeed) at = 1
    afterReturn = false
    let start = at

    while (at < end) {
      const code = text.charCodeAt(at)
      if (state === 'quoted') {
        // Nothing but quotes matters, and line breaks for their number.
        if (code === quote) {
          held += text.slice(start, at)
          state = 'closing'
        } else if (code === carriageReturn || (code === lineFeed && !quotedReturn)) {
          line++
        }
        quotedReturn = code === carriageReturn
        at++
        continue
      }
      if (state === 'closing') {
        if (code === quote) {
          held += '"'
          state = 'quoted'
          at++
          start = at
          continue
        }
        if (code !== separator && code !== lineFeed && code !== carriageReturn) {
          if (!looseQuotes)
            throw wrong(name, line, `text follows the quote that closes field ${fields.length + 1}`)
          held = asWritten(held)
        }
        state = 'bare'
        start = at
      }
      if (code === separator) {
        endField(text.slice(start, at))
        at++
        start = at
      } else if (code === lineFeed || code === carriageReturn) {
        if (state === 'bare' || fields.length > 0) {
          endField(text.slice(start, at))
          endRecord(records)
        }
        at++
        if (code === carriageReturn) {
          if (at === end) afterReturn = true
          else if (text.charCodeAt(at) === lineFeed) at++
        }
        line++
        recordLine = line
        recordLength = 0
        recordStart = at
        start = at
      } else if (code === quote && state === 'start') {
        state = 'quoted'
        wasQuoted = true
        quotedReturn = false
        quoteLine = line
        at++
        start = at
      } else if (code === quote && !looseQuotes) {
        throw wrong(
          name,
          line,
          `a quote is inside field ${fields.length + 1}, which does not begin with one`,
        )
      } else {
        state = 'bare'
        do at++
        while (at < end && !isSpecial(text.charCodeAt(at)))
      }
    }
    if (state === 'bare' || state === 'quoted') held += text.slice(start)
    recordLength += end - recordStart
    if (recordLength > longestRecord) throw tooLong()
    return records
  }

  function tooLong(): SeedFault {
    return state === 'quoted' ? unclosed(quoteLine) : longLine(recordLine)
  }

  return {
    split,
    finish() {
      if (state === 'quoted') throw unclosed(quoteLine)
      if (fields.length === 0 && held === '' && !wasQuoted) return []
      const records: string[][] = []
      endField('')
      endRecord(records)
      return records
    },
  }
}

export function longLine(line: number): SeedFault {
  return new SeedFault(
    'row-too-long',
    `the row that begins on line ${line} is longer than ${longestRecord / 2 ** 20} MiB`,
    { suggestion: 'Check that its line breaks are there; a seed row is at most that long.' },
  )
}

function ragged(line: number, got: number, expected: number): SeedFault {
  return new SeedFault(
    'ragged-row',
    `line ${line} has ${countFields(got)}, and the header has ${countFields(expected)}`,
    {
      suggestion: 'Put quotes around values that hold the delimiter, and fill in empty fields.',
    },
  )
}

function unclosed(line: number): SeedFault {
  return new SeedFault(
    'unclosed-quote',
    `the quote that opens a field on line ${line} is not closed`,
    { suggestion: 'Close the quote; a quote inside a quoted field is written twice.' },
  )
}

function unpaired(name: string, line: number): SeedFault {
  return new SeedFault(
    'unpaired-quote',
    `line ${line} is not ${name}: the quote that opens a field closes after the field's end, before other text`,
    {
      suggestion:
        'Where that quote is text, put the field in quotes and write each inner quote twice.',
    },
  )
}

function wrong(name: string, line: number, what: string): SeedFault {
  return new SeedFault(`bad-${name.toLowerCase()}`, `line ${line} is not ${name}: ${what}`, {
    suggestion: 'Put a field with quotes into quotes, and write each inner quote twice.',
  })
}

function countFields(count: number): string {
  return count === 1 ? '1 field' : `${count} fields`
}
