import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type GroupRows, groupSizes, readGroupRows, type RecordValues } from '../export/records.ts'
import type { ColumnType } from '../graph/column-type.ts'
import { readPartFrom, type StoreSummary } from '../store/inspect-store.ts'
import { rowColumn } from '../store/run-settings.ts'
import { partHints, verifyDatasetFile } from '../store/verify.ts'
import { RowsmithError } from '../util/errors.ts'

/** Files whose records a report reads: those of the dataset, or the parts until a dataset exists. */
export interface RecordFiles {
  files: readonly RecordFile[]
  /** Rows from there on do not belong to the run; only parts have such. */
  below: number
}

interface RecordFile {
  path: string
  /** Null for a part. */
  sha256: string | null
  /** The position of its first record in the dataset; 0 for a part, whose records know their rows. */
  first: number
}

/** A record, and where it stands: its row while there is no dataset, its position in the dataset then. */
export interface SampledRecord {
  at: number
  values: RecordValues
}

/** Files and row groups that are looked into at most. */
const mostFiles = 32
const mostGroups = 8

export function recordFiles({ directory, dataset, settings }: StoreSummary): RecordFiles {
  const files: RecordFile[] = []
  let first = 0
  for (const { path, sha256, rows } of dataset) {
    files.push({ path, sha256, first })
    first += rows
  }
  if (files.length > 0) return { files, below: Number.POSITIVE_INFINITY }
  for (let part = 0; ; part += 1) {
    const found = readPartFrom(directory, part)
    if (found === null || found.part * settings.partRows >= settings.rows) break
    if (found.file !== null) {
      files.push({ path: resolve(directory, found.file), sha256: null, first: 0 })
    }
    part = found.part
  }
  return { files, below: settings.rows }
}

/** All records of some files, or so many of them from row groups all over. */
export async function* sampleRecords(
  { files, below }: RecordFiles,
  types: ReadonlyMap<string, ColumnType>,
  most: number,
): AsyncGenerator<SampledRecord> {
  const isParts = below !== Number.POSITIVE_INFINITY
  const read = isParts ? new Map([[rowColumn, 'int64' as const], ...types]) : types
  for (const { file, before, ...rows } of await stretches(files, most)) {
    let at = before + rows.from
    try {
      for await (const values of readGroupRows({ path: file.path, ...rows }, read)) {
        const row = isParts ? Number(values.get(rowColumn)) : at
        at += 1
        if (row < below) yield { at: row, values }
      }
    } catch (error) {
      // A part that got more rows meanwhile has another file.
      if (isParts && !existsSync(file.path)) continue
      throw await damageOf(file, error)
    }
  }
}

interface Stretch extends Omit<GroupRows, 'path'> {
  file: RecordFile
  /** The position of the first record of its row group. */
  before: number
}

async function stretches(files: readonly RecordFile[], most: number): Promise<Stretch[]> {
  const groups: (Omit<Stretch, 'from' | 'to'> & { rows: number })[] = []
  let all = 0
  for (const file of spread(files, mostFiles)) {
    let before = file.first
    for (const [group, rows] of (await sizesOf(file)).entries()) {
      groups.push({ file, group, rows, before })
      before += rows
      all += rows
    }
  }
  const chosen = all <= most ? groups : spread(groups, mostGroups)
  const each = all <= most ? all : Math.ceil(most / chosen.length)
  return chosen.map(({ rows, ...group }) => ({ ...group, from: 0, to: Math.min(rows, each) }))
}

async function sizesOf(file: RecordFile): Promise<number[]> {
  try {
    return await groupSizes(file.path)
  } catch (error) {
    if (file.sha256 === null && !existsSync(file.path)) return []
    throw await damageOf(file, error)
  }
}

/** So many of a list, from its beginning to its end. */
function spread<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items]
  return Array.from(
    { length: most },
    (_, at) => items[Math.round((at * (items.length - 1)) / (most - 1))] as Item,
  )
}

/** What can't be read is looked at again as a whole: a damaged file is refused by name. */
async function damageOf({ path, sha256 }: RecordFile, cause: unknown): Promise<unknown> {
  if (sha256 !== null) {
    await verifyDatasetFile({ path, sha256 })
    return cause
  }
  return new RowsmithError('file-damaged', `${path} can't be read`, { cause, hints: partHints })
}
