import type { StoredUsage } from '../store/usage-files.ts'
import type { RequestEvent } from './run-event.ts'

/** What a column used in some rows. */
export type ColumnSample = StoredUsage
/** What its cells used in one row. */
export type RowUse = StoredUsage['uses'][number]
/** What its requests used at one alias. */
export type AliasUse = StoredUsage['aliases'][number]

export interface UsageSampler {
  note(event: RequestEvent): void
  /** What the rows 0 to `rows` used; `known` are rows of a column whose cells were there before. */
  sampleOf(
    column: string,
    options: { rows: number; known: ReadonlySet<number>; isShared: boolean },
  ): ColumnSample
}

interface ColumnUse {
  byRow: Map<number, RowUse>
  /** By alias and model: an alias with a pool has several. */
  aliases: Map<string, AliasUse>
  cached: Set<number>
}

/** Adds up what requests used, by column and row: what a run of more rows is estimated by. */
export function createUsageSampler(): UsageSampler {
  const columns = new Map<string, ColumnUse>()

  function useOf(column: string): ColumnUse {
    let use = columns.get(column)
    if (use === undefined) {
      use = { byRow: new Map(), aliases: new Map(), cached: new Set() }
      columns.set(column, use)
    }
    return use
  }

  return {
    note(event) {
      if (event.type === 'request-sent' || event.column === null) return
      const { byRow, aliases, cached } = useOf(event.column)
      if (event.type === 'request-cached') {
        cached.add(event.row)
        return
      }
      const { alias, model, row, inputTokens, outputTokens, images, cost } = event
      const use = byRow.get(row) ?? noUse()
      add(use, { requests: 1, inputTokens, outputTokens, cost: cost ?? 0 })
      byRow.set(row, use)
      const place = `${alias} ${model}`
      const ofAlias = aliases.get(place) ?? noAliasUse(alias, model)
      const isAnswer = event.type === 'request-answered'
      const isPaid = inputTokens + outputTokens + images > 0
      ofAlias.requests += 1
      ofAlias.answers += isAnswer ? 1 : 0
      ofAlias.unpriced += isAnswer && isPaid && cost === null ? 1 : 0
      ofAlias.tokens += inputTokens + outputTokens
      ofAlias.ms += event.ms
      aliases.set(place, ofAlias)
    },
    sampleOf(column, { rows: count, known, isShared }) {
      const { byRow, aliases, cached } = useOf(column)
      const rows = [...Array(count).keys()].filter((row) => !known.has(row) && !cached.has(row))
      const sample = { rows: rows.length, which: rows.join(' '), aliases: [...aliases.values()] }
      // No one knows which of the rows that share a request used how much of it.
      if (isShared) return { ...sample, isMean: true, uses: [meanOf(byRow.values(), rows.length)] }
      return { ...sample, isMean: false, uses: rows.map((row) => byRow.get(row) ?? noUse()) }
    },
  }
}

/** What a preview used at the prices of a run whose models ask for a share of them, as in batches. */
export function atShares(
  sample: ColumnSample,
  shareOf: (alias: string, model: string) => number,
): ColumnSample {
  let tokens = 0
  let paid = 0
  for (const { alias, model, tokens: own } of sample.aliases) {
    tokens += own
    paid += own * shareOf(alias, model)
  }
  const share = tokens === 0 ? 1 : paid / tokens
  if (share === 1) return sample
  return { ...sample, uses: sample.uses.map((use) => ({ ...use, cost: use.cost * share })) }
}

function noUse(): RowUse {
  return { requests: 0, inputTokens: 0, outputTokens: 0, cost: 0 }
}

function noAliasUse(alias: string, model: string): AliasUse {
  return { alias, model, requests: 0, answers: 0, unpriced: 0, tokens: 0, ms: 0 }
}

function meanOf(uses: Iterable<RowUse>, rows: number): RowUse {
  const sum = noUse()
  for (const use of uses) add(sum, use)
  return usePerRow(sum, rows)
}

function usePerRow(sum: RowUse, rows: number): RowUse {
  return {
    requests: sum.requests / rows,
    inputTokens: sum.inputTokens / rows,
    outputTokens: sum.outputTokens / rows,
    cost: sum.cost / rows,
  }
}

function add(sum: RowUse, use: RowUse): void {
  sum.requests += use.requests
  sum.inputTokens += use.inputTokens
  sum.outputTokens += use.outputTokens
  sum.cost += use.cost
}
