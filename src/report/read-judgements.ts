import type { Graph } from '../graph/graph.ts'
import { agreementIn, judgedScore, type Judgements } from '../profile/judgements.ts'
import { createScoreMerger } from '../profile/part-profile.ts'
import { comparedColumns } from '../store/compared-columns.ts'
import { readProfiles } from '../store/profiles.ts'
import type { RunSettings } from '../store/run-settings.ts'

/** What judges said of the records so far, and how far they agree. */
export async function judgementsOf(
  directory: string,
  settings: RunSettings,
  graph: Graph,
): Promise<Judgements> {
  const compared = comparedColumns(settings)
  if (compared.length === 0) return { judges: [], agreement: [] }
  const merger = createScoreMerger()
  for await (const { profile } of readProfiles(directory, settings, compared)) merger.add(profile)
  const scores = new Map(merger.stored())
  const byNames = new Map(
    compared.map(({ id, columns }) => [
      namesKey(columns.map(({ position }) => settings.columns[position]?.name ?? '')),
      scores.get(id) ?? null,
    ]),
  )
  const judges = graph.order.flatMap((id) => {
    const column = graph.columns[id]
    if (column === undefined) return []
    const own = byNames.get(namesKey([column.name])) ?? null
    return column.scores.map((score) => judgedScore(column.name, score, own))
  })
  const agreement = graph.agreements.map((one) =>
    agreementIn(one, byNames.get(namesKey(one.columns)) ?? null),
  )
  return { judges, agreement }
}

function namesKey(names: readonly string[]): string {
  return JSON.stringify(names)
}
