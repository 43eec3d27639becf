import { createHash } from 'node:crypto'
import type { SeedConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { SeedSchema } from '../graph/draft.ts'
import { RowsmithError } from '../util/errors.ts'
import type { OpenedSeed, SeedColumn, SeedContext, SeedNote } from './define.ts'
import {
  findSources,
  type FoundSource,
  seedProblem,
  type SeedSources,
  sourcePath,
} from './find-source.ts'
import { joinedIdentity, joinSeeds } from './join/join-seeds.ts'
import type { StoredSeedDescription } from './normalise.ts'
import { columnsOfRecords } from './rows-of-record.ts'
import { selectRows, type Selection } from './selection.ts'

/** A seed that a run can use. */
export interface InspectedSeed {
  readonly seed: OpenedSeed
  readonly selection: Selection
}

export interface SeedInspection {
  /** Null when there is an error among the problems. */
  readonly inspected: InspectedSeed | null
  readonly problems: readonly Problem[]
}

/** Opens the seed a config names and checks everything that needs its content. */
export async function inspectSeed(
  config: SeedConfig,
  context: SeedContext,
  sources: SeedSources,
): Promise<SeedInspection> {
  const { found, problems: unfound } = findSources(config, sources)
  if (unfound.length > 0) return { inspected: null, problems: unfound }
  const { seeds, problems } = await openAll(found, context)
  const [base, ...others] = seeds
  if (base === undefined || problems.some(({ level }) => level === 'error')) {
    return refused(seeds, problems)
  }
  const joins = (config.join ?? []).flatMap((join, index) => {
    const seed = others[index]
    return seed === undefined ? [] : [{ join, seed }]
  })
  let seed: OpenedSeed = base
  if (joins.length > 0) {
    try {
      const joined = await joinSeeds(base, joins, context)
      problems.push(...joined.problems)
      if (joined.seed === null) return await refused(seeds, problems)
      seed = joined.seed
    } catch (error) {
      await closeAll(seeds)
      return { inspected: null, problems: [...problems, seedProblem(error, context.signal)] }
    }
  }
  const selection = selectRows(config.selection_strategy, seed.size)
  if ('size' in selection) return { inspected: { seed, selection }, problems }
  return refused([seed], [selection])
}

/** Opens all sources, so that what is wrong with each is said at once. */
async function openAll(
  found: readonly FoundSource[],
  context: SeedContext,
): Promise<{ seeds: OpenedSeed[]; problems: Problem[] }> {
  const seeds: OpenedSeed[] = []
  const problems: Problem[] = []
  try {
    for (const source of found) {
      try {
        const seed = await source.open(context)
        seeds.push(seed)
        problems.push(...contentProblems(seed, source.path))
      } catch (error) {
        problems.push(seedProblem(error, context.signal, source.path))
      }
    }
  } catch (error) {
    await closeAll(seeds)
    throw error
  }
  return { seeds, problems }
}

async function refused(
  seeds: readonly OpenedSeed[],
  problems: readonly Problem[],
): Promise<SeedInspection> {
  await closeAll(seeds)
  return { inspected: null, problems: problems.filter(({ level }) => level === 'error') }
}

async function closeAll(seeds: readonly OpenedSeed[]): Promise<void> {
  for (const seed of seeds) await seed.close?.()
}

/** Which rows of a seed a row of the run has. */
export type SeedOrdering = Pick<SeedConfig, 'sampling_strategy' | 'rows_per_record'>

/** The seed as the graph takes it: what decides the value of a row, content and order alike. */
export function describeSeed(
  seed: { readonly columns: readonly SeedColumn[]; readonly identity: string },
  { sampling_strategy: strategy, rows_per_record: rowsPerRecord }: SeedOrdering,
  selection: Selection,
): SeedSchema {
  const { start, size } = selection
  const several = rowsPerRecord === 1 ? {} : { rowsPerRecord }
  const material = JSON.stringify({ content: seed.identity, strategy, start, size, ...several })
  const columns = columnsOfRecords(seed.columns, rowsPerRecord)
  return { columns, identity: createHash('sha256').update(material).digest('hex') }
}

/**
 * Whether a seed still is the one a run was made with.
 *
 * A source that is missing is no hindrance: the run folder has its rows. The content is only read
 * when size or time of change differ.
 */
export async function isSeedUnchanged(
  config: SeedConfig,
  stored: Pick<StoredSeedDescription, 'identity' | 'stamp' | 'parts'>,
  context: SeedContext,
  sources: SeedSources,
): Promise<boolean> {
  const { join = [] } = config
  const { parts = [stored] } = stored
  // Other joins make other rows of the same sources.
  if (parts.length !== join.length + 1) return false
  if (join.length > 0 && joinedIdentity(parts, join) !== stored.identity) return false
  const { found, problems } = findSources(config, sources)
  if (problems.length > 0) {
    throw new RowsmithError('config-invalid', problems.map(({ message }) => message).join('\n'))
  }
  for (const [at, source] of found.entries()) {
    const part = parts[at]
    if (part !== undefined && !(await isUnchanged(source, part, context))) return false
  }
  return true
}

async function isUnchanged(
  source: FoundSource,
  stored: { readonly identity: string; readonly stamp: string },
  context: SeedContext,
): Promise<boolean> {
  try {
    const current = await source.stamp(context)
    if (current === null || current.stamp === stored.stamp) return true
    return (await current.identity()) === stored.identity
  } catch (error) {
    const problem = seedProblem(error, context.signal, source.path)
    throw new RowsmithError('seed-changed', `the seed cannot be compared: ${problem.message}`, {
      cause: error,
      hints: problem.suggestion === undefined ? [] : [problem.suggestion],
    })
  }
}

function contentProblems(seed: OpenedSeed, path: ConfigPath): Problem[] {
  const place = [...path, 'path']
  if (seed.size > 0 && seed.columns.length > 0) {
    return seed.notes.map((note) => warningOf(note, place))
  }
  const it = path === sourcePath ? 'The seed' : 'The source of this join'
  const rows = path === sourcePath ? 'of the seed' : 'of the source of this join'
  return [
    {
      level: 'error',
      code: 'empty-seed',
      path: place,
      message: seed.size > 0 ? `The rows ${rows} have no columns` : `${it} has no rows`,
      expected: 'at least one row with at least one column',
    },
  ]
}

function warningOf({ code, message, suggestion }: SeedNote, path: ConfigPath): Problem {
  return {
    level: 'warning',
    code,
    path,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  }
}
