import { createHash } from 'node:crypto'
import type { SeedJoin } from '../../config/dataset.ts'
import type { ConfigPath, Problem } from '../../config/problem.ts'
import { counted } from '../../util/format.ts'
import {
  SeedFault,
  type OpenedSeed,
  type RowsOptions,
  type SeedContext,
  type SeedPart,
  type SeedRow,
} from '../define.ts'
import { openJoinIndex, type JoinIndex } from './join-index.ts'
import type { RepeatedKey } from './join-index.worker.ts'
import { looseKey, shownKey } from './join-key.ts'
import { partnerlessText } from './partnerless-text.ts'
import { joinPins } from './join-pins.ts'
import { joinRows, type JoinStep, type JoinTally, newTally } from './join-rows.ts'
import { type JoinPlan, pathOfJoin, planJoins } from './plan-joins.ts'

/** Grows whenever the same sources, joined in the same way, give other rows than before. */
const joiningVersion = 1

/** A source that is joined, once it is open. */
export interface OpenedJoin {
  readonly join: SeedJoin
  readonly seed: OpenedSeed
}

export interface JoinedSeeds {
  /** Null when there is an error among the problems. */
  readonly seed: OpenedSeed | null
  readonly problems: readonly Problem[]
}

/** Keys that are compared loosely when not a single one is the same. */
const someKeys = 1000

/**
 * Makes one seed of several: the rows of the first in their order, with the columns of those that have their keys.
 *
 * The rows of the others are read once, into a temporary file, and need not be there afterwards.
 */
export async function joinSeeds(
  base: OpenedSeed,
  joins: readonly OpenedJoin[],
  context: Pick<SeedContext, 'signal' | 'onProgress'>,
): Promise<JoinedSeeds> {
  const { plans, columns, problems } = planJoins(base.columns, joins)
  if (problems.length > 0) return { seed: null, problems }
  const index = await openJoinIndex(context.signal)
  try {
    const repeated = await fillIndex(index, plans, joins, context)
    if (repeated.length > 0) {
      await index.close()
      return { seed: null, problems: repeated }
    }
    const steps = plans.map((plan, number): JoinStep => ({
      ...plan,
      number,
      find: (keys, most, behind) => index.find(number, keys, most, behind),
    }))
    const tallies = steps.map(newTally)
    let size = 0
    for await (const batch of rowsThrough(base, steps, context, tallies)) size += batch.length
    const found = await Promise.all(
      tallies.map((tally, number) => alone(tally, steps[number], index)),
    )
    const notes = found.flat()
    if (notes.some(({ level }) => level === 'error')) {
      await index.close()
      return { seed: null, problems: notes }
    }
    const seeds = [base, ...joins.map(({ seed }) => seed)]
    const parts = seeds.map(({ identity, stamp }): SeedPart => ({ identity, stamp }))
    return {
      seed: {
        columns,
        size,
        identity: joinedIdentity(
          parts,
          joins.map(({ join }) => join),
        ),
        stamp: joinedStamp(parts),
        parts,
        joins: tallies.map(({ rows, alone: withoutPartner }) => ({ rows, withoutPartner })),
        pin: joinPins(seeds.map(({ pin }) => pin)),
        notes: base.notes,
        rows: (options) => rowsThrough(base, steps, options, null),
        changed: () => base.changed(),
        async close() {
          await index.close()
          await base.close?.()
        },
      },
      problems: notes,
    }
  } catch (error) {
    await index.close()
    throw error
  }
}

/** What decides the rows of a joined seed: the content of all sources, and how they are joined. */
export function joinedIdentity(
  parts: readonly Pick<SeedPart, 'identity'>[],
  joins: readonly SeedJoin[],
): string {
  const how = joins.map(({ on, how: kind, many, compare, columns, prefix }) => ({
    on: on.map(({ left, right }) => [left, right]),
    kind,
    many,
    compare,
    columns,
    prefix,
  }))
  const contents = parts.map(({ identity }) => identity)
  const material = JSON.stringify({ version: joiningVersion, contents, how })
  return createHash('sha256').update(material).digest('hex')
}

function joinedStamp(parts: readonly SeedPart[]): string {
  const hash = createHash('sha256')
  for (const { stamp } of parts) hash.update(`${stamp}\n`)
  return hash.digest('hex')
}

async function fillIndex(
  index: JoinIndex,
  plans: readonly JoinPlan[],
  joins: readonly OpenedJoin[],
  context: RowsOptions,
): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const [number, { seed, join }] of joins.entries()) {
    const plan = plans[number]
    if (plan === undefined) continue
    const repeated = await inSource(number, () => index.fill(number, plan, seed, context))
    if (await seed.changed()) throw changedMeanwhile(number)
    // Where nothing is added, it does not matter which of them is meant.
    if (repeated !== null && join.many === 'refuse' && plan.added.length > 0) {
      problems.push(repeatedKey(repeated, pathOfJoin(number)))
    }
    await seed.close?.()
  }
  return problems
}

/** What fails while a source is read is about that source. */
async function inSource<T>(number: number, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof SeedFault) || error.place !== undefined) throw error
    const { code, message, suggestion, field } = error
    throw new SeedFault(code, message, {
      cause: error,
      place: [...pathOfJoin(number), 'source', field],
      ...(suggestion === undefined ? {} : { suggestion }),
    })
  }
}

function changedMeanwhile(number: number): SeedFault {
  return new SeedFault('seed-changed', 'it changed while it was read', {
    place: [...pathOfJoin(number), 'source', 'path'],
    suggestion: 'Start again when no program writes to it.',
  })
}

function rowsThrough(
  base: OpenedSeed,
  steps: readonly JoinStep[],
  options: RowsOptions,
  tallies: readonly JoinTally[] | null,
): AsyncIterable<readonly SeedRow[]> {
  return steps.reduce(
    (rows: AsyncIterable<readonly SeedRow[]>, step) =>
      joinRows(rows, step, tallies?.[step.number] ?? null),
    base.rows(options),
  )
}

function repeatedKey({ key, first, second, count }: RepeatedKey, path: ConfigPath): Problem {
  const more = count === 1 ? '' : `; ${count.toLocaleString('en-US')} keys are there more than once`
  return {
    level: 'error',
    code: 'repeated-key',
    path: [...path, 'on'],
    message: `Rows ${first} and ${second} of the source of this join, counted from 0, have the same key ${shownKey(key)}${more}`,
    expected: 'each key once, so that the row is unambiguous',
    suggestion:
      'Choose one: many: first for the first row of each key, expand for a row for each of them, or list for lists of their values.',
  }
}

/** What is said of rows without a partner: how many, and why there may be none with one. */
async function alone(
  tally: JoinTally,
  step: JoinStep | undefined,
  index: JoinIndex,
): Promise<Problem[]> {
  if (step === undefined || tally.alone === 0) return []
  const { number, join } = step
  const path = pathOfJoin(number)
  if (tally.alone < tally.rows) {
    const message = partnerlessText({ rows: tally.rows, withoutPartner: tally.alone }, join.how)
    return [{ level: 'warning', code: 'rows-without-partner', path, message }]
  }
  const theirs = await index.someKeys(number, someKeys)
  return [
    {
      level: join.how === 'inner' ? 'error' : 'warning',
      code: 'no-partners',
      path: [...path, 'on'],
      message: `None of the ${counted(tally.rows, 'row')} of the seed has a partner here`,
      expected: theirs.length === 0 ? 'a row with a key' : `keys such as ${examples(theirs)}`,
      received:
        tally.keys.length === 0 ? 'rows without a key' : `keys such as ${examples(tally.keys)}`,
      ...looseHint(tally.keys, theirs),
    },
  ]
}

function examples(keys: readonly string[]): string {
  return keys.slice(0, 3).map(shownKey).join('; ')
}

function looseHint(mine: readonly string[], theirs: readonly string[]): { suggestion?: string } {
  const known = new Set(theirs.map(looseKey))
  if (!mine.some((key) => known.has(looseKey(key)))) return {}
  return {
    suggestion:
      "They differ in case, in spaces, or as 1 and '1' do: write them alike, or add compare: text for the last.",
  }
}
