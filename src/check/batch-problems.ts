import type { Problem } from '../config/problem.ts'
import type { ResolvedDataset } from '../config/resolve-dataset.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'

/** What of a dataset keeps its models from having `mode: batch`. */
export function batchProblems(
  { models, providers, select }: Pick<ResolvedDataset, 'models' | 'providers' | 'select'>,
  graph: Graph,
): Problem[] {
  return models.flatMap(({ alias, mode, pool, provider }, index) => {
    const asking = graph.columns.filter(({ routes }) => routes.some(({ name }) => name === alias))
    if (mode !== 'batch' || asking.length === 0) return []
    const path = ['model_configs', index, 'mode']
    const whole = wholeProblem(graph, select !== null)
    const why = [
      ...(whole === null ? [] : [whole]),
      ...(pool === undefined && !hasKeys(providers, provider)
        ? []
        : ['it may go to several places, and a batch is sent to one']),
      ...asking.flatMap((column) => columnProblem(column, alias) ?? []),
    ]
    return why.map((message) => ({
      level: 'error' as const,
      code: 'unsupported',
      path,
      message: `Model "${alias}" can't have mode: batch here: ${message}.`,
      suggestion:
        'Remove mode from this model, or use another model for the column that needs answers at once.',
    }))
  })
}

/** Whether a provider has several keys: each is a separate place. */
function hasKeys(providers: ResolvedDataset['providers'], name: string): boolean {
  const keys = providers.findLast((provider) => provider.name === name)?.api_keys ?? []
  return keys.length > 1
}

/** Answers of a batch come for some rows, and another day for others. */
function wholeProblem({ columns }: Graph, selects: boolean): string | null {
  if (selects)
    return 'select makes rows until enough are accepted, and asks again with every answer'
  const frames = columns.find(({ by }) => by === 'column')
  if (frames === undefined) return null
  return `column ${frames.name} is made from many rows at once, and would wait for the last batch`
}

function columnProblem({ name, kind, tools, routes }: GraphColumn, alias: string): string | null {
  if (kind.type === 'custom') {
    return `the function of column ${name} would run again for each answer, and might send another request then`
  }
  if (tools.length > 0)
    return `column ${name} gives it tools, and each call would be a separate batch`
  const shared = routes.find((route) => route.name === alias && route.requests === 'shared')
  return shared === undefined ? null : `a request of column ${name} is of several rows`
}
