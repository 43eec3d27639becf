import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { seedFolder } from '../check/run-place.ts'
import { compileStored, type StoredGraph } from '../check/stored-graph.ts'
import { plainRecord } from '../export/plain.ts'
import { CellFailure } from '../graph/failure.ts'
import { filterTitle } from '../graph/filter-name.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { Generator, SeedWindow } from '../graph/kind.ts'
import { isMediaPath, noMedia } from '../graph/media.ts'
import { addUsage, noUsage, type Usage } from '../graph/request.ts'
import { fromStored } from '../graph/stored-value.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { type RequestPart, requestParts } from '../render/request-parts.ts'
import { bindGenerators } from '../rows/bind.ts'
import { type Block, BlockRow, cellStatus, createBlock, setCell, statusOf } from '../rows/block.ts'
import { createEvaluator, fillNull } from '../rows/evaluate.ts'
import { firstRequest } from '../rows/first-request.ts'
import { joinRows } from '../seeds/rows-of-record.ts'
import { createSeedOrder } from '../seeds/seed-order.ts'
import { selectRows } from '../seeds/selection.ts'
import { readSeedDescription } from '../seeds/stored.ts'
import { openStoredRows, unpackRow } from '../seeds/stored-seed-rows.ts'
import type { FailedCell } from '../store/failed-cells.ts'
import { addCellUsage, type CellUsage, noCellUsage } from '../store/ledger-requests.ts'
import { readStoredRow, type RowSession, type StoredRow } from '../store/stored-row.ts'
import { systemClock } from '../util/clock.ts'
import { isRowsmithError, RowsmithError } from '../util/errors.ts'
import { withoutVector } from '../util/vector.ts'

/** Everything known about one row. */
export interface RowStory {
  dir: string
  row: number
  outcome: 'accepted' | 'null-kept' | 'dropped' | 'rejected' | 'remaining'
  /** Why it has no record, or not yet; null for a row with a record. */
  why: string | null
  /** The file that has its record, and the session that wrote it. */
  part: { number: number; file: string; session: RowSession | null } | null
  cells: readonly CellStory[]
  /** Of failed cells. */
  attempts: number
  /** What its cells cost, over all sessions. */
  usage: CellUsage
  /** Lines of the run's log that name the row. */
  log: readonly string[]
  /** What could not be determined, and why. */
  notes: readonly string[]
}

/** Everything known about a cell. */
export interface CellStory {
  column: string
  type: string
  state: 'made' | 'skipped' | 'failed' | 'missing'
  /** As in a record; null unless it is made. */
  value: unknown
  /** Its first request, rendered again; null without a request, or if it is unknown. */
  asked: readonly RequestPart[] | null
  failure: FailedCell | null
  /** What it cost, over all sessions; null where nothing was asked for it. */
  usage: CellUsage | null
  /** Answers to a cell of several requests that is not made yet. */
  exchanges: readonly { turn: number; reply: unknown; usage: Usage }[]
}

export interface InspectRowOptions {
  registry: () => Promise<Registry>
  /** Names of the log and of the one before it. */
  logs: readonly string[]
}

/** Lines of the log that are shown. */
const mostLines = 50
/** A function of a cell that has asked for nothing by then is left. */
const longestMs = 1_000

/** Reads what a run folder knows of a row, without a lock; sends nothing. */
export async function inspectRow(
  directory: string,
  row: number,
  { registry, logs }: InspectRowOptions,
): Promise<RowStory> {
  const stored = await readStoredRow(directory, row)
  const { settings } = stored
  if (row >= settings.rows && !stored.isDecided && stored.cells.size === 0) {
    throw new RowsmithError('usage', `there is no row ${row}: the run has ${settings.rows} rows`, {
      hints: [settings.rows === 0 ? 'It has none.' : `They are 0 to ${settings.rows - 1}.`],
    })
  }
  const notes: string[] = []
  const compiled = await compile(directory, stored, registry, notes)
  const asked = compiled === null ? noneAsked : await requestsOf(directory, stored, compiled, notes)
  const cells = settings.columns.flatMap(({ name, type, hidden }, id): CellStory[] => {
    if (hidden === true) return []
    const failure = stored.failures.find(({ column }) => column === name) ?? null
    return [
      {
        column: name,
        type,
        ...stateOf(stored, id, asked, failure),
        asked: asked.parts.get(id) ?? null,
        failure,
        usage: stored.usage.get(id) ?? null,
        exchanges: stored.exchanges
          .filter(({ column }) => column === id)
          .map(({ turn, reply, usage }) => ({ turn, reply: JSON.parse(reply) as unknown, usage })),
      },
    ]
  })
  const order = compiled?.graph.order.map((id) => settings.columns[id]?.name) ?? []
  const place = (column: string): number => (order.indexOf(column) + order.length) % order.length
  return {
    dir: directory,
    row,
    outcome: outcomeOf(stored),
    why: whyOf(stored),
    part: stored.part,
    cells: order.length === 0 ? cells : cells.toSorted((a, b) => place(a.column) - place(b.column)),
    attempts: stored.failures.reduce((sum, { attempts }) => sum + (attempts ?? 0), 0),
    usage: usageOf(stored),
    log: await linesOf(directory, row, logs),
    notes,
  }
}

interface Asked {
  /** What is asked, by the column's id. */
  parts: ReadonlyMap<number, readonly RequestPart[]>
  /** The row with all that could be made of it; null where the config is not known. */
  block: Block | null
}

const noneAsked: Asked = { parts: new Map(), block: null }

/** Null, with a note, for a config that can't be compiled any more: what is stored needs none. */
async function compile(
  directory: string,
  { settings }: StoredRow,
  registry: () => Promise<Registry>,
  notes: string[],
): Promise<StoredGraph | null> {
  try {
    return await compileStored(directory, settings, await registry())
  } catch (error) {
    const codes = ['fingerprint-changed', 'plugin-missing', 'column-not-loaded']
    if (!isRowsmithError(error) || !codes.includes(error.code)) throw error
    notes.push(`The request is unknown: ${error.message}`)
    return null
  }
}

/** Renders the first request of every column whose inputs are known. */
async function requestsOf(
  directory: string,
  stored: StoredRow,
  { graph, dataset }: StoredGraph,
  notes: string[],
): Promise<Asked> {
  const { settings, row } = stored
  const generators = bindGenerators({
    graph,
    runSeed: settings.seed,
    models: dataset.models,
    seed: await seedOf(directory, stored, dataset, notes),
    directory: settings.directory ?? null,
    media: {
      ...noMedia('the row is only inspected'),
      read: (path) =>
        isMediaPath(path)
          ? readFile(resolve(directory, path))
          : Promise.reject(new CellFailure('no-media', `${path} names no file of the run`)),
    },
  })
  const block = createBlock(graph, 1, () => row)
  fillBlock(block, stored, graph, generators)
  const at = new BlockRow(block, 0)
  const parts = new Map<number, readonly RequestPart[]>()
  for (const { id, name, routes, upstream } of graph.columns) {
    if (routes.length === 0 || !upstream.every((up) => isMade(block, graph, up))) continue
    if (statusOf(block, id, 0) === cellStatus.skipped) continue
    const generator = generators[id] ?? null
    try {
      const request = await firstRequest(generator, at, { clock: systemClock, longestMs })
      if (request instanceof CellFailure) {
        notes.push(`Column ${name} sends no request: ${request.message}`)
      } else if (request !== null) parts.set(id, requestParts(request))
    } catch (error) {
      if (!isRowsmithError(error) && !(error instanceof Error && 'code' in error)) throw error
      notes.push(`The request of column ${name} is unknown: ${error.message}`)
    }
  }
  return { parts, block }
}

/** Filters hold no value that others read. */
function isMade(block: Block, { columns }: Graph, id: number): boolean {
  return columns[id]?.filter !== null || statusOf(block, id, 0) !== cellStatus.pending
}

/** Puts stored cells into a block, and makes those that cost nothing. */
function fillBlock(
  block: Block,
  { cells, failures, skippable, part }: StoredRow,
  graph: Graph,
  generators: readonly (Generator | null)[],
): void {
  const evaluator = createEvaluator({ graph, onConditionError: () => undefined })
  const row = new BlockRow(block, 0)
  const failed = new Set(
    failures.filter(({ outcome }) => outcome === 'null').map(({ column }) => column),
  )
  for (const column of graph.columns) {
    const { id, name, type, upstream } = column
    if (statusOf(block, id, 0) !== cellStatus.pending) continue
    const value = cells.get(id)
    if (failed.has(name)) fillNull(column, block, 0)
    else if (value !== undefined && value !== null) {
      setCell(block, id, 0, fromStored(type, value), cellStatus.done)
    } else if (!upstream.every((up) => isMade(block, graph, up))) continue
    else if (column.producer === null && evaluator.skip(column, block, 0)) continue
    else if (value !== undefined) {
      const status = part !== null && skippable.has(id) ? cellStatus.skipped : cellStatus.done
      setCell(block, id, 0, null, status)
    } else makeCell(column, generators[id] ?? null, row)
  }

  /** A cell that fails here has failed in the run, and is reported as such. */
  function makeCell(column: GraphColumn, generator: Generator | null, at: BlockRow): void {
    if (generator?.by === 'row') evaluator.row(column, generator, at)
  }
}

/** The seed row of a row as the run folder keeps it; null where no column reads one. */
async function seedOf(
  directory: string,
  { settings, row }: StoredRow,
  { seedConfig }: StoredGraph['dataset'],
  notes: string[],
): Promise<SeedWindow | null> {
  if (seedConfig === null) return null
  const folder = join(directory, seedFolder)
  try {
    const { size, columns } = await readSeedDescription(folder)
    const { sampling_strategy: strategy, selection_strategy: selected } = seedConfig
    const { rows_per_record: perRecord } = seedConfig
    const selection = selectRows(selected, size)
    if (!('size' in selection)) throw new RowsmithError('config-invalid', selection.message)
    using rows = openStoredRows(folder, createSeedOrder(strategy, selection, settings.seed))
    const packed = rows.read(row * perRecord, (row + 1) * perRecord)
    const values = joinRows(Array.from({ length: perRecord }, (_, at) => unpackRow(packed, at)))
    const byName = new Map(columns.map(({ name }, at) => [name, values[at] ?? null]))
    return { value: (_row, column) => byName.get(column) ?? null }
  } catch (error) {
    if (!isRowsmithError(error)) throw error
    notes.push(`Its seed row is not known: ${error.message}`)
    return { value: () => null }
  }
}

function stateOf(
  { cells, settings }: StoredRow,
  id: number,
  { block }: Asked,
  failure: FailedCell | null,
): Pick<CellStory, 'state' | 'value'> {
  const status = block === null ? cellStatus.pending : statusOf(block, id, 0)
  if (failure !== null) return { state: 'failed', value: null }
  const { name = '', type = 'string' } = settings.columns[id] ?? {}
  const stored = cells.get(id)
  if (block === null || status === cellStatus.pending) {
    if (stored === undefined) return { state: 'missing', value: null }
    return { state: 'made', value: plainOf(name, fromStored(type, stored)) }
  }
  const value = plainOf(name, block.cells[id]?.[0] ?? null)
  return { state: status === cellStatus.skipped ? 'skipped' : 'made', value }
}

function plainOf(name: string, value: Parameters<typeof withoutVector>[0]): unknown {
  return plainRecord(new Map([[name, withoutVector(value)]]))[name]
}

function outcomeOf({ isDecided, absent, failures }: StoredRow): RowStory['outcome'] {
  if (absent !== null) return absent.outcome
  if (!isDecided) return 'remaining'
  return failures.length > 0 ? 'null-kept' : 'accepted'
}

function whyOf({ absent, isDecided, failures, row, settings }: StoredRow): string | null {
  if (absent !== null) {
    const name = filterTitle(absent.column)
    if (absent.outcome === 'rejected') return `${name} rejected it: ${absent.code}`
    return `column ${name} failed: ${absent.code}`
  }
  if (isDecided) {
    return row < settings.rows ? null : `the run has only ${settings.rows} rows now`
  }
  const dropping = failures.find(({ outcome }) => outcome === 'dropped')
  if (dropping === undefined) return 'it is not decided yet'
  return `column ${dropping.column} failed: ${dropping.code}; the row gets its outcome when the run continues`
}

function usageOf(stored: StoredRow): CellUsage {
  const cells = [...stored.usage.values()]
  if (cells.length === 0) return { ...noCellUsage, ...unloggedUsage(stored) }
  return cells.reduce(addCellUsage, noCellUsage)
}

/**
 * Runs of earlier versions have it of cells that are not made alone. The exchanges of a failed cell are in
 * what it cost already.
 */
function unloggedUsage({ failures, exchanges, settings }: StoredRow): Usage {
  const failed = new Set(failures.map(({ column }) => column))
  const open = exchanges.filter(({ column }) => !failed.has(settings.columns[column]?.name ?? ''))
  return [...failures, ...open].reduce(
    (sum, { usage }) => (usage === null ? sum : addUsage(sum, usage)),
    noUsage,
  )
}

async function linesOf(directory: string, row: number, logs: readonly string[]): Promise<string[]> {
  const names = new RegExp(`\\brow ${row}\\b`, 'i')
  const found: string[] = []
  for (const name of logs) {
    const path = join(directory, name)
    if (!existsSync(path)) continue
    const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity })
    for await (const line of lines) if (names.test(line)) found.push(line)
  }
  return found.slice(-mostLines)
}
