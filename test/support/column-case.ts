import type { ModelConfig, RawColumn } from '../../src/config/dataset.ts'
import { builtInRegistry } from '../../src/plugins/kind-registry.ts'
import type { Graph, GraphColumn } from '../../src/graph/graph.ts'
import type {
  BindContext,
  Corrections,
  Generator,
  RequestGenerator,
  Row,
  RowGenerator,
  SharedGenerator,
} from '../../src/graph/kind.ts'
import { noMedia } from '../../src/graph/media.ts'
import { unlistedTools } from '../../src/graph/tool-box.ts'
import { createRandom } from '../../src/random/random.ts'
import type { Value } from '../../src/util/value.ts'
import { type Case, compiled, graphOf, problemsOf } from './compile-case.ts'

const real = { registry: builtInRegistry.columns }

/** A column as the loader leaves it: common fields filled in, the rest as written. */
export function written(fields: Record<string, unknown> & { name: string }): RawColumn {
  const defaults = { drop: false, skip: null, propagate_skip: true, on_failure: 'drop' as const }
  return { ...defaults, column_type: 'expression', ...fields }
}

/** Columns that only must be there, to be referred to. */
export function inputs(...names: string[]): RawColumn[] {
  return names.map((name) => written({ name, expr: 'fixed' }))
}

export function columnProblems(columns: readonly RawColumn[], options: Case = {}): string[] {
  return problemsOf(columns, { ...real, ...options })
}

export function columnGraph(columns: readonly RawColumn[], options: Case = {}): Graph {
  return graphOf(columns, { ...real, ...options })
}

/** A graph that may come with warnings. */
export function columnGraphWithWarnings(columns: readonly RawColumn[], options: Case = {}): Graph {
  const { graph, problems } = compiled(columns, { ...real, ...options })
  if (graph === null) throw new Error(problems.map(({ message }) => message).join('\n'))
  return graph
}

export function named(graph: Graph, name: string): GraphColumn {
  const column = graph.columns[graph.byName.get(name) ?? -1]
  if (column === undefined) throw new Error(`no column ${name}`)
  return column
}

export interface Bound {
  models?: readonly ModelConfig[]
  /** Cells of the seed, by row and column. */
  seed?: readonly Readonly<Record<string, Value>>[]
  runSeed?: bigint
  corrections?: Corrections
}

/** A column's generator, bound as a run binds it. */
function bind(graph: Graph, name: string, options: Bound): Generator {
  const { models = [], seed, runSeed = 1n } = options
  const { corrections = { steps: 1, restarts: 5 } } = options
  const column = named(graph, name)
  const readable = new Set(column.upstream)
  const context: BindContext = {
    columnId(other) {
      const id = graph.byName.get(other)
      if (id === undefined || !readable.has(id)) throw new Error(`${name} does not read ${other}`)
      return id
    },
    columns: new Map(),
    onClose: () => undefined,
    output: column.type,
    directory: '',
    columnType: (id) => (graph.columns[id] as GraphColumn).type,
    refersTo: (other) => readable.has(graph.byName.get(other) ?? -1),
    model(alias) {
      const model = models.find((one) => one.alias === alias)
      if (model === undefined) throw new Error(`no model ${alias}`)
      return model
    },
    tools: () => unlistedTools,
    random: (stream = name) => createRandom(runSeed, stream),
    media: noMedia('a test'),
    download: () => Promise.reject(new Error('a test downloads nothing')),
    corrections,
    seed: seed === undefined ? null : { value: (row, other) => seed[row]?.[other] ?? null },
  }
  return column.kind.bind(column.config, context, column.loaded)
}

export function bindRow(graph: Graph, name: string, options: Bound = {}): RowGenerator {
  const generator = bind(graph, name, options)
  if (generator.by !== 'row') throw new Error(`${name} has a generator by ${generator.by}`)
  return generator
}

export function bindRequest(graph: Graph, name: string, options: Bound = {}): RequestGenerator {
  const generator = bind(graph, name, options)
  if (generator.by !== 'cell' || generator.requests !== 'one') {
    throw new Error(`${name} has no generator of one request`)
  }
  return generator
}

export function bindShared(graph: Graph, name: string, options: Bound = {}): SharedGenerator {
  const generator = bind(graph, name, options)
  if (generator.by !== 'cell' || generator.requests !== 'shared') {
    throw new Error(`${name} has no generator of shared requests`)
  }
  return generator
}

/** A row with the given cells; reading any other is an error. */
export function rowOf(graph: Graph, cells: Readonly<Record<string, Value>>, index = 0): Row {
  return {
    index,
    get(column) {
      const name = graph.columns[column]?.name ?? ''
      const value = cells[name]
      if (value === undefined) throw new Error(`row has no cell ${name}`)
      return value
    },
  }
}
