import type { RawColumn } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { KindTable } from '../graph/draft.ts'
import { type Loaded, type LoadContext, LoadFault } from '../graph/kind.ts'
import { PluginFailure, pluginProblem } from '../graph/plugin-failure.ts'
import { messageOf } from '../util/errors.ts'

export interface LoadedColumns {
  /** By name, of the columns whose kind loads and could. */
  loaded: ReadonlyMap<string, Loaded>
  problems: readonly Problem[]
}

/**
 * Lets the kinds that load read what they need, all columns at once.
 *
 * Columns that are wrong are omitted: what is wrong with them is reported when they are compiled.
 */
export async function loadColumns(
  columns: readonly RawColumn[],
  kinds: KindTable,
  context: LoadContext,
): Promise<LoadedColumns> {
  const loaded = new Map<string, Loaded>()
  const problems = await Promise.all(
    columns.map(async (column, index) => {
      const kind = kinds.columns.get(column.column_type)
      if (kind?.load === undefined) return []
      const parsed = kind.schema.safeParse(column)
      if (!parsed.success || kind.loads?.(parsed.data) === false) return []
      try {
        loaded.set(column.name, await kind.load(parsed.data, context))
        return []
      } catch (error) {
        context.signal.throwIfAborted()
        return [problemOf(error, column.name, ['columns', index])]
      }
    }),
  )
  return { loaded, problems: problems.flat() }
}

function problemOf(error: unknown, name: string, path: ConfigPath): Problem {
  if (error instanceof PluginFailure) return pluginProblem(error, path, `column '${name}'`)
  const { code, field, suggestion } = error instanceof LoadFault ? error : unexpected
  return {
    level: 'error',
    code,
    path: field === null ? path : [...path, field],
    message: `Column '${name}' can't be loaded: ${messageOf(error)}`,
    ...(suggestion === null ? {} : { suggestion }),
  }
}

const unexpected = { code: 'column-not-loaded', field: null, suggestion: null }
