import type { Usage } from '../graph/request.ts'
import type { RequestRecord } from '../rows/journal.ts'
import { type Cursor, longestVarint, readVarint, writeVarint } from './varint.ts'

/** Requests of a column one behind the other, as bytes. */
export interface LoggedRequests {
  /** Column id in the graph. */
  column: number
  /** The first row that one of them was for, and the last one. */
  first: number
  last: number
  bytes: Uint8Array
}

/** A request as the log has it. */
export interface LoggedRequest {
  outcome: RequestRecord['outcome']
  /** The rows that it was for, in ascending order; nearly always one. */
  rows: readonly number[]
  usage: Usage
}

/** Collects requests of one column. */
export interface RequestLog {
  add(row: number, record: Pick<RequestRecord, 'sharing' | 'outcome' | 'usage'>): void
  take(): Omit<LoggedRequests, 'column'>
}

/*
 * A request is a byte that says what it has, then varints: the way from the row of the one before, rows that
 * share it, tokens, cost. The byte is ((outcome * 3 + form of the cost) * 2 + back) * 8 + parts.
 */
const outcomes = ['ok', 'failed', 'throttled', 'given-up', 'cached'] as const
/** How a cost is written: not at all, in whole units, or as the double that it is. */
const costForms = ['unknown', 'units', 'double'] as const
type CostForm = (typeof costForms)[number]
/** Most costs are whole numbers of these: prices are dollars per million tokens. */
const unitsPerDollar = 1e12
const parts = { cached: 1, further: 2, shared: 4 } as const

/** The byte, a row, a count of rows, five counts of tokens and images, a cost. */
const longestRequest = 1 + 8 * longestVarint

export function createRequestLog(): RequestLog {
  const cursor: Cursor = { bytes: new Uint8Array(4 * longestRequest), at: 0 }
  let row = 0
  let first = Number.POSITIVE_INFINITY
  let last = 0

  function makeRoom(more: number): void {
    const { bytes, at } = cursor
    if (at + more <= bytes.length) return
    cursor.bytes = new Uint8Array(Math.max(2 * bytes.length, at + more))
    cursor.bytes.set(bytes)
  }

  function writeByte(value: number): void {
    cursor.bytes[cursor.at] = value
    cursor.at += 1
  }

  function writeFurtherRows(ascending: readonly number[]): void {
    writeVarint(cursor, ascending.length - 1)
    for (let at = 1; at < ascending.length; at += 1) {
      writeVarint(cursor, (ascending[at] as number) - (ascending[at - 1] as number))
    }
    last = Math.max(last, ascending.at(-1) as number)
  }

  function writeCost(cost: number, form: CostForm): void {
    if (form === 'units') return writeVarint(cursor, Math.round(cost * unitsPerDollar))
    new DataView(cursor.bytes.buffer).setFloat64(cursor.at, cost, true)
    cursor.at += 8
  }

  return {
    add(ofCell, { sharing = [], outcome, usage }) {
      const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, images, cost } = usage
      makeRoom(longestRequest + sharing.length * longestVarint)
      const ascending = sharing.length > 1 ? sharing.toSorted((one, other) => one - other) : null
      const from = ascending?.[0] ?? ofCell
      const form = costForm(cost)
      const kind = outcomes.indexOf(outcome) * costForms.length + costForms.indexOf(form)
      const hasFurther = reasoningTokens > 0 || images > 0
      const has =
        (cachedInputTokens > 0 ? parts.cached : 0) +
        (hasFurther ? parts.further : 0) +
        (ascending === null ? 0 : parts.shared)
      writeByte((kind * 2 + (from < row ? 1 : 0)) * 8 + has)
      writeVarint(cursor, Math.abs(from - row))
      if (ascending !== null) writeFurtherRows(ascending)
      writeVarint(cursor, inputTokens)
      if (cachedInputTokens > 0) writeVarint(cursor, cachedInputTokens)
      writeVarint(cursor, outputTokens)
      if (hasFurther) {
        writeVarint(cursor, reasoningTokens)
        writeVarint(cursor, images)
      }
      if (cost !== null) writeCost(cost, form)
      row = from
      first = Math.min(first, from)
      last = Math.max(last, from)
    },
    take: () => ({ first, last, bytes: cursor.bytes.slice(0, cursor.at) }),
  }
}

function costForm(cost: number | null): CostForm {
  if (cost === null) return 'unknown'
  const units = Math.round(cost * unitsPerDollar)
  const isExact = Number.isSafeInteger(units) && Object.is(Math.abs(units) / unitsPerDollar, cost)
  return isExact ? 'units' : 'double'
}

/** The requests that were written; null where the bytes are none of such. */
export function readRequests(bytes: Uint8Array): LoggedRequest[] | null {
  const cursor: Cursor = { bytes, at: 0 }
  const found: LoggedRequest[] = []
  let row = 0
  while (cursor.at < bytes.length) {
    const request = readRequest(cursor, row)
    if (request === null) return null
    found.push(request)
    row = request.rows[0] ?? row
  }
  return found
}

function readRequest(cursor: Cursor, before: number): LoggedRequest | null {
  const head = cursor.bytes[cursor.at] as number
  cursor.at += 1
  const has = head % 8
  const kind = Math.floor(head / 16)
  const outcome = outcomes[Math.floor(kind / costForms.length)]
  const form = costForms[kind % costForms.length]
  const isBack = Math.floor(head / 8) % 2 === 1
  const rows = readRows(cursor, isBack ? -1 : 1, before, (has & parts.shared) !== 0)
  const inputTokens = readVarint(cursor)
  const cachedInputTokens = (has & parts.cached) === 0 ? 0 : readVarint(cursor)
  const outputTokens = readVarint(cursor)
  const hasFurther = (has & parts.further) !== 0
  const reasoningTokens = hasFurther ? readVarint(cursor) : 0
  const images = hasFurther ? readVarint(cursor) : 0
  const cost = form === undefined ? undefined : readCost(cursor, form)
  if (outcome === undefined || rows === null || inputTokens === null) return null
  if (cachedInputTokens === null || outputTokens === null) return null
  if (reasoningTokens === null || images === null || cost === undefined) return null
  const tokens = { inputTokens, cachedInputTokens, outputTokens, reasoningTokens }
  return { outcome, rows, usage: { ...tokens, images, cost } }
}

function readRows(
  cursor: Cursor,
  direction: 1 | -1,
  before: number,
  isShared: boolean,
): number[] | null {
  const way = readVarint(cursor)
  let more = isShared ? readVarint(cursor) : 0
  if (way === null || more === null || before + direction * way < 0) return null
  let row = before + direction * way
  const rows = [row]
  for (; more > 0; more -= 1) {
    const gap = readVarint(cursor)
    if (gap === null) return null
    row += gap
    rows.push(row)
  }
  return rows
}

/** Undefined behind the end. */
function readCost(cursor: Cursor, form: CostForm): number | null | undefined {
  if (form === 'unknown') return null
  if (form === 'units') {
    const units = readVarint(cursor)
    return units === null ? undefined : units / unitsPerDollar
  }
  const { bytes, at } = cursor
  cursor.at += 8
  if (cursor.at > bytes.length) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(at, true)
}
