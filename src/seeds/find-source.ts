import { createHash } from 'node:crypto'
import { type Canonical, canonicalText } from '../config/canonical.ts'
import type { SeedConfig } from '../config/dataset.ts'
import { quoted } from '../config/literal.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { formatPath } from '../config/format-problems.ts'
import { problemsOfZod } from '../config/problems.ts'
import { pluginProblem } from '../graph/plugin-failure.ts'
import { messageOf } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { type OpenedSeed, SeedFault, type SeedContext, type SeedSource } from './define.ts'
import { pinOf } from './join/join-pins.ts'
import { pathOfJoin } from './join/plan-joins.ts'

/** The seed sources there are, by their `seed_type`. */
export type SeedSources = ReadonlyMap<string, SeedSource>

/** A source of a config, bound to its kind. */
export interface FoundSource {
  /** Of its `source`. */
  readonly path: ConfigPath
  open(context: SeedContext): Promise<OpenedSeed>
  stamp(context: SeedContext): ReturnType<SeedSource['stamp']>
}

export const sourcePath: ConfigPath = ['seed_config', 'source']

/** The sources of a seed, the seed itself first, then those that are joined; or what is wrong with them. */
export function findSources(
  { source, join = [] }: SeedConfig,
  sources: SeedSources,
): { found: readonly FoundSource[]; problems: readonly Problem[] } {
  const places = [
    { source, path: sourcePath },
    ...join.map((one, index) => ({ source: one.source, path: [...pathOfJoin(index), 'source'] })),
  ]
  const all = places.map((place, at) => findSource(place, sources, at))
  return {
    found: all.flatMap((one) => ('problems' in one ? [] : [one])),
    problems: all.flatMap((one) => ('problems' in one ? one.problems : [])),
  }
}

interface WrittenSource {
  readonly source: SeedConfig['source']
  readonly path: ConfigPath
}

function findSource(
  { source, path }: WrittenSource,
  sources: SeedSources,
  at: number,
): FoundSource | { problems: readonly Problem[] } {
  const kind = sources.get(source.seed_type)
  if (kind === undefined) {
    return { problems: [unknownType(source.seed_type, [...sources.keys()], path)] }
  }
  return bindSource(kind, { source, path }, at)
}

/** Keeps the source's own type between its schema and its functions. */
function bindSource<Source>(
  kind: SeedSource<Source>,
  { source, path }: WrittenSource,
  at: number,
): FoundSource | { problems: readonly Problem[] } {
  const parsed = kind.schema.safeParse(source)
  if (parsed.success) {
    const own = (context: SeedContext): SeedContext => ({
      ...context,
      pin: pinOf(context.pin, at),
    })
    const stampOf = (stamp: string): string => stampWith(stamp, source)
    return {
      path,
      async open(context) {
        const seed = await kind.open(parsed.data, own(context))
        return stamped(seed, stampOf(seed.stamp))
      },
      async stamp(context) {
        const found = await kind.stamp(parsed.data, own(context))
        if (found === null) return null
        return { stamp: stampOf(found.stamp), identity: () => found.identity() }
      },
    }
  }
  const problems = problemsOfZod(parsed.error, {
    path,
    value: source,
    schema: kind.schema,
    subject: 'the seed source',
  })
  return { problems }
}

/** The same files are other rows with another delimiter or encoding: then their content is compared. */
function stampWith(stamp: string, source: SeedConfig['source']): string {
  // What a config has is literals.
  const settings = canonicalText(source as Canonical)
  return createHash('sha256').update(`${stamp}\n${settings}`).digest('hex')
}

/** The seed with another stamp; those of plugins may be objects of any class. */
function stamped(seed: OpenedSeed, stamp: string): OpenedSeed {
  const { columns, size, identity, notes, pin } = seed
  return {
    columns,
    size,
    identity,
    stamp,
    notes,
    pin,
    rows: (options) => seed.rows(options),
    changed: () => seed.changed(),
    close: async () => seed.close?.(),
  }
}

function unknownType(type: string, known: readonly string[], path: ConfigPath): Problem {
  const meant = nearest(type, known)
  return {
    level: 'error',
    code: 'unknown-seed-type',
    path: [...path, 'seed_type'],
    message: `There is no kind of seed source called ${quoted(type)}`,
    expected: `one of ${known.join(', ')}`,
    received: quoted(type),
    ...(meant === undefined ? {} : { suggestion: `Did you mean '${meant}'?` }),
  }
}

/** What is wrong with a seed that could not be opened or read; everything else is rethrown. */
export function seedProblem(
  error: unknown,
  signal: AbortSignal,
  path: ConfigPath = sourcePath,
): Problem {
  // An abort is not the seed's fault, and neither is a mistake in this program.
  if (signal.aborted) throw error
  if (error instanceof SeedFault) {
    const { code, message, suggestion, field, place = [...path, field] } = error
    return {
      level: 'error',
      code,
      path: place,
      message: `The seed can't be used: ${message}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    }
  }
  if (error instanceof Error && 'syscall' in error) {
    return {
      level: 'error',
      code: 'seed-unreadable',
      path: [...path, 'path'],
      message: `The seed can't be read: ${messageOf(error)}`,
      suggestion: 'Check that the file exists and that you may read it.',
    }
  }
  return pluginProblem(error, path, formatPath(path))
}
