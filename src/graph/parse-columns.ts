import { nameFault } from './reserved-names.ts'
import { unread } from '../config/columns.ts'
import type { RawColumn } from '../config/dataset.ts'
import { quoted } from '../config/literal.ts'
import type { Problem } from '../config/problem.ts'
import { capitalized } from '../config/problems.ts'
import { readRepaired } from '../config/repair.ts'
import { nearest } from '../util/near-miss.ts'
import { type Draft, type DraftColumn, draftColumn, subjectOf } from './draft.ts'

/** The kind whose columns a seed brings along; they need not be written in the config. */
export const seedColumnType = 'seed-dataset'

/**
 * Adds the seed's columns behind the configured ones.
 *
 * One that the config writes itself, as a `seed-dataset` column, stays where it is written.
 */
export function addSeedColumns({ input: { seed }, columns }: Draft): Problem[] {
  const problems: Problem[] = []
  const configured = new Map(columns.map((column) => [column.name, column]))
  for (const { name } of seed?.columns ?? []) {
    const same = configured.get(name)
    if (same === undefined) {
      columns.push(draftColumn(seedColumn(name), ['seed_config', 'source']))
    } else if (same.raw.column_type !== seedColumnType) {
      problems.push({
        level: 'error',
        code: 'seed-collision',
        path: [...same.path, 'name'],
        message: `Column '${name}' has the name of a column of the seed`,
        suggestion: 'Rename the configured column; the seed column is there by its own name.',
      })
    }
  }
  return problems
}

function seedColumn(name: string): RawColumn {
  return {
    name,
    column_type: seedColumnType,
    drop: false,
    skip: null,
    propagate_skip: true,
    on_failure: 'drop',
  }
}

/** NeMo Data Designer lets the later of two columns win without a word; here both places are named. */
export function checkNames({ columns }: Draft): Problem[] {
  const seen = new Map<string, DraftColumn>()
  return columns.flatMap((column): Problem[] => {
    const { name, path } = column
    if (name === unread) return []
    const fault = nameFault(name)
    if (fault !== null) {
      return [
        {
          level: 'error',
          code: 'reserved-name',
          path: [...path, 'name'],
          message: `${quoted(name)} ${fault}`,
          suggestion: 'Give the column another name.',
        },
      ]
    }
    const before = seen.get(name)
    if (before === undefined) {
      seen.set(name, column)
      return []
    }
    return [
      {
        level: 'error',
        code: 'duplicate-column',
        path: [...path, 'name'],
        message: `Column ${quoted(name)} is defined twice: as ${placeOf(before)} and ${placeOf(column)}`,
        suggestion: 'Rename or remove one of them.',
      },
    ]
  })
}

function placeOf({ path }: DraftColumn): string {
  return `columns[${path.at(-1)}]`
}

/** Looks up each column's kind; behind a near miss the column is checked as what was meant. */
export function findKinds({ input: { registry }, columns }: Draft): Problem[] {
  const problems: Problem[] = []
  for (const column of columns) {
    const type = column.raw.column_type
    column.kind = registry.columns.get(type) ?? null
    if (column.kind !== null) continue
    column.isSound = false
    // Why it can't be read was said where it was read.
    if (type === unread) continue
    const near = nearest(type, registry.columns.keys())
    problems.push({
      level: 'error',
      code: 'unknown-column-type',
      path: [...column.path, 'column_type'],
      message: `${capitalized(subjectOf(column))} has the unknown column_type '${type}'`,
      expected: `one of ${[...registry.columns.keys()].join(', ')}`,
      received: type,
      ...(near === undefined ? {} : { suggestion: `Did you mean '${near}'?` }),
    })
    if (near === undefined) continue
    column.kind = registry.columns.get(near) ?? null
    column.raw = Object.assign(Object.create(null), column.raw, { column_type: near })
  }
  return problems
}

/** Reads each column with its kind's own schema; of a wrong one, what is left without the wrong. */
export function parseColumns({ columns }: Draft): Problem[] {
  return columns.flatMap((column) => {
    const { kind, raw, path } = column
    if (kind === null) return []
    const isNamed = column.name !== unread
    // A name that can't be read has been reported, and no kind would take it.
    const written = isNamed ? raw : { ...raw, name: `(number ${Number(path.at(-1)) + 1})` }
    const read = readRepaired(kind.schema, written, { path, subject: subjectOf(column) })
    column.config = read.value
    column.isSound &&= isNamed && read.problems.length === 0
    return isNamed ? read.problems : read.problems.filter((problem) => !isTypoOfName(problem))
  })
}

/** The mistyped key that leaves a column without a name: it was reported with the missing name. */
function isTypoOfName({ code, path }: Problem): boolean {
  return code === 'unknown-key' && nearest(String(path.at(-1)), ['name']) !== undefined
}
