import type { Scalar } from './scalar.ts'

/** Columns whose scores are counted together; a single one has only its own. */
export interface ComparedColumns {
  /** The same for the same content of the same columns, in every part and version of a config. */
  readonly id: string
  readonly columns: readonly ComparedColumn[]
}

interface ComparedColumn {
  /** Its position among the columns of the part. */
  readonly position: number
  /** Whether its cells are objects with a score each; others are scores themselves. */
  readonly hasObjects: boolean
}

/** Two scores of one row, in no order, and how often that came. */
export type PairCount = readonly [one: string, other: string, count: number]

/** What is known of one score: whole numbers only, so that their sums have no order. */
export interface StoredScore {
  /** By position among the columns: how often each score was given. */
  given: readonly (readonly (readonly [score: string, count: number])[])[]
  /** Rows by the number of scores they have, from 2. */
  units: Readonly<Record<string, number>>
  /** Pairs of scores within rows, by the number of scores of the row. */
  pairs: Readonly<Record<string, readonly PairCount[]>>
  /** By two positions, `0,1`: the score of the first column, then that of the other one. */
  between: Readonly<Record<string, readonly PairCount[]>>
}

/** By the name of the score; null when there are too many different ones to count. */
export type StoredScores = Readonly<Record<string, StoredScore>> | null

/** The cells of one of the columns. */
export interface ScoreCells extends Pick<ComparedColumn, 'hasObjects'> {
  readonly cells: readonly (Scalar | Float32Array)[]
}

/** Counts of scores, in memory that does not depend on the number of rows. */
export interface ScoreCounts {
  /** All cells of some rows. */
  addAll(columns: readonly ScoreCells[]): void
  merge(stored: StoredScores): void
  store(): StoredScores
}

/** Different counts kept; rubrics need some dozens. Numbers measured by a judge would need millions. */
const mostCounts = 20_000
/** Of a word that is a score. */
const longestScore = 100
/** What stands between two words of a key; no score and no position has it. */
const between = '\u0000'

/** The name of the score of columns that are scores themselves. */
export const unnamedScore = ''

interface Counts {
  given: Map<string, number>
  units: Map<string, number>
  pairs: Map<string, number>
  between: Map<string, number>
}

/** Counts the scores of columns that stand next to each other. */
export function createScoreCounts(): ScoreCounts {
  let scores: Map<string, Counts> | null = new Map()
  let size = 0
  let counts = 0

  function countsOf(name: string): Counts {
    let found = scores?.get(name)
    if (found === undefined) {
      grow()
      found = { given: new Map(), units: new Map(), pairs: new Map(), between: new Map() }
      scores?.set(name, found)
    }
    return found
  }

  function add(to: Map<string, number>, key: string, count: number): void {
    const before = to.get(key)
    to.set(key, (before ?? 0) + count)
    if (before === undefined) grow()
  }

  function grow(): void {
    counts += 1
    if (counts > mostCounts) scores = null
  }

  function addRow(read: readonly ReadCell[]): void {
    for (const name of namesIn(read)) {
      const own = countsOf(name)
      const given = read.map((cell) => scoreIn(cell, name))
      if (given.some((score) => score !== null && score.length > longestScore)) {
        scores = null
        return
      }
      addScores(own, given)
      if (scores === null) return
    }
  }

  function addScores(own: Counts, given: readonly (string | null)[]): void {
    const there = given.flatMap((score, at) => (score === null ? [] : [{ score, at }]))
    for (const { score, at } of there) add(own.given, `${at}${between}${score}`, 1)
    const inRow = String(there.length)
    if (there.length > 1) add(own.units, inRow, 1)
    for (const [index, { score: one, at: first }] of there.entries()) {
      for (const { score: other, at: second } of there.slice(index + 1)) {
        const [low, high] = one < other ? [one, other] : [other, one]
        add(own.pairs, [inRow, low, high].join(between), 1)
        add(own.between, [`${first},${second}`, one, other].join(between), 1)
      }
    }
  }

  return {
    addAll(columns) {
      size = columns.length
      const rows = columns[0]?.cells.length ?? 0
      for (let row = 0; row < rows && scores !== null; row += 1) {
        addRow(columns.map(({ cells, hasObjects }) => readCell(cells[row] ?? null, hasObjects)))
      }
    },
    merge(stored) {
      if (stored === null) scores = null
      for (const [name, { given, units, pairs, between: two }] of Object.entries(stored ?? {})) {
        if (scores === null) return
        const own = countsOf(name)
        size = given.length
        for (const [at, list] of given.entries()) {
          for (const [score, count] of list) add(own.given, `${at}${between}${score}`, count)
        }
        for (const [inRow, count] of Object.entries(units)) add(own.units, inRow, count)
        addPairs(own.pairs, pairs)
        addPairs(own.between, two)
      }
    },
    store() {
      if (scores === null) return null
      const names = [...scores.keys()].toSorted()
      return Object.fromEntries(names.map((name) => [name, storedScore(countsOf(name), size)]))
    },
  }

  function addPairs(
    to: Map<string, number>,
    stored: Readonly<Record<string, readonly PairCount[]>>,
  ): void {
    for (const [group, list] of Object.entries(stored)) {
      for (const [one, other, count] of list) add(to, [group, one, other].join(between), count)
    }
  }
}

/** Whatever came first, the same counts are the same text. */
function storedScore({ given, units, pairs, between: two }: Counts, size: number): StoredScore {
  const lists = Array.from({ length: size }, (): [string, number][] => [])
  for (const [key, count] of sorted(given)) {
    const [at = '', score = ''] = key.split(between)
    lists[Number(at)]?.push([score, count])
  }
  return {
    given: lists,
    units: Object.fromEntries(sorted(units)),
    pairs: grouped(pairs),
    between: grouped(two),
  }
}

function grouped(counts: ReadonlyMap<string, number>): Record<string, PairCount[]> {
  const groups: Record<string, PairCount[]> = {}
  for (const [key, count] of sorted(counts)) {
    const [group = '', one = '', other = ''] = key.split(between)
    ;(groups[group] ??= []).push([one, other, count])
  }
  return groups
}

function sorted(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1))
}

/** A cell: a value that is a score, or an object of values that have one each. */
type ReadCell =
  | { readonly value: string | null }
  | { readonly scores: ReadonlyMap<string, unknown> }

const noScores: ReadCell = { scores: new Map() }

function readCell(cell: Scalar | Float32Array, hasObjects: boolean): ReadCell {
  if (!hasObjects) return { value: scoreText(cell) }
  const value: unknown = typeof cell === 'string' ? JSON.parse(cell) : null
  // A skipped cell may have any value.
  return isObject(value) ? { scores: new Map(Object.entries(value)) } : noScores
}

/** The scores that the row's objects have; a row of plain values has one without a name. */
function namesIn(cells: readonly ReadCell[]): Set<string> {
  const names = new Set<string>()
  for (const cell of cells) {
    if (!('scores' in cell)) continue
    for (const [name, value] of cell.scores) {
      if (givenIn(name, value) !== undefined) names.add(name)
    }
  }
  if (names.size === 0 && cells.every((cell) => 'value' in cell)) names.add(unnamedScore)
  return names
}

/** A plain value in addition to objects is compared with each of their scores. */
function scoreIn(cell: ReadCell, name: string): string | null {
  if ('value' in cell) return cell.value
  return scoreText(givenIn(name, cell.scores.get(name)))
}

/** The word for a verdict. */
const verdict = 'is_valid'

/** What a field of a cell gives: a score, a verdict, or nothing. */
function givenIn(name: string, value: unknown): unknown {
  if (isObject(value)) {
    if ('score' in value) return value.score
    return verdict in value ? value[verdict] : undefined
  }
  return name === verdict && typeof value === 'boolean' ? value : undefined
}

/** The same text for the same score, be it a number or a text of one. */
export function scoreText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const text = textOf(value).trim()
  if (text === '') return null
  if (text.includes(between)) return text.replaceAll(between, ' ')
  return /^[+-]?\d+\.?\d*$/.test(text) && text.length < 16 ? String(Number(text)) : text
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object') return JSON.stringify(value)
  const isPlain =
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
  return isPlain ? String(value) : ''
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
