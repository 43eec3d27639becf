import { resolve } from 'node:path'
import { createPermutation } from '../random/permutation.ts'
import { scoreText } from '../profile/score-counts.ts'
import { readPartFile } from '../store/part-file.ts'
import type { RunStore } from '../store/run-store.ts'

/** What a judge said of one record for one score. */
export interface Judgement {
  score: string
  reasoning: string
}

/** Rows that are looked at for each judgement wanted: some have no record, or no judgement. */
const rowsForEach = 4

/** Judgements of some columns at random: by column and score, the same for the same rows. */
export async function sampleJudgements(
  store: Pick<RunStore, 'settings' | 'directory' | 'partRecord'>,
  names: readonly string[],
  most: number,
): Promise<ReadonlyMap<string, ReadonlyMap<string, readonly Judgement[]>>> {
  const { columns } = store.settings
  const wanted = columns.flatMap((column, id) => (names.includes(column.name) ? [id] : []))
  const cells = new Map<number, readonly unknown[]>()
  const rows = sampledRows(store, most)
  for (const [part, inPart] of byPart(rows, store.settings.partRows)) {
    const file = (await store.partRecord(part))?.file ?? null
    if (file === null) continue
    const there = new Set(inPart)
    for await (const block of readPartFile(resolve(store.directory, file), columns)) {
      block.rows.forEach((row, at) => {
        if (there.has(row))
          cells.set(
            row,
            wanted.map((id) => block.columns[id]?.[at] ?? null),
          )
      })
    }
  }
  return new Map(
    wanted.map((id, position) => {
      const found = rows.flatMap((row) => {
        const cell = cells.get(row)?.[position]
        return typeof cell === 'string' ? [cell] : []
      })
      return [columns[id]?.name ?? '', byScore(found, most)]
    }),
  )
}

/** Rows in an order of chance; the first of them with judgements are taken. */
function sampledRows(
  { settings: { rows, seed } }: Pick<RunStore, 'settings'>,
  most: number,
): number[] {
  if (rows === 0) return []
  const permutation = createPermutation(seed, 'summaries of judgements', rows)
  return Array.from({ length: Math.min(rows, rowsForEach * most) }, (_, at) => permutation(at))
}

function byPart(rows: readonly number[], partRows: number): [number, number[]][] {
  const parts = Map.groupBy(rows, (row) => Math.floor(row / partRows))
  return [...parts].toSorted(([one], [other]) => one - other)
}

/** Cells as a judge's column has them: an object with a reason and a score for each name. */
function byScore(cells: readonly string[], most: number): Map<string, Judgement[]> {
  const found = new Map<string, Judgement[]>()
  for (const cell of cells) {
    const value: unknown = JSON.parse(cell)
    if (typeof value !== 'object' || value === null) continue
    for (const [name, given] of Object.entries(value)) {
      const judgement = judgementOf(given)
      if (judgement === null) continue
      const own = found.get(name) ?? []
      found.set(name, own)
      if (own.length < most) own.push(judgement)
    }
  }
  return found
}

function judgementOf(given: unknown): Judgement | null {
  if (typeof given !== 'object' || given === null || !('score' in given)) return null
  const score = scoreText(given.score)
  const reasoning = 'reasoning' in given ? given.reasoning : ''
  return score === null
    ? null
    : { score, reasoning: typeof reasoning === 'string' ? reasoning : '' }
}
