import { createHash } from 'node:crypto'
import { coerce } from '../graph/coerce.ts'
import { CellFailure } from '../graph/failure.ts'
import { textOf } from '../graph/fingerprint.ts'
import type { Graph, GraphProcessor } from '../graph/graph.ts'
import { isBeside, orderOf } from '../graph/parse-processors.ts'
import type {
  ProcessContext,
  RecordBatch,
  RecordColumn,
  RunningKind,
} from '../graph/processor-kind.ts'
import { failureAt } from '../graph/plugin-failure.ts'
import { createPermutation } from '../random/permutation.ts'
import { createRandom } from '../random/random.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import type { PassCounts } from './pass-counts.ts'

/** What is done to the records of the parts on their way into a dataset. */
export interface DatasetPass {
  /**
   * Titles of the processors and a hash. Another one makes other records: the dataset is then made
   * again from the parts.
   */
  readonly identity: string
  /** The columns of the dataset. */
  readonly columns: readonly RecordColumn[]
  /** The columns of the records it reads, which are all that parts have. */
  readonly input: readonly RecordColumn[]
  /** Reads the records from their beginning as often as its processors do. */
  run(records: AsyncIterable<RecordBatch>, means: PassMeans): AsyncIterable<RecordBatch>
}

/** What a pass uses of its surroundings. */
interface PassMeans {
  readonly warn: (message: string) => void
  /** An empty folder, another one each time. */
  readonly scratch: () => Promise<string>
  readonly counts: PassCounts
}

export interface DatasetPasses {
  /** Null where nothing is done but leaving columns out: the files of parts are joined as they are. */
  readonly own: DatasetPass | null
  /** Datasets of their own, by name. */
  readonly beside: ReadonlyMap<string, DatasetPass>
  /** What decides which records a selection counts; null where those of all rows count. */
  readonly counted: DatasetPass | null
}

/** Different ones of a processor. */
const MOST_WARNINGS = 20

/** The passes over the records of a graph's rows. */
export function passesOf(
  { processors, output }: Pick<Graph, 'processors' | 'output'>,
  runSeed: bigint,
): DatasetPasses {
  const input = processors[0]?.input ?? output
  const before: GraphProcessor[] = []
  const beside = new Map<string, DatasetPass>()
  for (const step of processors) {
    if (!isBeside(step.kind)) before.push(step)
    else beside.set(step.title, passOf([...before, step], input, step.output, runSeed))
  }
  const last = before.findLastIndex(({ kind }) => orderOf(kind) === 'leaves-out')
  const counted = before.slice(0, last + 1)
  const isJoined = before.every(({ kind }) => kind.keepsRecords === true)
  return {
    own: isJoined ? null : passOf(before, input, output, runSeed),
    beside,
    counted: last < 0 ? null : passOf(counted, input, [], runSeed),
  }
}

function passOf(
  steps: readonly GraphProcessor[],
  input: readonly RecordColumn[],
  columns: readonly RecordColumn[],
  runSeed: bigint,
): DatasetPass {
  const titles = steps.filter(({ kind }) => kind.keepsRecords !== true).map(({ title }) => title)
  const material = textOf({
    steps: steps.map(({ kind, config, origin }) => ({
      config,
      ...(origin === null || kind.keepsRecords === true ? {} : { plugin: origin }),
      identity: kind.keepsRecords === true ? null : (kind.identity?.(config) ?? null),
    })),
    columns: columns.map(({ name, type }) => [name, type]),
  })
  const digest = createHash('sha256').update(material).digest('hex')
  return {
    identity: `${titles.join(', ')} ${digest}`,
    columns,
    input,
    run(records, { warn, scratch, counts }) {
      let stream = records
      let at = input
      for (const step of steps) {
        const { kind, title, output } = step
        if (kind.keepsRecords === true) {
          stream = projected(stream, at, output)
        } else {
          const counter = counts.of(title)
          const told = new Set<string>()
          const context: ProcessContext = {
            columns: at,
            random: createRandom(runSeed, `processor/${title}`),
            permutation: (size, name = '') =>
              createPermutation(runSeed, `processor/${title}/${name}`, size),
            warn(message) {
              // Where it happened differs from record to record.
              const what = message.replaceAll(/\d+/g, '')
              if (told.has(what) || told.size >= MOST_WARNINGS) return
              told.add(what)
              warn(`Processor '${title}': ${message}`)
            },
            count: counter.add,
            scratch,
          }
          const before = stream
          stream = rereadable(() => {
            // What was counted while the records were read before would count twice.
            counter.reset()
            return checked(step, kind, before, context)
          })
        }
        at = output
      }
      return projected(stream, at, columns)
    },
  }
}

/** Every loop over it begins anew. */
export function rereadable<Item>(begin: () => AsyncIterable<Item>): AsyncIterable<Item> {
  return { [Symbol.asyncIterator]: () => begin()[Symbol.asyncIterator]() }
}

/** Some of the columns, by name. */
function projected(
  records: AsyncIterable<RecordBatch>,
  from: readonly RecordColumn[],
  to: readonly RecordColumn[],
): AsyncIterable<RecordBatch> {
  const positions = to.map(({ name }) => from.findIndex((column) => column.name === name))
  return rereadable(async function* projecting() {
    for await (const { rows, columns } of records) {
      yield { rows, columns: positions.map((position) => columns[position] ?? []) }
    }
  })
}

/** What a processor gives has its columns, of the types it said. */
async function* checked(
  { title, config, output }: GraphProcessor,
  kind: RunningKind,
  records: AsyncIterable<RecordBatch>,
  context: ProcessContext,
): AsyncGenerator<RecordBatch> {
  try {
    for await (const { rows, columns } of kind.run(config, records, context)) {
      if (columns.length !== output.length) {
        throw new Error(`it gave ${columns.length} columns, and ${output.length} were expected`)
      }
      const typed = output.map(({ name, type }, position) => {
        const values = columns[position] ?? []
        if (values.length !== rows.length) {
          throw new Error(`it gave ${values.length} values of '${name}' for ${rows.length} records`)
        }
        return values.map((value, at) => {
          try {
            return coerce(value, type)
          } catch (error) {
            if (!(error instanceof CellFailure)) throw error
            throw new Error(`its '${name}' of row ${rows[at]}: ${error.message}`, { cause: error })
          }
        })
      })
      yield { rows, columns: typed }
    }
  } catch (error) {
    const hints = [
      'All rows are in the run folder: mend the processor and run the same command again.',
    ]
    const placed = failureAt(error, `processor '${title}'`, hints)
    if (placed instanceof RowsmithError) throw placed
    throw new RowsmithError('processor-failed', `processor '${title}': ${messageOf(placed)}`, {
      cause: error,
      hints,
    })
  }
}
