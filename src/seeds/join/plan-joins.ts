import type { KeyPair, SeedJoin } from '../../config/dataset.ts'
import { quoted } from '../../config/literal.ts'
import type { ConfigPath, Problem } from '../../config/problem.ts'
import { nearest } from '../../util/near-miss.ts'
import type { OpenedSeed, SeedColumn } from '../define.ts'
import { keyKind } from './join-key.ts'

/** A seed that is joined, and how. */
export interface JoinPart {
  readonly join: SeedJoin
  readonly seed: Pick<OpenedSeed, 'columns'>
}

/** Where the values of a join stand in the rows of both sides. */
export interface JoinPlan {
  readonly join: SeedJoin
  /** The key in the rows so far. */
  readonly left: readonly number[]
  /** The key in the rows of the source. */
  readonly right: readonly number[]
  /** The values that are added, in the rows of the source. */
  readonly added: readonly number[]
}

export interface JoinsPlan {
  readonly plans: readonly JoinPlan[]
  /** Of the rows behind the last join. */
  readonly columns: readonly SeedColumn[]
  readonly problems: readonly Problem[]
}

/** A column of the rows so far, and where it comes from. */
interface Gathered extends SeedColumn {
  readonly source: string
}

export function pathOfJoin(index: number): ConfigPath {
  return ['seed_config', 'join', index]
}

/** Finds the columns that joins name, and what is wrong with them. */
export function planJoins(base: readonly SeedColumn[], parts: readonly JoinPart[]): JoinsPlan {
  const gathered: Gathered[] = base.map((column) => ({ ...column, source: 'seed_config.source' }))
  const problems: Problem[] = []
  const plans = parts.map(({ join, seed: { columns } }, index): JoinPlan => {
    const path = pathOfJoin(index)
    const keys = keysOf(join, { left: gathered, right: columns, path })
    const added = addedBy(join, columns, path)
    problems.push(...keys.problems, ...added.problems)
    const source = `seed_config.join[${index}]`
    const own = added.places.map((place): Gathered => {
      const { name = '', type = 'json' } = columns[place] ?? {}
      return { name: join.prefix + name, type: join.many === 'list' ? 'json' : type, source }
    })
    problems.push(...clashes(gathered, own, { path, join }))
    gathered.push(...own)
    return { join, left: keys.left, right: keys.right, added: added.places }
  })
  const columns = gathered.map(({ name, type }): SeedColumn => ({ name, type }))
  return { plans, columns, problems }
}

interface Sides {
  readonly left: readonly SeedColumn[]
  readonly right: readonly SeedColumn[]
  readonly path: ConfigPath
}

function keysOf(
  { on, compare }: SeedJoin,
  { left, right, path }: Sides,
): { left: number[]; right: number[]; problems: Problem[] } {
  const place = [...path, 'on']
  const problems = on.flatMap((pair): Problem[] => {
    const mine = left.find(({ name }) => name === pair.left)
    const theirs = right.find(({ name }) => name === pair.right)
    if (mine !== undefined && theirs !== undefined) {
      return compare === 'text' ? [] : otherKinds(pair, mine, theirs, place)
    }
    if (isSwapped(pair, left, right)) return [swapped(pair, place)]
    return [
      ...(mine === undefined ? [noKey(pair.left, 'the seed', left, place)] : []),
      ...(theirs === undefined ? [noKey(pair.right, 'the source of this join', right, place)] : []),
    ]
  })
  return {
    left: on.map((pair) => left.findIndex(({ name }) => name === pair.left)),
    right: on.map((pair) => right.findIndex(({ name }) => name === pair.right)),
    problems,
  }
}

function isSwapped(
  pair: KeyPair,
  left: readonly SeedColumn[],
  right: readonly SeedColumn[],
): boolean {
  const has = (columns: readonly SeedColumn[], wanted: string): boolean =>
    columns.some(({ name }) => name === wanted)
  return (
    has(left, pair.right) &&
    has(right, pair.left) &&
    !has(left, pair.left) &&
    !has(right, pair.right)
  )
}

function swapped({ left, right }: KeyPair, path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'unknown-join-column',
    path,
    message: `The key has its columns the wrong way round: ${quoted(right)} is of the seed, and ${quoted(left)} of the source of this join`,
    suggestion: `Write { left: ${right}, right: ${left} }.`,
  }
}

function noKey(
  name: string,
  where: string,
  columns: readonly SeedColumn[],
  path: ConfigPath,
): Problem {
  const meant = nearest(
    name,
    columns.map((column) => column.name),
  )
  return {
    level: 'error',
    code: 'unknown-join-column',
    path,
    message: `The key names ${quoted(name)}, but ${where} has no such column`,
    ...(meant === undefined
      ? { expected: `one of ${columns.map((column) => column.name).join(', ')}` }
      : { suggestion: `Did you mean '${meant}'?` }),
    received: quoted(name),
  }
}

function otherKinds(
  { left, right }: KeyPair,
  mine: SeedColumn,
  theirs: SeedColumn,
  path: ConfigPath,
): Problem[] {
  const [here, there] = [keyKind(mine.type), keyKind(theirs.type)]
  if (here === null || there === null || here === there) return []
  return [
    {
      level: 'error',
      code: 'join-types-differ',
      path,
      message: `No row can have a partner: ${quoted(left)} of the seed is of ${here}, and ${quoted(right)} of the source of this join of ${there}`,
      suggestion: "Add compare: text, and 1 and '1' are the same key.",
    },
  ]
}

function addedBy(
  { columns: named, on }: SeedJoin,
  columns: readonly SeedColumn[],
  path: ConfigPath,
): { places: number[]; problems: Problem[] } {
  if (named === null) {
    const places = [...columns.keys()].filter(
      (at) => !on.some(({ right }) => right === columns[at]?.name),
    )
    return { places, problems: [] }
  }
  const names = columns.map(({ name }) => name)
  const problems = named.flatMap((name, at): Problem[] => {
    const place = [...path, 'columns', at]
    if (named.indexOf(name) < at) {
      const message = `The column ${quoted(name)} is named twice`
      return [{ level: 'error', code: 'duplicate-name', path: place, message }]
    }
    if (names.includes(name)) return []
    const meant = nearest(name, names)
    return [
      {
        level: 'error',
        code: 'unknown-join-column',
        path: place,
        message: `The source of this join has no column ${quoted(name)}`,
        ...(meant === undefined
          ? { expected: `one of ${names.join(', ')}` }
          : { suggestion: `Did you mean '${meant}'?` }),
      },
    ]
  })
  return { places: named.map((name) => names.indexOf(name)).filter((at) => at >= 0), problems }
}

function clashes(
  before: readonly Gathered[],
  own: readonly Gathered[],
  { path, join }: { path: ConfigPath; join: SeedJoin },
): Problem[] {
  return own.flatMap(({ name, source }): Problem[] => {
    const same = before.find((column) => column.name === name)
    if (same === undefined) return []
    return [
      {
        level: 'error',
        code: 'join-collision',
        path: [...path, join.prefix === '' ? 'source' : 'prefix'],
        message: `Both ${same.source} and ${source} have a column ${quoted(name)}`,
        suggestion: `Add a prefix to the join, such as prefix: ${join.prefix}other_, or list the columns to add in columns.`,
      },
    ]
  })
}
