import type { ConfigPath, Problem } from '../../config/problem.ts'
import type { Distribution } from '../../graph/distribution.ts'
import { editDistance, nearest } from '../../util/near-miss.ts'
import { listed, refusal } from '../refusal.ts'
import { TooWide } from './discrete-table.ts'
import { discreteDistribution } from './draw-frozen.ts'
import { families, refusedFamilies } from './families.ts'
import type { Family } from './family.ts'
import { moved, type Frozen } from './frozen.ts'

/** What a config says of a distribution of scipy.stats. */
export interface Named {
  dist_name: string
  dist_params: ReadonlyMap<string, number | readonly number[]>
}

interface Place {
  /** Path of the object that holds `dist_name` and `dist_params`. */
  path: ConfigPath
  columnName: string
}

/** All that keeps the distribution from being drawn from. */
export function familyProblems(named: Named, { path, columnName }: Place): Problem[] {
  const { dist_name: name, dist_params: given } = named
  const family = families.get(name)
  if (family === undefined) return [unknownFamily(name, [...path, 'dist_name'], columnName)]
  const place = [...path, 'dist_params']
  const names = Object.keys(family.shapes)
  const problems = [...given.keys()].flatMap((key) =>
    isParameter(family, key) ? [] : [unknownParameter(key, name, family, place)],
  )
  const missing = names.filter((key) => !given.has(key))
  if (missing.length > 0) {
    problems.push(
      refusal(
        'missing-field',
        place,
        `The ${name} of column '${columnName}' lacks ${listed(missing)} in dist_params`,
        {
          expected: `${listed(names)}; loc${hasScale(family) ? ' and scale' : ''} may be left out`,
        },
      ),
    )
  }
  for (const [key, value] of given) {
    const expected = expectedOf(family, key, value)
    if (expected === null) continue
    problems.push(
      refusal('out-of-range', [...place, key], `'${key}' is nothing for a ${name}`, {
        expected,
        received: Array.isArray(value) ? `[${value.join(', ')}]` : String(value),
      }),
    )
  }
  if (problems.length > 0) return problems
  const conflict = family.conflict(...shapesOf(family, given))
  if (conflict !== null) {
    const message = `The parameters of the ${name} of column '${columnName}' contradict one another`
    return [refusal('out-of-range', place, message, { expected: conflict })]
  }
  return isTooWide(named)
    ? [
        refusal(
          'out-of-range',
          place,
          `The ${name} of column '${columnName}' has more values than fit into memory`,
          { suggestion: 'Take smaller parameters, or a continuous distribution that is like it.' },
        ),
      ]
    : []
}

/** The distribution; null where it has problems. */
export function freezeFamily(named: Named): Frozen | null {
  const family = families.get(named.dist_name)
  if (family === undefined || isTooWide(named)) return null
  const { dist_params: given } = named
  const isSound =
    Object.keys(family.shapes).every((key) => given.has(key)) &&
    [...given].every(
      ([key, value]) => isParameter(family, key) && expectedOf(family, key, value) === null,
    )
  if (!isSound) return null
  const shapes = shapesOf(family, given)
  return family.conflict(...shapes) === null ? frozenOf(family, given) : null
}

/** Whether its draws are whole numbers. */
export function isDiscrete({ dist_name: name }: Named): boolean {
  return families.get(name)?.kind === 'discrete'
}

/** What a report compares with. */
export function namedDistribution(named: Named): Distribution | null {
  const frozen = freezeFamily(named)
  if (frozen === null) return null
  const params = [...named.dist_params].map(([key, value]) => `${key} ${String(value)}`)
  const label = [named.dist_name, ...params].join(', ')
  if (frozen.kind === 'discrete') return discreteDistribution(frozen, label)
  return {
    shape: 'continuous',
    label,
    of: 'number',
    cdf: (value) => frozen.shares(value)[0],
    rounding: null,
  }
}

function frozenOf(family: Family, given: Named['dist_params']): Frozen {
  const standard = family.freeze(...shapesOf(family, given))
  return moved(standard, Number(given.get('loc') ?? 0), Number(given.get('scale') ?? 1))
}

function isTooWide({ dist_name: name, dist_params: given }: Named): boolean {
  const family = families.get(name)
  if (family?.kind !== 'discrete') return false
  const shapes = shapesOf(family, given)
  const domains = Object.values(family.shapes)
  const isKnown = shapes.every((value, at) => (domains[at] ?? domains[0])?.holds(value) ?? false)
  if (!isKnown || shapes.length < domains.length || family.conflict(...shapes) !== null)
    return false
  try {
    family.freeze(...shapes)
    return false
  } catch (error) {
    if (error instanceof TooWide) return true
    throw error
  }
}

function shapesOf(family: Family, given: Named['dist_params']): number[] {
  return Object.keys(family.shapes).flatMap((key) => given.get(key) ?? [])
}

function hasScale(family: Family): boolean {
  return family.kind === 'continuous'
}

function isParameter(family: Family, key: string): boolean {
  return Object.hasOwn(family.shapes, key) || key === 'loc' || (key === 'scale' && hasScale(family))
}

/** What a parameter must be; null when it is. */
function expectedOf(family: Family, key: string, value: number | readonly number[]): string | null {
  const domain = family.shapes[key]
  if (domain !== undefined) {
    if (domain.isList === true) {
      return Array.isArray(value) && value.length > 0 && value.every(domain.holds)
        ? null
        : domain.words
    }
    return typeof value === 'number' && domain.holds(value) ? null : domain.words
  }
  if (key === 'scale')
    return typeof value === 'number' && value > 0 && value < Infinity ? null : 'a number above 0'
  if (key !== 'loc') return null
  if (family.kind === 'discrete') return Number.isSafeInteger(value) ? null : 'a whole number'
  return Number.isFinite(value) ? null : 'a finite number'
}

function unknownParameter(key: string, name: string, family: Family, place: ConfigPath): Problem {
  const names = [...Object.keys(family.shapes), 'loc', ...(hasScale(family) ? ['scale'] : [])]
  const meant = nearest(key, names)
  return refusal('unknown-field', [...place, key], `A ${name} has no parameter '${key}'`, {
    expected: listed(names),
    ...(meant === undefined ? {} : { suggestion: `Did you mean '${meant}'?` }),
  })
}

function unknownFamily(name: string, place: ConfigPath, columnName: string): Problem {
  const reason = refusedFamilies.get(name)
  if (reason !== undefined) {
    return refusal(
      'unsupported',
      place,
      `Column '${columnName}' can't draw from ${name}: ${reason}`,
      {
        suggestion: 'Take a family that is like it, or draw it with code of your own.',
      },
    )
  }
  const near = [...families.keys()]
    .map((known) => ({ known, distance: editDistance(name.toLowerCase(), known) }))
    .filter(
      ({ known, distance }) =>
        distance <= 1 + name.length / 4 || known.startsWith(name) || name.startsWith(known),
    )
    .toSorted((one, other) => one.distance - other.distance)
    .slice(0, 5)
    .map(({ known }) => known)
  return refusal(
    'unknown-distribution',
    place,
    `Column '${columnName}' draws from a distribution that scipy.stats does not have`,
    {
      expected: 'a name of scipy.stats, such as norm, gamma or binom',
      received: `'${name}'`,
      ...(near.length === 0 ? {} : { suggestion: `Near ones: ${near.join(', ')}.` }),
    },
  )
}
