import type { Problem } from '../config/problem.ts'
import { withPositions } from '../config/problems.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import { CellFailure } from '../graph/failure.ts'
import type { SeedWindow } from '../graph/kind.ts'
import type { ModelRequest } from '../graph/request.ts'
import { seedColumnType } from '../graph/parse-columns.ts'
import { BlockRow, cellStatus, createBlock, statusOf } from '../rows/block.ts'
import { firstRequest } from '../rows/first-request.ts'
import { createEvaluator } from '../rows/evaluate.ts'
import type { SeedRow } from '../seeds/define.ts'
import type { InspectedSeed } from '../seeds/inspect-seed.ts'
import { joinRows, rowsOfRecord } from '../seeds/rows-of-record.ts'
import { createSeedOrder } from '../seeds/seed-order.ts'
import { systemClock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Value } from '../util/value.ts'
import { bindGenerators } from '../rows/bind.ts'
import { hasErrors } from '../check/config-error.ts'
import { compileDataset, lookAtSeed } from '../check/prepare.ts'
import type { DataRow } from './render-rows.ts'
import type { ColumnOfConfig } from './template-parts.ts'

/** What a column reads in a row, as far as it can be made without a model. */
export interface SampledRow {
  values: DataRow
  /** Columns upstream that are not made here, and why. */
  unmade: ReadonlyMap<string, string>
  problems: readonly Problem[]
  /** What a column without templates asks a model first; null where that is not known. */
  request: ModelRequest | null
}

export interface SampleOptions {
  row: number
  seed: bigint
  signal: AbortSignal
}

/** Makes the row a column of a config would see in a run with this seed. */
export async function sampleRow(
  { source, dataset, registry, locate, name }: ColumnOfConfig,
  { row, seed: runSeed, signal }: SampleOptions,
): Promise<SampledRow> {
  const look = await lookAtSeed(dataset.seedConfig, registry, {
    source,
    stored: null,
    signal,
    clock: systemClock,
    environment: process.env,
  })
  const { inspected } = look
  await using opened = new AsyncDisposableStack()
  opened.defer(() => inspected?.seed.close?.())
  const { graph, problems: found } = await compileDataset(dataset, {
    seed: look.schema,
    registry,
    source,
    signal,
  })
  const compiled = look.unread ? found.filter(({ code }) => code !== 'unknown-reference') : found
  const problems = withPositions([...look.problems, ...compiled], source.file, locate)
  const nothing = {
    values: new Map<string, Value>(),
    unmade: new Map<string, string>(),
    request: null,
  }
  if (graph === null || hasErrors(problems)) {
    return { ...nothing, problems: problems.filter(({ level }) => level === 'error') }
  }

  const own = graph.columns.find((column) => column.name === name)
  const upstream = own === undefined ? [] : upstreamOf(graph, own)
  const readsSeed = upstream.some(({ kind }) => kind.type === seedColumnType)
  const { seedConfig } = dataset
  const seed =
    inspected !== null && seedConfig !== null && readsSeed
      ? await seedRowOf(
          inspected,
          rowsOfRecord(
            createSeedOrder(seedConfig.sampling_strategy, inspected.selection, runSeed),
            row,
            seedConfig.rows_per_record,
          ),
          signal,
        )
      : null
  const generators = bindGenerators({
    graph,
    runSeed,
    models: dataset.models,
    seed,
    directory: source.directory,
  })
  const evaluator = createEvaluator({ graph, onConditionError: () => {} })
  const block = createBlock(graph, 1, () => row)
  const at = new BlockRow(block, 0)
  const isMade = (id: number): boolean => statusOf(block, id, 0) !== cellStatus.pending

  for (const column of upstream) {
    const generator = generators[column.id]
    if (!readBy(graph, column).every(isMade) || isMade(column.id)) continue
    // A skipped column has its value without a model.
    if (generator === null || evaluator.skip(column, block, 0)) continue
    if (generator?.by !== 'row') continue
    const failure = evaluator.row(column, generator, at)
    if (failure === null) continue
    const problem = problemOf(column.name, failure)
    return { ...nothing, problems: withPositions([problem], source.file, locate) }
  }

  function problemOf(of: string, { code, message }: CellFailure): Problem {
    return {
      level: 'error',
      code,
      path: ['columns', dataset.columns.findIndex((other) => other.name === of)],
      message: `Column '${of}' can't be made in row ${row}: ${message}`,
    }
  }

  const first =
    own !== undefined && own.kind.templates === undefined && readBy(graph, own).every(isMade)
      ? await firstRequest(generators[own.id] ?? null, at, { clock: systemClock, longestMs: 1_000 })
      : null
  if (first instanceof CellFailure) {
    return { ...nothing, problems: withPositions([problemOf(name, first)], source.file, locate) }
  }
  return {
    request: first,
    values: new Map(
      upstream.filter(({ id }) => isMade(id)).map(({ id, name: key }) => [key, at.get(id)]),
    ),
    unmade: new Map(
      upstream.filter(({ id }) => !isMade(id)).map((column) => [column.name, whyUnmade(column)]),
    ),
    problems: [],
  }
}

function whyUnmade({ by, kind }: GraphColumn): string {
  return by === 'row'
    ? 'which depends on a column that only a run makes'
    : `a column of kind ${kind.type}, which only a run makes`
}

/** What a column reads: the filters it waits for say nothing of its values. */
function readBy(graph: Graph, { upstream }: GraphColumn): number[] {
  return upstream.filter((id) => graph.columns[id]?.filter === null)
}

/** The columns above a column, those first that others wait for; sides with their producer. */
function upstreamOf(graph: Graph, column: GraphColumn): GraphColumn[] {
  const wanted = new Set<number>()
  const visit = (above: GraphColumn): void => {
    for (const id of readBy(graph, above)) {
      if (wanted.has(id)) continue
      wanted.add(id)
      visit(graph.columns[id] as GraphColumn)
    }
  }
  visit(column)
  return graph.columns.filter(({ id }) => wanted.has(id))
}

/** One row of a seed, read from its beginning: nothing is copied for it. */
async function seedRowOf(
  { seed }: InspectedSeed,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<SeedWindow> {
  let before = 0
  const found = new Map<number, SeedRow>()
  const last = Math.max(...wanted)
  for await (const batch of seed.rows({ signal })) {
    for (const row of wanted) {
      const values = batch[row - before]
      if (values !== undefined) found.set(row, values)
    }
    before += batch.length
    if (before <= last) continue
    const values = joinRows(wanted.map((row) => found.get(row) ?? []))
    const at = new Map(seed.columns.map(({ name }, index) => [name, values[index] ?? null]))
    return { value: (_row, column) => at.get(column) ?? null }
  }
  throw new RowsmithError('seed-changed', `the seed had ${seed.size} rows, and now has ${before}`, {
    hints: ['Start again when no program writes to it.'],
  })
}
