import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { loadDataset } from '../config/load.ts'
import { formatProblems } from '../config/format-problems.ts'
import { resolveDataset, type ResolvedDataset } from '../config/resolve-dataset.ts'
import { compileDataset, type CompiledDataset } from '../check/prepare.ts'
import type { SeedSchema } from '../graph/draft.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { Generator, Row, RowGenerator, SeedWindow } from '../graph/kind.ts'
import { coerce } from '../graph/coerce.ts'
import type { Plugin } from '../plugins/plugin.ts'
import { builtIn } from '../plugins/built-in.ts'
import { createRegistry } from '../plugins/kind-registry.ts'
import { bindGenerators } from '../rows/bind.ts'
import { BlockRow, createBlock } from '../rows/block.ts'
import { createEvaluator } from '../rows/evaluate.ts'
import type { Cell, Value } from '../util/value.ts'
import { checkDescribed } from './conformance-case.ts'

/** A column kind under test: its config, its inputs and what it needs. */
export interface ColumnSetup {
  /** The plugins that bring the kind, where it is not built in. */
  plugins?: readonly Plugin[]
  /** A column of the kind, as a config has it, with nothing wrong. */
  column: { readonly name: string; readonly column_type: string } & Readonly<
    Record<string, unknown>
  >
  /** What else the config has: the columns it reads, `model_configs`. */
  config?: { readonly columns?: readonly object[] } & Readonly<Record<string, unknown>>
  seed?: { schema: SeedSchema; rows: readonly Readonly<Record<string, Value>>[] }
  /** Where the kind loads from. */
  directory?: string
}

const rows = 20

/** What every column kind must do, by its name in the suite. */
export function columnCases(setup: ColumnSetup): Readonly<Record<string, () => unknown>> {
  const { column } = setup
  const registry = createRegistry([builtIn, ...(setup.plugins ?? [])])
  const kind = registry.columns.get(column.column_type)
  if (kind === undefined) throw new Error(`no plugin brings the kind '${column.column_type}'`)
  const { schema } = kind

  return {
    'describes its fields, for editors'() {
      // Those of kinds that are made of others are described by these.
      if (['sampler', 'validation'].includes(column.column_type)) return undefined
      return checkDescribed(schema, `the kind ${kind.type}`)
    },

    'refuses a field it does not know'() {
      const { success } = schema.safeParse({ ...common, ...column, no_such_field: 1 })
      ok(!success, 'its schema must be a strict object of commonFields and its own')
    },

    'takes the fields every column has'() {
      const parsed = schema.parse({ ...common, ...column, drop: true, on_failure: 'null' })
      deepStrictEqual([parsed.drop, parsed.on_failure, parsed.skip], [true, 'null', null])
      strictEqual(parsed.name, column.name)
    },

    async 'compiles without a problem, and twice to the same'() {
      const [one, other] = [await compile(setup), await compile(setup)]
      const [a, b] = [find(one.graph, column.name), find(other.graph, column.name)]
      strictEqual(a.fingerprint, b.fingerprint)
      deepStrictEqual([a.by, a.pure, a.type, a.routes], [b.by, b.pure, b.type, b.routes])
    },

    async 'binds to its description'() {
      const { graph, generators } = await bound(setup)
      const { id, by, requests } = find(graph, column.name)
      const generator = generators[id]
      strictEqual(generator?.by, by)
      if (generator.by === 'cell') strictEqual(generator.requests, requests)
    },

    async 'reads only the columns it declares, and makes the same cell in any order'() {
      const { graph, dataset, generators } = await bound(setup)
      const own = find(graph, column.name)
      const generator = generators[own.id]
      if (generator === undefined || generator === null) throw new Error('it binds to nothing')
      const table = upstreamRows(graph, generators, own)
      const make = (order: readonly number[]): Map<number, Cell | object> =>
        new Map(order.map((index) => [index, cellOf(generator, table(index), own)]))
      const all = Array.from({ length: rows }, (_, index) => index)
      const forward = make(all)
      deepStrictEqual(
        [...make(all.toReversed())].toReversed(),
        [...forward],
        'the same row gave another cell',
      )
      const again = bind(graph, dataset, setup)[own.id] ?? generator
      deepStrictEqual(cellOf(again, table(7), own), forward.get(7), 'bound again, it differs')
    },
  }
}

const common = { drop: false, skip: null, propagate_skip: true, on_failure: 'drop' }

async function compile(
  setup: ColumnSetup,
): Promise<CompiledDataset & { graph: Graph; dataset: ResolvedDataset }> {
  const { column, config = {}, seed, plugins = [], directory = null } = setup
  const text = JSON.stringify({ ...config, columns: [...(config.columns ?? []), column] })
  const loaded = loadDataset(text, { file: '(conformance)' })
  if (loaded.config === null) throw new Error(formatProblems(loaded.problems))
  const dataset = resolveDataset(loaded.config)
  const compiled = await compileDataset(dataset, {
    seed: seed?.schema ?? null,
    registry: createRegistry([builtIn, ...plugins]),
    source: { directory },
    signal: new AbortController().signal,
  })
  const { graph, problems } = compiled
  if (graph === null || problems.length > 0) throw new Error(formatProblems(problems))
  return { ...compiled, graph, dataset }
}

type Generators = readonly (Generator | null)[]

async function bound(
  setup: ColumnSetup,
): Promise<{ graph: Graph; dataset: ResolvedDataset; generators: Generators }> {
  const { graph, dataset } = await compile(setup)
  return { graph, dataset, generators: bind(graph, dataset, setup) }
}

function bind(graph: Graph, { models }: ResolvedDataset, { seed }: ColumnSetup): Generators {
  const window: SeedWindow | null =
    seed === undefined
      ? null
      : { value: (row, name) => seed.rows[row % seed.rows.length]?.[name] ?? null }
  return bindGenerators({ graph, runSeed: 1n, models, seed: window })
}

function find(graph: Graph, name: string): GraphColumn {
  const column = graph.columns[graph.byName.get(name) ?? -1]
  if (column === undefined) throw new Error(`there is no column '${name}'`)
  return column
}

/** Rows in which the columns a column reads are made; any other can't be read. */
function upstreamRows(
  graph: Graph,
  generators: Generators,
  own: GraphColumn,
): (index: number) => Row {
  const evaluator = createEvaluator({ graph, onConditionError: () => undefined })
  const block = createBlock(graph, rows, (offset) => offset)
  for (const column of graph.columns) {
    const generator = generators[column.id]
    // What a column reads comes before it.
    if (column.id >= own.id || generator?.by !== 'row') continue
    for (let offset = 0; offset < rows; offset += 1) {
      const failure = evaluator.row(column, generator, new BlockRow(block, offset))
      if (failure !== null) throw failure
    }
  }
  return (index) => {
    const row = new BlockRow(block, index)
    return {
      index,
      get(id) {
        if (own.upstream.includes(id)) return row.get(id)
        throw new Error(`it reads column ${id} without having declared it`)
      },
    }
  }
}

/** A cell of its type, or what is asked for one. */
function cellOf(generator: Generator, row: Row, column: GraphColumn): Cell | object {
  if (generator.by === 'row') return valueOf(generator, row, column)
  if (generator.by === 'cell' && generator.requests === 'one') {
    const request = generator.prepare(row)
    strictEqual(request.operation, column.routes[0]?.operation)
    return request
  }
  if (generator.by === 'cell' && generator.requests === 'shared') {
    const request = generator.prepare([row])
    strictEqual(request.operation, column.routes[0]?.operation)
    return request
  }
  // A function may ask for anything, and a frame answers for all of its rows.
  return { by: generator.by }
}

function valueOf(generator: RowGenerator, row: Row, { type }: GraphColumn): Cell {
  return coerce(generator.generate(row), type)
}
