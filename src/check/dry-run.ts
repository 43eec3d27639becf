import type { Graph, GraphColumn } from '../graph/graph.ts'
import { timestampForm, vectorSize } from '../graph/column-type.ts'
import { mediaPath } from '../graph/media.ts'
import { CellFailure } from '../graph/failure.ts'
import type { Generator, RowGenerator, SeedWindow } from '../graph/kind.ts'
import { charactersOf } from '../graph/request-size.ts'
import { PluginFailure } from '../graph/plugin-failure.ts'
import type { ModelConfig } from '../config/dataset.ts'
import { fillNull, createEvaluator, type Evaluator, rejectsRow } from '../rows/evaluate.ts'
import { firstRequest } from '../rows/first-request.ts'
import { type Block, BlockRow, cellStatus, createBlock, setCell } from '../rows/block.ts'
import { parseExpression } from '../templates/parse-template.ts'
import { TemplateError, TemplateSyntaxError } from '../templates/template-error.ts'
import type { Clock } from '../util/clock.ts'
import { dateText, timestampText } from '../util/timestamp.ts'
import type { Cell, Value } from '../util/value.ts'
import { bindGenerators } from '../rows/bind.ts'
import type { SeedSample } from './seed-sample.ts'

/** Rows looked at first. */
const fewRows = 5
/** Rows looked at before it is said that something always fails. */
const manyRows = 50
/** What a column may take; templates that need longer are looked at in fewer rows. */
const longestMs = 1_000
/** What all columns together may take; those that come later are not looked at. */
const longestOfAllMs = 3_000

export interface DryRunOptions {
  graph: Graph
  runSeed: bigint
  models: readonly ModelConfig[]
  /** Null without a seed, and when its rows are not available. */
  seed: SeedSample | null
  /** Of the config; the working directory by default. */
  directory?: string | null
  clock: Clock
}

/** One row in which a cell could not be made. */
export interface DryFailure {
  row: number
  error: CellFailure
  /** What its inputs were. */
  values: readonly (readonly [name: string, value: Value])[]
}

/** What became of a column in the sampled rows. */
export interface DryColumn {
  column: GraphColumn
  /** Rows that were looked at. */
  rows: number
  /** Rows in which the cell was tried: not skipped, nothing above it lost. */
  tried: number
  failures: readonly DryFailure[]
  /** Rows that it rejects for certain. */
  rejections: readonly Omit<DryFailure, 'error'>[]
  /** Whether it took too long to look at more rows. */
  isCut: boolean
  /** Whether the failures do not depend on what a model answers. */
  isCertain: boolean
  /** Whether every row that can be was among them, as far as the seed decides. */
  isComplete: boolean
  /** What its plugin threw, which would end a run; null where it threw nothing like that. */
  broken: PluginFailure | null
  /** How large its first requests are, in characters. */
  requests: readonly number[]
  /** Why its skip condition could not be decided, where that does not depend on a model. */
  conditionErrors: readonly { row: number; error: unknown }[]
}

/**
 * Makes a few rows without asking a model: samplers and seed columns for real, templates rendered,
 * with something in the place of what only a model can make.
 *
 * A failure counts where it does not hang on such a stand-in. Never sends or journals; a function that asks
 * for a model runs until it does.
 */
export async function dryRun(options: DryRunOptions): Promise<DryColumn[]> {
  const { graph } = options
  const last = options.clock.now() + longestOfAllMs
  const first = await sample(options, { rows: fewRows, last, wanted: () => true })
  const suspects = first.filter(alwaysFails)
  if (suspects.length === 0) return first
  const needed = upstreamOf(graph, suspects)
  const more = await sample(options, { rows: manyRows, last, wanted: (id) => needed.has(id) })
  const again = new Map(more.map((found) => [found.column.id, found]))
  return first.map((found) => {
    const retried = again.get(found.column.id)
    if (!suspects.includes(found) || retried === undefined) return found
    return failsLess(retried, found) ? { ...found, isCut: true } : retried
  })
}

/** The first rows are among the many: less fails where there was no time to come to it again. */
function failsLess(more: DryColumn, first: DryColumn): boolean {
  return (
    more.failures.length < first.failures.length ||
    more.rejections.length < first.rejections.length ||
    more.conditionErrors.length < first.conditionErrors.length
  )
}

function alwaysFails({
  tried,
  failures,
  rejections,
  conditionErrors,
  rows,
  isCut,
}: DryColumn): boolean {
  if (isCut) return false
  if (rejections.length === rows) return true
  return (failures.length > 0 && failures.length === tried) || conditionErrors.length === rows
}

/** The columns, and all that they wait for. */
function upstreamOf({ columns }: Graph, found: readonly DryColumn[]): Set<number> {
  const needed = new Set(found.map(({ column }) => column.id))
  // Upstream comes first, so one pass from the end gathers everything.
  for (const { id, upstream, producer } of columns.toReversed()) {
    if (!needed.has(id)) continue
    for (const up of upstream) needed.add(up)
    if (producer !== null) needed.add(producer)
  }
  return needed
}

/** What is known of a cell: made as a run would, put in a model's place, or lost with its row. */
type Known = 'real' | 'stand-in' | 'lost'

interface SampleOptions {
  rows: number
  /** When all of it must end, by the clock. */
  last: number
  wanted: (id: number) => boolean
}

async function sample(
  { graph, runSeed, models, seed, directory = null, clock }: DryRunOptions,
  { rows, last, wanted }: SampleOptions,
): Promise<DryColumn[]> {
  let seedWasRead = false
  const window: SeedWindow = {
    value(row, column) {
      if (seed === null) throw new NotAtHand()
      seedWasRead = true
      return seed.value(row, column)
    },
  }
  const generators = bindGenerators({ graph, runSeed, models, seed: window, directory })
  const conditionErrors = new Map<number, { row: number; error: unknown }[]>()
  const evaluator = createEvaluator({
    graph,
    onConditionError(column, row, error) {
      conditionErrors.set(column.id, [...(conditionErrors.get(column.id) ?? []), { row, error }])
    },
  })
  const block = createBlock(graph, rows, (offset) => offset)
  const known: Known[][] = graph.columns.map(() => Array.from({ length: rows }, () => 'lost'))
  const ofSeed: boolean[] = []

  const sampled: DryColumn[] = []
  for (const column of graph.columns) {
    ofSeed[column.id] = column.upstream.some((id) => ofSeed[id])
    if (column.producer !== null || !wanted(column.id)) continue
    const failures: DryFailure[] = []
    const rejections: Omit<DryFailure, 'error'>[] = []
    const requests: number[] = []
    let tried = 0
    let isCertain = true
    let isCut = false
    let broken: PluginFailure | null = null
    seedWasRead = false
    const end = Math.min(last, clock.now() + longestMs)
    for (let offset = 0; offset < rows; offset += 1) {
      isCut ||= clock.now() > end
      if (isCut) {
        standIn(column, block, offset)
        for (const id of [column.id, ...column.sides]) (known[id] as Known[])[offset] = 'stand-in'
        continue
      }
      const place = { block, offset, evaluator, generators, known, clock, requests }
      const attempt = await make(column, place)
      for (const id of [column.id, ...column.sides]) (known[id] as Known[])[offset] = attempt.known
      if (!attempt.tried) continue
      tried += 1
      broken ??= attempt.broken ?? null
      if (attempt.isRejected === true) {
        rejections.push({ row: offset, values: valuesOf(column, block, offset, known) })
      }
      if (attempt.error === null) continue
      isCertain &&= attempt.isCertain
      const values = valuesOf(column, block, offset, known)
      failures.push({ row: offset, error: attempt.error, values })
    }
    ofSeed[column.id] ||= seedWasRead
    const isComplete = ofSeed[column.id] !== true || rows >= (seed?.completeFrom ?? Infinity)
    const errors = conditionErrors.get(column.id) ?? []
    sampled.push({
      column,
      rows,
      tried,
      failures,
      rejections,
      isCut,
      isCertain,
      isComplete,
      broken,
      requests,
      conditionErrors: errors,
    })
  }
  return sampled
}

interface Attempt {
  known: Known
  tried: boolean
  /** Null where the cell was made, or its failure says nothing. */
  error: CellFailure | null
  isCertain: boolean
  isRejected?: boolean
  broken?: PluginFailure
}

interface Place {
  block: Block
  offset: number
  evaluator: Evaluator
  generators: readonly (Generator | null)[]
  known: readonly (readonly Known[])[]
  clock: Clock
  /** Gets the sizes of requests. */
  requests: number[]
}

async function make(column: GraphColumn, place: Place): Promise<Attempt> {
  const { block, offset, evaluator, known } = place
  const inputs = column.upstream.map((id) => known[id]?.[offset])
  if (inputs.includes('lost')) {
    return { known: 'lost', tried: false, error: null, isCertain: true }
  }
  const isReal = !inputs.includes('stand-in')
  if (column.rejects !== null) return filterRow(column, place, isReal)
  // Whether a condition over a stand-in holds is not known: then nothing below it is certain.
  if (isReal && evaluator.skip(column, block, offset)) {
    return { known: 'real', tried: false, error: null, isCertain: true }
  }
  const outcome = await generate(column, place)
  if (outcome instanceof PluginFailure) return brokenAttempt(outcome, column, place, isReal)
  if (outcome === 'made') {
    return { known: isReal ? 'real' : 'stand-in', tried: true, error: null, isCertain: true }
  }
  if (outcome instanceof CellFailure) {
    if (isReal) {
      if (column.onFailure === 'null') fillNull(column, block, offset)
      const left = column.onFailure === 'null' ? 'real' : 'lost'
      return { known: left, tried: true, error: outcome, isCertain: true }
    }
    standIn(column, block, offset)
    const error = hangsOnRealOnly(outcome, column, place) ? outcome : null
    return { known: 'stand-in', tried: true, error, isCertain: false }
  }
  standIn(column, block, offset)
  return { known: 'stand-in', tried: true, error: null, isCertain: true }
}

/**
 * Whether a row passes a filter. A condition over a stand-in decides nothing: such a row is looked at
 * further, as one that passed.
 */
async function filterRow(column: GraphColumn, place: Place, isReal: boolean): Promise<Attempt> {
  const { block, offset } = place
  const outcome = await generate(column, place)
  if (outcome instanceof PluginFailure) return brokenAttempt(outcome, column, place, isReal)
  if (outcome instanceof CellFailure) {
    standIn(column, block, offset)
    const isTold = isReal || hangsOnRealOnly(outcome, column, place)
    const known = isReal ? 'lost' : 'real'
    return { known, tried: true, error: isTold ? outcome : null, isCertain: isReal }
  }
  const isOut = isReal && rejectsRow(column, block, offset)
  const known = isOut ? 'lost' : 'real'
  return { known, tried: true, error: null, isCertain: true, isRejected: isOut }
}

/** With something in the place of a model's answer, a plugin may have got what it never gets. */
function brokenAttempt(
  broken: PluginFailure,
  column: GraphColumn,
  { block, offset }: Place,
  isReal: boolean,
): Attempt {
  standIn(column, block, offset)
  const attempt: Attempt = { known: 'stand-in', tried: true, error: null, isCertain: true }
  return isReal ? { ...attempt, broken } : attempt
}

/** Makes or prepares a cell; `unknown` for what only a run can make. */
async function generate(
  column: GraphColumn,
  { block, offset, evaluator, generators, clock, requests }: Place,
): Promise<'made' | 'unknown' | CellFailure | PluginFailure> {
  const generator = generators[column.id] ?? null
  const row = new BlockRow(block, offset)
  try {
    if (isPureRow(column, generator)) return evaluator.row(column, generator, row) ?? 'made'
  } catch (error) {
    if (error instanceof CellFailure || error instanceof PluginFailure) return error
    // The seed's rows are not available; anything else is a defect of the kind, and the run tells
    // of it with the row in which it happens.
  }
  // Rendering the templates of a request sends nothing.
  const request = await firstRequest(generator, row, { clock, longestMs })
  if (request instanceof CellFailure) return request
  if (request !== null) requests.push(charactersOf(request))
  return 'unknown'
}

function isPureRow({ pure }: GraphColumn, generator: Generator | null): generator is RowGenerator {
  return pure && generator?.by === 'row'
}

class NotAtHand extends Error {}

function standIn(column: GraphColumn, block: Block, offset: number): void {
  for (const id of [column.id, ...column.sides]) {
    const { type } = block.graph.columns[id] as GraphColumn
    setCell(block, id, offset, standInOf(type), cellStatus.done)
  }
}

function standInOf(type: GraphColumn['type']): Cell {
  switch (type) {
    case 'string':
      return 'text'
    case 'int64':
    case 'float64':
      return 1
    case 'bool':
      return true
    case 'json':
      return new Map()
    case 'media':
      return mediaPath('0'.repeat(64), '')
    case 'date':
      return dateText(0)
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc':
      return timestampText(0n, timestampForm(type))
    default:
      return new Float32Array(vectorSize(type) ?? 1)
  }
}

/** Whether the expression that failed reads columns only, and only such as are real. */
function hangsOnRealOnly(
  { cause }: CellFailure,
  column: GraphColumn,
  { block, offset, known }: Place,
): boolean {
  if (!(cause instanceof TemplateError)) return false
  const source =
    /^\{\{-?\+?([^]*?)[-+]?\}\}$/.exec(cause.expression.trim())?.[1] ?? cause.expression
  try {
    const { references } = parseExpression(source)
    const ids = references.map(({ name }) => block.graph.byName.get(name) ?? -1)
    return (
      ids.length > 0 &&
      ids.every((id) => column.upstream.includes(id) && known[id]?.[offset] === 'real')
    )
  } catch (error) {
    // A statement, such as a loop: what it reads is not distinguished.
    if (error instanceof TemplateSyntaxError) return false
    throw error
  }
}

function valuesOf(
  { upstream }: GraphColumn,
  block: Block,
  offset: number,
  known: readonly (readonly Known[])[],
): DryFailure['values'] {
  const row = new BlockRow(block, offset)
  return upstream
    .filter((id) => known[id]?.[offset] === 'real')
    .map((id) => [(block.graph.columns[id] as GraphColumn).name, row.get(id)])
}
