import { unread } from '../config/columns.ts'
import type { RawColumn } from '../config/dataset.ts'
import type { Problem } from '../config/problem.ts'
import { compile, type Compiled } from '../graph/compile.ts'
import type { CompileInput } from '../graph/draft.ts'
import type { Graph } from '../graph/graph.ts'

/**
 * The graph of those columns of a config with which nothing is wrong and that read no wrong one,
 * so that they can be looked at further. Null when there is none.
 */
export function soundPart(
  input: CompileInput,
  { graph, problems }: Compiled,
  found: readonly Problem[],
): Graph | null {
  if (graph !== null) return graph
  const wrong = brokenParts('constraints', [...found, ...problems])
  /** Bounds with which nothing is wrong, between columns that are left. */
  const bounds = (names: ReadonlySet<string>) =>
    input.dataset.constraints.filter(
      (bound, index) =>
        bound !== null &&
        !wrong.has(index) &&
        names.has(bound.target_column) &&
        (typeof bound.rhs === 'number' || names.has(bound.rhs)),
    )
  let columns = without(input.dataset.columns, [...found, ...problems])
  while (columns.length > 0) {
    const names = new Set(columns.map(({ name }) => name))
    const whole = {
      processors: [],
      profilers: [],
      agreement: [],
      select: null,
      constraints: bounds(names),
    }
    const dataset = { ...input.dataset, columns: columns.map(kept), ...whole }
    const compiled = compile({ ...input, dataset })
    if (compiled.graph !== null) return compiled.graph
    const left = without(columns, compiled.problems)
    if (left.length === columns.length) return null
    columns = left
  }
  return null
}

/** The columns that no error is about. */
function without(columns: readonly RawColumn[], problems: readonly Problem[]): RawColumn[] {
  const broken = brokenParts('columns', problems)
  return columns.filter(
    ({ name, column_type: type }, index) =>
      !broken.has(index) && name !== unread && type !== unread,
  )
}

function brokenParts(part: string, problems: readonly Problem[]): Set<unknown> {
  return new Set(
    problems
      .filter(({ level, path }) => level === 'error' && path[0] === part)
      .map(({ path }) => path[1]),
  )
}

/** What is dropped in the end plays no part here. */
function kept(column: RawColumn): RawColumn {
  return Object.assign(Object.create(null), column, { drop: false })
}
