import type { ColumnConfig, ModelConfig } from '../config/dataset.ts'
import { defaultRunConfig, type RunConfig } from '../config/run-config.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { BindContext, Corrections, Generator, SeedWindow } from '../graph/kind.ts'
import { columnText } from '../graph/filter-name.ts'
import { type MediaStore, noMedia } from '../graph/media.ts'
import { failureAt } from '../graph/plugin-failure.ts'
import { type ToolBox, unlistedTools } from '../graph/tool-box.ts'
import { createRandom } from '../random/random.ts'

export interface BindOptions {
  graph: Graph
  runSeed: bigint
  models: readonly ModelConfig[]
  seed: SeedWindow | null
  /** Left out where nothing is kept. */
  media?: MediaStore
  /** The tools of an alias; omitted where no server is asked. */
  tools?: (alias: string) => ToolBox
  /** Takes what is to be closed when the run has ended; omitted where nothing is opened. */
  onClose?: (close: () => Promise<void>) => void
  /** Left out where nothing is to be downloaded. */
  download?: BindContext['download']
  /** The folder of the config; the working directory by default. */
  directory?: string | null
  /** Of the run config; its defaults by default. */
  corrections?: Corrections
}

/** The corrections that a run config asks for. */
export function correctionsOf(runConfig: RunConfig): Corrections {
  return {
    steps: runConfig.max_conversation_correction_steps,
    restarts: runConfig.max_conversation_restarts,
  }
}

/** The generators of a graph, by column id; null for side columns, which their producer fills. */
export function bindGenerators(options: BindOptions): (Generator | null)[] {
  const columns = new Map(
    options.graph.columns
      .filter(({ producer }) => producer === null)
      .map(({ name, config }) => [name, config]),
  )
  return options.graph.columns.map((column) => {
    if (column.producer !== null) return null
    try {
      return column.kind.bind(column.config, contextOf(column, columns, options), column.loaded)
    } catch (error) {
      throw failureAt(error, columnText(column))
    }
  })
}

function contextOf(
  column: GraphColumn,
  columns: ReadonlyMap<string, ColumnConfig>,
  {
    graph,
    runSeed,
    models,
    seed,
    corrections,
    tools = () => unlistedTools,
    directory,
    onClose = () => undefined,
    media = noMedia('the config is only checked'),
    download = downloadNothing,
  }: BindOptions,
): BindContext {
  const upstream = new Set(column.upstream)
  return {
    columnId(name) {
      const id = graph.byName.get(name)
      if (id === undefined || !upstream.has(id)) {
        throw new Error(`column ${column.name} reads ${name} without having declared it`)
      }
      return id
    },
    columns,
    columnType: (id) => (graph.columns[id] as GraphColumn).type,
    output: column.type,
    directory: directory ?? '',
    onClose,
    refersTo(name) {
      const id = graph.byName.get(name)
      return id !== undefined && upstream.has(id)
    },
    model(alias) {
      const model = models.findLast((candidate) => candidate.alias === alias)
      if (model === undefined || column.routes.every(({ name }) => name !== alias)) {
        throw new Error(`column ${column.name} asks for the model ${alias} without a route to it`)
      }
      return model
    },
    tools(alias) {
      if (column.tools.includes(alias)) return tools(alias)
      throw new Error(
        `column ${column.name} asks for the tools ${alias} without having declared it`,
      )
    },
    random: (stream = column.name) => createRandom(runSeed, stream),
    download,
    corrections: corrections ?? correctionsOf(defaultRunConfig),
    seed,
    media: column.pure ? noMedia(`column ${column.name} is declared pure`) : media,
  }
}

function downloadNothing(): Promise<never> {
  return Promise.reject(new Error('nothing is downloaded while a config is only checked'))
}
