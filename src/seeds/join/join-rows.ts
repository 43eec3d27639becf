import { parseJson } from '../../util/json.ts'
import type { Value } from '../../util/value.ts'
import { SeedFault, type SeedRow } from '../define.ts'
import type { FoundRows } from './join-index.worker.ts'
import { keyText, NoKey, shownKey } from './join-key.ts'
import { type JoinPlan, pathOfJoin } from './plan-joins.ts'

/** One join of several, whose rows are in an index. */
export interface JoinStep extends JoinPlan {
  /** Its place among the joins. */
  readonly number: number
  /** At most so many rows of each key, for as many of the keys as an answer holds. */
  find(keys: readonly (string | null)[], most: number, behind: number): Promise<FoundRows[]>
}

/** What a pass over a join amounted to. */
export interface JoinTally {
  /** Number of rows read. */
  rows: number
  /** Those of them without a partner. */
  alone: number
  /** Keys of some of these. */
  readonly keys: string[]
}

/** Rows of a key whose values a list can hold. */
const mostListed = 1000
/** More than any source has. */
const unbounded = 2 ** 52
const mostKeys = 200

export function newTally(): JoinTally {
  return { rows: 0, alone: 0, keys: [] }
}

/** Adds the values of one join to rows, in their order; a tally counts them. */
export async function* joinRows(
  batches: AsyncIterable<readonly SeedRow[]>,
  step: JoinStep,
  tally: JoinTally | null,
): AsyncGenerator<readonly SeedRow[]> {
  let number = 0
  for await (const batch of batches) {
    const keys = batch.map((row, at) => keyOfRow(row, step, number + at))
    number += batch.length
    yield* joinBatch(batch, keys, step, tally)
    if (tally !== null) tally.rows += batch.length
  }
}

async function* joinBatch(
  batch: readonly SeedRow[],
  keys: readonly (string | null)[],
  step: JoinStep,
  tally: JoinTally | null,
): AsyncGenerator<readonly SeedRow[]> {
  const most = mostOf(step)
  let at = 0
  let behind = 0
  /** Rows of the key available that earlier answers contained. */
  let gathered: Value[][] = []
  let isFound = false
  while (at < batch.length) {
    const joined: SeedRow[] = []
    for (const { texts, last } of await step.find(keys.slice(at), most, behind)) {
      const row = batch[at] ?? []
      const partners = texts.map(valuesOf)
      isFound ||= partners.length > 0
      if (step.join.many === 'list') gathered.push(...partners)
      else for (const values of partners) joined.push([...row, ...values])
      if (gathered.length > mostListed) throw tooMany(step, keys[at] ?? '')
      behind = last ?? 0
      if (last !== null) break
      if (!isFound) {
        noteAlone(tally, keys[at] ?? null)
        if (step.join.how === 'left') joined.push([...row, ...nothingOf(step)])
      } else if (step.join.many === 'list') {
        joined.push([...row, ...listsOf(gathered, step)])
      }
      gathered = []
      isFound = false
      at += 1
    }
    if (joined.length > 0) yield joined
  }
}

function mostOf({ join: { many } }: JoinStep): number {
  if (many === 'list') return mostListed + 1
  return many === 'expand' ? unbounded : 1
}

function keyOfRow(row: SeedRow, { left, join, number }: JoinStep, at: number): string | null {
  return keyAt(left, row, join.compare, (column) => ({
    message: `row ${at} has an object or a list in ${join.on[column]?.left ?? ''}, which is in the key of a join`,
    join: number,
  }))
}

/** The key of a row whose values stand at some places; a list among them is a fault. */
export function keyAt(
  places: readonly number[],
  row: SeedRow,
  compare: JoinStep['join']['compare'],
  fault: (column: number) => { message: string; join: number },
): string | null {
  try {
    return keyText(
      places.map((place) => row[place] ?? null),
      compare,
    )
  } catch (error) {
    if (!(error instanceof NoKey)) throw error
    const { message, join } = fault(error.at)
    throw new SeedFault('bad-key', message, {
      cause: error,
      place: [...pathOfJoin(join), 'on'],
      suggestion: 'Join by columns of texts, numbers, booleans or dates.',
    })
  }
}

function noteAlone(tally: JoinTally | null, key: string | null): void {
  if (tally === null) return
  tally.alone += 1
  if (key !== null && tally.keys.length < mostKeys) tally.keys.push(key)
}

function valuesOf(text: string): Value[] {
  // The index was given lists only.
  return parseJson(text) as Value[]
}

function nothingOf({ added, join }: JoinStep): Value[] {
  return added.map(() => (join.many === 'list' ? [] : null))
}

function listsOf(rows: readonly Value[][], { added }: JoinStep): Value[] {
  return added.map((_, column) => rows.map((values) => values[column] ?? null))
}

function tooMany({ number }: JoinStep, key: string): SeedFault {
  return new SeedFault(
    'too-many-partners',
    `more than ${mostListed.toLocaleString('en-US')} rows have the key ${shownKey(key)}, which is more than a list of values can have`,
    {
      place: [...pathOfJoin(number), 'many'],
      suggestion: 'Write many: expand for a row for each of them, or many: first.',
    },
  )
}
