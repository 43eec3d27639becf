import type { Usage } from '../graph/request.ts'
import type { RequestRecord } from '../rows/journal.ts'
import { type CostGuess, createCostGuess } from './cost-guess.ts'
import { requestOutcomes } from './request-buffer.ts'
import { type Cursor, longestVarint, readVarint, writeVarint } from './varint.ts'

/** A request as the log has it. */
export interface LoggedRequest {
  /** The column's key in the ledger. */
  key: number
  /** The rows that it was for, in ascending order; nearly always one. */
  rows: readonly number[]
  outcome: RequestRecord['outcome']
  usage: Usage
}

/** Requests one behind the other, as bytes. */
export interface RequestLog {
  add(request: LoggedRequest): void
  readonly length: number
  /** The first row that one of them was for, and the last one. */
  readonly first: number
  readonly last: number
  bytes(): Uint8Array
}

/*
 * A request is a byte that says what it has, then varints: its column's key, the way from the row of the one
 * before, rows that share it, tokens, cost. The byte is ((outcome * 4 + form of the cost) * 2 + back) * 4 + parts,
 * where `back` is 1 for a row before that of the one before.
 */
/** How a cost is written: not at all, as it is guessed, in whole units, or as the double that it is. */
const costForms = ['unknown', 'guessed', 'units', 'double'] as const
type CostForm = (typeof costForms)[number]
/** Most costs are whole numbers of these: prices are dollars per million tokens. */
const unitsPerDollar = 1e12
/** What computing a cost with doubles may have lost of it. */
const rounding = 1e-14
/** Rows that share it; tokens from a cache, tokens of thoughts and images. */
const parts = { shared: 1, further: 2 } as const

/** The byte, a key, a row, a count of rows, five counts of tokens and images, a cost. */
const longestRequest = 1 + 9 * longestVarint

export function createRequestLog(): RequestLog {
  const cursor: Cursor = { bytes: new Uint8Array(8 * longestRequest), at: 0 }
  const guesses = createGuesses()
  let row = 0
  let first = Number.POSITIVE_INFINITY
  let last = 0

  function makeRoom(more: number): void {
    const { bytes, at } = cursor
    if (at + more <= bytes.length) return
    cursor.bytes = new Uint8Array(Math.max(2 * bytes.length, at + more))
    cursor.bytes.set(bytes)
  }

  function writeRows(rows: readonly number[]): void {
    const from = rows[0] as number
    writeVarint(cursor, Math.abs(from - row))
    if (rows.length > 1) writeVarint(cursor, rows.length - 1)
    for (let at = 1; at < rows.length; at += 1) {
      writeVarint(cursor, (rows[at] as number) - (rows[at - 1] as number))
    }
    row = from
    first = Math.min(first, from)
    last = Math.max(last, rows.at(-1) as number)
  }

  function writeCost(cost: number, form: CostForm): void {
    if (form === 'units') writeVarint(cursor, unitsOf(cost))
    else if (form === 'double') {
      new DataView(cursor.bytes.buffer).setFloat64(cursor.at, cost, true)
      cursor.at += 8
    }
  }

  return {
    add({ key, rows, outcome, usage }) {
      const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, images, cost } = usage
      makeRoom(longestRequest + rows.length * longestVarint)
      const guess = guesses(key)
      const form = costForm(usage, guess)
      const hasFurther = cachedInputTokens + reasoningTokens + images > 0
      const has = (rows.length > 1 ? parts.shared : 0) + (hasFurther ? parts.further : 0)
      const kind = requestOutcomes.indexOf(outcome) * costForms.length + costForms.indexOf(form)
      cursor.bytes[cursor.at] = (kind * 2 + ((rows[0] as number) < row ? 1 : 0)) * 4 + has
      cursor.at += 1
      writeVarint(cursor, key)
      writeRows(rows)
      writeVarint(cursor, inputTokens)
      writeVarint(cursor, outputTokens)
      if (hasFurther) {
        writeVarint(cursor, cachedInputTokens)
        writeVarint(cursor, reasoningTokens)
        writeVarint(cursor, images)
      }
      if (cost === null) return
      writeCost(cost, form)
      if (form === 'units') guess.learn(usage, unitsOf(cost))
    },
    get length() {
      return cursor.at
    },
    get first() {
      return first
    },
    get last() {
      return last
    },
    bytes: () => cursor.bytes.slice(0, cursor.at),
  }
}

function unitsOf(cost: number): number {
  return Math.round(cost * unitsPerDollar)
}

function costForm(usage: Usage, guess: CostGuess): CostForm {
  const { cost } = usage
  if (cost === null) return 'unknown'
  const units = unitsOf(cost)
  const isWhole = Math.abs(units / unitsPerDollar - cost) <= rounding * cost
  if (!isWhole || !Number.isSafeInteger(units)) return 'double'
  return guess.of(usage) === units ? 'guessed' : 'units'
}

/** By key. */
function createGuesses(): (key: number) => CostGuess {
  const guesses = new Map<number, CostGuess>()
  return (key) => {
    let guess = guesses.get(key)
    if (guess === undefined) {
      guess = createCostGuess()
      guesses.set(key, guess)
    }
    return guess
  }
}

/** The requests that were written; null where the bytes are none of such. */
export function readRequests(bytes: Uint8Array): LoggedRequest[] | null {
  const cursor: Cursor = { bytes, at: 0 }
  const guesses = createGuesses()
  const found: LoggedRequest[] = []
  let row = 0
  while (cursor.at < bytes.length) {
    const request = readRequest(cursor, row, guesses)
    if (request === null) return null
    found.push(request)
    row = request.rows[0] ?? row
  }
  return found
}

function readRequest(
  cursor: Cursor,
  before: number,
  guesses: (key: number) => CostGuess,
): LoggedRequest | null {
  const head = cursor.bytes[cursor.at] as number
  cursor.at += 1
  const has = head % 4
  const direction = Math.floor(head / 4) % 2 === 1 ? -1 : 1
  const kind = Math.floor(head / 8)
  const outcome = requestOutcomes[Math.floor(kind / costForms.length)]
  const form = costForms[kind % costForms.length] as CostForm
  const key = readVarint(cursor)
  const rows = readRows(cursor, { before, direction, isShared: (has & parts.shared) !== 0 })
  const inputTokens = readVarint(cursor)
  const outputTokens = readVarint(cursor)
  const hasFurther = (has & parts.further) !== 0
  const cachedInputTokens = hasFurther ? readVarint(cursor) : 0
  const reasoningTokens = hasFurther ? readVarint(cursor) : 0
  const images = hasFurther ? readVarint(cursor) : 0
  if (outcome === undefined || key === null || rows === null) return null
  if (inputTokens === null || outputTokens === null || cachedInputTokens === null) return null
  if (reasoningTokens === null || images === null) return null
  const tokens = { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, images }
  const cost = readCost(cursor, form, { tokens, guess: guesses(key) })
  return cost === undefined ? null : { key, rows, outcome, usage: { ...tokens, cost } }
}

function readRows(
  cursor: Cursor,
  { before, direction, isShared }: { before: number; direction: 1 | -1; isShared: boolean },
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

/** Undefined for what can't be read. */
function readCost(
  cursor: Cursor,
  form: CostForm,
  { tokens, guess }: { tokens: Omit<Usage, 'cost'>; guess: CostGuess },
): number | null | undefined {
  if (form === 'unknown') return null
  if (form === 'double') return readDouble(cursor)
  const units = form === 'guessed' ? guess.of(tokens) : readVarint(cursor)
  if (units === null) return undefined
  if (form === 'units') guess.learn(tokens, units)
  return units / unitsPerDollar
}

function readDouble(cursor: Cursor): number | undefined {
  const { bytes, at } = cursor
  cursor.at += 8
  if (cursor.at > bytes.length) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(at, true)
}
