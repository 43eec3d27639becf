import { createHash } from 'node:crypto'
import type { SeedConfig } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { quoted } from '../config/literal.ts'
import { problemsOfZod } from '../config/problems.ts'
import { nearest } from '../util/near-miss.ts'
import type { SeedSchema } from '../graph/draft.ts'
import { pluginProblem } from '../graph/plugin-failure.ts'
import { RowsmithError, messageOf } from '../util/errors.ts'
import {
  SeedFault,
  type OpenedSeed,
  type SeedColumn,
  type SeedContext,
  type SeedNote,
  type SeedSource,
} from './define.ts'
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

/** The seed sources there are, by their `seed_type`. */
export type SeedSources = ReadonlyMap<string, SeedSource>

const sourcePath: ConfigPath = ['seed_config', 'source']

/** Opens the seed a config names and checks everything that needs its content. */
export async function inspectSeed(
  config: SeedConfig,
  context: SeedContext,
  sources: SeedSources,
): Promise<SeedInspection> {
  const found = findSource(config, sources)
  if ('problems' in found) return { inspected: null, problems: found.problems }
  let seed: OpenedSeed
  try {
    seed = await found.open(context)
  } catch (error) {
    return { inspected: null, problems: [seedProblem(error, context.signal)] }
  }
  const selection = checkContent(config, seed)
  if ('size' in selection) {
    return { inspected: { seed, selection }, problems: seed.notes.map(warningOf) }
  }
  await seed.close?.()
  return { inspected: null, problems: [selection] }
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
 * A source that is gone is no hindrance: the run folder has its rows. The content is only read
 * when size or time of change differ.
 */
export async function isSeedUnchanged(
  config: SeedConfig,
  stored: { readonly identity: string; readonly stamp: string },
  context: SeedContext,
  sources: SeedSources,
): Promise<boolean> {
  const found = findSource(config, sources)
  if ('problems' in found) {
    throw new RowsmithError(
      'config-invalid',
      found.problems.map(({ message }) => message).join('\n'),
    )
  }
  let identity: string
  try {
    const current = await found.stamp(context)
    if (current === null || current.stamp === stored.stamp) return true
    identity = await current.identity()
  } catch (error) {
    const problem = seedProblem(error, context.signal)
    throw new RowsmithError('seed-changed', `the seed cannot be compared: ${problem.message}`, {
      cause: error,
      hints: problem.suggestion === undefined ? [] : [problem.suggestion],
    })
  }
  return identity === stored.identity
}

interface FoundSource {
  open(context: SeedContext): Promise<OpenedSeed>
  stamp(context: SeedContext): ReturnType<SeedSource['stamp']>
}

function findSource(
  { source }: SeedConfig,
  sources: SeedSources,
): FoundSource | { problems: readonly Problem[] } {
  const kind = sources.get(source.seed_type)
  if (kind === undefined) {
    return { problems: [unknownType(source.seed_type, [...sources.keys()])] }
  }
  return bindSource(kind, source)
}

/** Keeps the source's own type between its schema and its functions. */
function bindSource<Source>(
  kind: SeedSource<Source>,
  written: unknown,
): FoundSource | { problems: readonly Problem[] } {
  const parsed = kind.schema.safeParse(written)
  if (parsed.success) {
    return {
      open: (context) => kind.open(parsed.data, context),
      stamp: (context) => kind.stamp(parsed.data, context),
    }
  }
  const problems = problemsOfZod(parsed.error, {
    path: sourcePath,
    value: written,
    schema: kind.schema,
    subject: 'the seed source',
  })
  return { problems }
}

function checkContent(config: SeedConfig, seed: OpenedSeed): Selection | Problem {
  if (seed.size > 0 && seed.columns.length > 0) {
    return selectRows(config.selection_strategy, seed.size)
  }
  return {
    level: 'error',
    code: 'empty-seed',
    path: [...sourcePath, 'path'],
    message: seed.size > 0 ? 'The rows of the seed have no columns' : 'The seed has no rows',
    expected: 'at least one row with at least one column',
  }
}

function warningOf({ code, message, suggestion }: SeedNote): Problem {
  return {
    level: 'warning',
    code,
    path: [...sourcePath, 'path'],
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  }
}

function unknownType(type: string, known: readonly string[]): Problem {
  const meant = nearest(type, known)
  return {
    level: 'error',
    code: 'unknown-seed-type',
    path: [...sourcePath, 'seed_type'],
    message: `There is no kind of seed source called ${quoted(type)}`,
    expected: `one of ${known.join(', ')}`,
    received: quoted(type),
    ...(meant === undefined ? {} : { suggestion: `Did you mean '${meant}'?` }),
  }
}

/** What is wrong with a seed that could not be opened or read; anything else goes on. */
export function seedProblem(error: unknown, signal: AbortSignal): Problem {
  // An abort is not the seed's fault, and neither is a mistake in this program.
  if (signal.aborted) throw error
  if (error instanceof SeedFault) {
    const { code, message, suggestion, field } = error
    return {
      level: 'error',
      code,
      path: [...sourcePath, field],
      message: `The seed can't be used: ${message}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    }
  }
  if (error instanceof Error && 'syscall' in error) {
    return {
      level: 'error',
      code: 'seed-unreadable',
      path: [...sourcePath, 'path'],
      message: `The seed can't be read: ${messageOf(error)}`,
      suggestion: 'Check that the file exists and that you may read it.',
    }
  }
  return pluginProblem(error, sourcePath, 'seed_config.source')
}
