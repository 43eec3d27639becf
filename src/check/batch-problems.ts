import type { Problem } from '../config/problem.ts'
import type { ResolvedDataset } from '../config/resolve-dataset.ts'
import type { Graph } from '../graph/graph.ts'

/** What of a dataset keeps its models from having `mode: batch`. */
export function batchProblems(
  { models }: Pick<ResolvedDataset, 'models'>,
  { columns }: Graph,
): Problem[] {
  // Answers of a batch come for some rows, and another day for others.
  const frames = columns.find(({ by }) => by === 'column')
  if (frames === undefined) return []
  return models.flatMap(({ alias, mode }, index) => {
    const isAsked = columns.some(({ routes }) => routes.some(({ name }) => name === alias))
    if (mode !== 'batch' || !isAsked) return []
    return [
      {
        level: 'error' as const,
        code: 'unsupported',
        path: ['model_configs', index, 'mode'],
        message: `Model "${alias}" can't have mode: batch here: column ${frames.name} is made from many rows at once, and would wait for the last batch.`,
        suggestion: `Leave mode out for this model, or make column ${frames.name} row by row.`,
      },
    ]
  })
}
