import { z } from 'zod'
import type { Problem } from '../config/problem.ts'
import { double, list, oneOf, text } from '../config/scalars.ts'
import { isVectorType } from '../graph/column-type.ts'
import type {
  ProcessContext,
  ProcessorContext,
  RecordBatch,
  RecordColumn,
} from '../graph/processor-kind.ts'
import type { Cell } from '../util/value.ts'
import type { Candidate } from './content-file.ts'
import { defineProcessor } from './define.ts'
import { openKeptRecords, openSeenRecords } from './kept-records.ts'
import { takenColumn, unknownColumns } from './known-columns.ts'
import { cosine, type KeysOf, minHashKeys, planeKeys } from './locality.ts'
import { pickRecords, withColumn } from './record-batches.ts'
import { recordKey } from './record-key.ts'
import { createShingler, jaccard } from './shingles.ts'

const methods = ['exact', 'near', 'semantic'] as const

interface DedupeFields {
  method: (typeof methods)[number]
  columns: readonly string[] | null
  threshold: number | null
  duplicates: 'reject' | 'mark'
  column: string
}

const usualThresholds = { exact: 1, near: 0.8, semantic: 0.95 }
/** Below it, keys would have to be so many that nothing is won over comparing all with all. */
const leastThresholds = { exact: 1, near: 0.3, semantic: 0.7 }

/** Leaves out, or marks, records that resemble one before them. */
export const dedupe = defineProcessor({
  by: 'records',
  type: 'dedupe',
  inOrder: 'leaves-out',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).describe('Any name.'),
      processor_type: oneOf(['dedupe']),
      method: oneOf(methods)
        .default('exact')
        .describe(
          'exact: equal values. near: texts that share most of their stretches of five characters (MinHash, then compared). semantic: vectors with nearly the same direction (random planes, then compared).',
        ),
      columns: list(text(), { min: 1 })
        .nullable()
        .default(null)
        .describe(
          'The columns to compare. exact: all columns by default. near: columns of text. semantic: one embedding.',
        ),
      threshold: double({ min: 0, max: 1 })
        .nullable()
        .default(null)
        .describe(
          'The least similarity of duplicates. near: the share of common sequences, from 0.3; 0.8 by default. semantic: the cosine, from 0.7; 0.95 by default.',
        ),
      duplicates: oneOf(['reject', 'mark'])
        .default('reject')
        .describe(
          'reject: removes and counts them. mark: keeps them, and a column names the original.',
        ),
      column: text({ nonEmpty: true })
        .default('duplicate_of')
        .describe('With mark: the column with the row of the record that it resembles, or null.'),
    })
    .describe('Leaves out records that resemble one before them.'),
  output(config, columns, context) {
    const { columns: names, duplicates, column } = config
    const wanted = (names ?? []).map((name, index) => ({ name, path: ['columns', index] }))
    const isMarked = duplicates === 'mark'
    return {
      columns: isMarked ? [...columns, { name: column, type: 'int64' }] : columns,
      ...(names === null ? {} : { reads: names }),
      problems: [
        ...unknownColumns(wanted, columns, context),
        ...methodProblems(config, columns, context),
        ...(isMarked ? takenColumn(column, columns, context) : []),
      ],
    }
  },
  async *run(config, records, context) {
    using finder = finderOf(config, context, await context.scratch())
    for await (const batch of records) {
      const originals = Array.from(batch.rows.keys(), (at) => finder.originalOf(batch, at))
      const kept = originals.flatMap((original, at) => (original === null ? [at] : []))
      context.count('duplicates', originals.length - kept.length)
      if (config.duplicates === 'mark') yield withColumn(batch, originals)
      else if (kept.length > 0) yield pickRecords(batch, kept)
    }
  },
})

function methodProblems(
  { method, columns: names, threshold }: DedupeFields,
  columns: readonly RecordColumn[],
  { path }: ProcessorContext,
): Problem[] {
  const problems: Problem[] = []
  if (method !== 'exact' && names === null) {
    problems.push({
      level: 'error',
      code: 'missing-field',
      path: [...path, 'columns'],
      message: `The method ${method} needs columns to compare`,
      expected: method === 'near' ? 'names of columns of text' : 'the name of an embedding column',
    })
  }
  if (method === 'semantic' && names !== null && names.length !== 1) {
    problems.push({
      level: 'error',
      code: 'wrong-format',
      path: [...path, 'columns'],
      message: `The method semantic compares one column, and ${names.length} are given`,
    })
  }
  for (const [index, name] of method === 'exact' ? [] : (names ?? []).entries()) {
    const type = columns.find((column) => column.name === name)?.type
    if (type === undefined || (method === 'near' ? type === 'string' : isVectorType(type))) continue
    problems.push({
      level: 'error',
      code: 'wrong-type',
      path: [...path, 'columns', index],
      message: `'${name}' can't be compared by the method ${method}: it is of type ${type}`,
      expected: method === 'near' ? 'a column of text' : 'a column of vectors',
    })
  }
  if (threshold !== null && (method === 'exact' || threshold < leastThresholds[method])) {
    problems.push({
      level: 'error',
      code: method === 'exact' ? 'conflicting-fields' : 'out-of-range',
      path: [...path, 'threshold'],
      message:
        method === 'exact'
          ? 'The method exact compares for equality and has no threshold'
          : `The method ${method} finds nothing below a threshold of ${leastThresholds[method]}`,
    })
  }
  return problems
}

interface Finder extends Disposable {
  /** The row of the first record before it that it resembles; null for one that is kept. */
  originalOf(batch: RecordBatch, at: number): number | null
}

function finderOf(config: DedupeFields, { columns }: ProcessContext, folder: string): Finder {
  const { method, columns: names } = config
  const threshold = config.threshold ?? usualThresholds[method]
  const positions = (names ?? columns.map(({ name }) => name)).map((name) =>
    columns.findIndex((column) => column.name === name),
  )
  const cellsOf = (batch: RecordBatch, at: number): Cell[] =>
    positions.map((position) => batch.columns[position]?.[at] ?? null)
  switch (method) {
    case 'exact': {
      const seen = openSeenRecords(folder)
      return {
        originalOf: (batch, at) => seen.firstOf(recordKey(cellsOf(batch, at)), batch.rows[at] ?? 0),
        [Symbol.dispose]: () => seen[Symbol.dispose](),
      }
    }
    case 'near': {
      const shinglesOf = createShingler()
      return alikeFinder(folder, cellsOf, {
        contentOf: (cells) =>
          shinglesOf(cells.filter((cell) => typeof cell === 'string').join('\n')),
        keysOf: () => minHashKeys(threshold),
        // Of two sets the larger one has what both share, and more.
        mayBeAlike: (one, other) => Math.min(one, other) >= threshold * Math.max(one, other),
        isAlike: (one, other) => jaccard(one, other) >= threshold,
        read: ({ buffer, length }) => new Uint32Array(buffer, 0, length),
      })
    }
    case 'semantic':
      break
  }
  return alikeFinder(folder, cellsOf, {
    contentOf: ([cell]) => (cell instanceof Float32Array ? cell : new Float32Array()),
    keysOf: ({ length }) => planeKeys(threshold, length),
    mayBeAlike: (one, other) => one === other,
    // Rounding must not part two that are equal.
    isAlike: (one, other) => cosine(one, other) >= threshold - 1e-6,
    read: ({ buffer, length }) => new Float32Array(buffer, 0, length),
  })
}

interface Likeness<Content> {
  /** Empty for what is never like another; valid until the next one is asked for. */
  contentOf(cells: readonly Cell[]): Content
  /** Made for the first record. */
  keysOf(first: Content): KeysOf<Content>
  /** What two lengths say alone. */
  mayBeAlike(one: number, other: number): boolean
  isAlike(one: Content, other: Content): boolean
  read(kept: ReturnType<Candidate['read']>): Content
}

function alikeFinder<Content extends Uint32Array | Float32Array>(
  folder: string,
  cellsOf: (batch: RecordBatch, at: number) => Cell[],
  likeness: Likeness<Content>,
): Finder {
  const kept = openKeptRecords(folder)
  const keysBySize = new Map<number, KeysOf<Content>>()
  return {
    originalOf(batch, at) {
      const content = likeness.contentOf(cellsOf(batch, at))
      if (content.length === 0) return null
      // Vectors of another size have planes of their own.
      const size = content instanceof Float32Array ? content.length : 0
      const keysOf = keysBySize.get(size) ?? likeness.keysOf(content)
      keysBySize.set(size, keysOf)
      const keys = keysOf(content)
      for (const candidate of kept.candidates(keys)) {
        if (!likeness.mayBeAlike(candidate.length, content.length)) continue
        if (likeness.isAlike(content, likeness.read(candidate.read()))) return candidate.row
      }
      kept.add(keys, batch.rows[at] ?? 0, content)
      return null
    },
    [Symbol.dispose]: () => kept[Symbol.dispose](),
  }
}
