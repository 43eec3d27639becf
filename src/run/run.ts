import { join } from 'node:path'
import { mostCandidates } from '../config/select.ts'
import { choiceIdentity, modelIdentity } from '../graph/model-identity.ts'
import { createDownloader } from '../models/download.ts'
import type { Environment } from '../models/provider.ts'
import { RowSet } from '../plan/row-set.ts'
import type { GivenPlugin } from '../plugins/gather-plugins.ts'
import type { StoreEvent } from '../store/open-run.ts'
import { createStore, openStore } from '../store/store.ts'
import type { RunStore } from '../store/run-store.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import type { Graph } from '../graph/graph.ts'
import { bindGenerators, correctionsOf } from '../rows/bind.ts'
import { keepCommand } from '../store/command-file.ts'
import type { RequestEvent, RunEvent } from './run-event.ts'
import { checkModels } from './check-models.ts'
import { checkTools } from './check-tools-listed.ts'
import { earlierSessions, noSessions } from './earlier-sessions.ts'
import { decidedRows, type EngineOptions } from './engine.ts'
import { createDescriber, describeBatchEvent, describeStoreEvent } from './describe-event.ts'
import { followModes } from './follow-modes.ts'
import { createJudgeSummaries } from './judge-summaries.ts'
import { openObserver } from './observer.ts'
import { logName, openLog } from './log.ts'
import { openSeedRows } from './open-seed.ts'
import { type CacheChoice, openCache } from './open-cache.ts'
import { costLimitOf, pricedPartners } from './priced-partners.ts'
import { partnersOf } from './partners.ts'
import { findPlace, type Place } from '../check/run-place.ts'
import { readStoredRun } from '../store/inspect-store.ts'
import { reuseCells } from './reuse-cells.ts'
import { tellSeedProgress } from '../check/seed-progress.ts'
import { createThrottleNotes } from './throttle-notes.ts'
import { joinedColumns } from '../check/stored-passes.ts'
import { createChange } from '../util/change.ts'
import { RowsmithError } from '../util/errors.ts'
import { prepare, type Prepared, type PrepareOptions, routesOf } from '../check/prepare.ts'
import type { RunResult } from '../report/run-result.ts'
import { createRoutes } from './create-routes.ts'
import { isBatchEvent } from './batch-event.ts'
import { createMaker } from './make-rows.ts'
import { resume, type StoredRunOptions } from './resume.ts'
import { type Run, runOf } from './working-run.ts'
import { newSettings, selectionOf, type WantedRun } from './settings.ts'
import type { ConfigInput } from '../check/sources.ts'
import type { WrittenRunConfig } from '../config/run-config.ts'

/** Options of a run. */
export interface RunOptions extends StoredRunOptions, CacheChoice {
  /** The path of a config file, `{ text }` of one, or the config as an object. */
  config: ConfigInput
  /** Rows planned; the config's `rows`, the stored target or 10 by default. */
  rows?: number
  /** The run seed, 0 ≤ seed < 2^64; drawn and stored when nothing gives one. */
  seed?: bigint
  /** The run folder; `./runs/<config name>` by default. */
  out?: string
  /** `auto` continues with what is in the folder, `fresh` makes a new folder in addition to. */
  mode?: 'auto' | 'fresh'
  /** Dollars the run may cost over all its sessions, in place of `max_cost` of the run config. */
  maxCost?: number
  /** A run config file or its fields. */
  runConfig?: string | WrittenRunConfig
  providersFile?: string
  mcpProvidersFile?: string
  toolConfigsFile?: string
  modelConfigsFile?: string
  /** The command of this run, stored in its folder for `show`. */
  command?: (directory: string) => readonly string[]
  environment?: Environment
  /** Kinds in addition to the built-in ones and those of the config's own plugins. */
  plugins?: readonly GivenPlugin[]
  clock?: Clock
  /** The first abort drains: the requests in flight return and are stored. */
  signal?: AbortSignal
  /**
   * Asks the providers to cancel the batches they have, keeps what these had answered, and makes nothing. The
   * same call without it sends the rest again.
   */
  cancelBatches?: boolean
  /** An exception ends the run as an abort of the signal does, and the run rejects with it. */
  onEvent?: (event: RunEvent) => void
  /** Called for every request when it leaves and when it returns; an exception ends the run. */
  onRequest?: (event: RequestEvent) => void
  /** A file to which the events of the run and its requests are appended, as JSON Lines. */
  events?: string
}

const noModels: ReadonlySet<string> = new Set()

/** Makes the dataset that a config describes, or continues an interrupted run. */
export async function create(options: RunOptions): Promise<RunResult> {
  await using run = await start(options)
  return await run.finished
}

export interface StartOptions extends RunOptions {
  /** False where no one will see a report: no model is asked for what only stands in it. */
  summaries?: boolean
  /** Sends every request by itself, whatever the mode of its model. */
  realtime?: boolean
  /** The folder of a run whose cells a new one uses where rows and columns are the same. */
  beside?: string
}

/** Like `create`, but returns at once with a handle of the running run. */
export async function start(options: StartOptions): Promise<Run> {
  const clock = options.clock ?? systemClock
  const began = clock.now()
  const controller = new AbortController()
  const { signal } = controller
  options.signal?.throwIfAborted()
  const opened = new AsyncDisposableStack()
  const observer = opened.use(await openObserver({ ...options, clock }))
  const { listener } = observer
  const { emit } = listener
  const giveUp = (): void => controller.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', giveUp, { once: true })
  const parts = createChange()
  try {
    const place = await findPlace(options)
    const prepared = opened.use(
      await prepare({ ...prepareOptions(options, clock, signal), onEvent: emit }, place.stored),
    )
    for (const problem of prepared.warnings) emit({ type: 'warning', problem })
    if (options.cancelBatches === true && !place.exists) throw nothingToCancel(place)

    // Before the folder exists: a wrong key leaves nothing behind.
    const isAsked = options.replay !== true && options.cancelBatches !== true
    let ready =
      place.exists || options.beside !== undefined || !isAsked
        ? noModels
        : await askModels(prepared, routesOf(prepared.graph), emit, signal)
    emit({ type: 'run-opening', dir: place.directory })
    const log = { write: (_message: string) => {} }
    const store = opened.use(
      await openOrCreate(place, prepared, options, clock, (event) => {
        const text = describeStoreEvent(event)
        if (text !== null) log.write(text)
        if (event.type === 'part-committed') parts.tell()
        emit(event)
      }),
    )
    const redact = (text: string): string => prepared.tools.redact(prepared.models.redact(text))
    observer.redactBy(redact)
    const file = openLog(join(store.directory, logName), { clock, redact })
    opened.defer(() => file.close())
    log.write = file.write
    opened.defer(followModes(prepared.models, store, file.write))
    const throttles = createThrottleNotes(clock, file.write)
    opened.defer(() => throttles.close())

    if (!place.exists && options.beside !== undefined) {
      const { cells, known, lacking } = await reuseCells(store, options.beside)
      if (cells > 0) emit({ type: 'cells-reused', cells, known, dir: options.beside })
      const asked = routesOf({
        columns: prepared.graph.columns.filter(({ id }) => lacking.has(id)),
      })
      if (asked.length > 0 && isAsked) ready = await askModels(prepared, asked, emit, signal)
    }
    const select = selectionOf(prepared, wanted(options))
    const resumed = place.exists
      ? await resume(store, prepared, options, {
          select,
          seed: place.stored.seed,
          wanted: wanted(options),
          ask: isAsked ? (aliases) => askModels(prepared, aliases, emit, signal) : null,
          emit,
        })
      : { decided: decidedRows(store), madeAgain: RowSet.empty, ready: null }
    const { decided, madeAgain } = resumed
    ready = resumed.ready ?? ready
    if (options.command !== undefined && options.cancelBatches !== true) {
      await keepCommand(store.directory, options.command(store.directory))
    }
    const seed = await openSeedRows(
      store,
      prepared.dataset.seedConfig,
      prepared.seed?.seed ?? null,
      {
        signal,
        onProgress: tellSeedProgress('copying', clock, emit),
      },
    )
    if (seed !== null) opened.defer(() => seed.close())
    const summary = {
      dir: store.directory,
      seed: store.settings.seed,
      rows: store.settings.rows,
      selection: select === null ? null : { target: select.target, most: mostCandidates(select) },
      decided: decided.count,
      resumed: place.exists,
      before: place.exists ? await earlierSessions(store) : noSessions,
      seedOf:
        newSeed(place, prepared, options) === undefined ? null : (place.before?.directory ?? null),
      asksModels: prepared.graph.columns.some(({ routes }) => routes.length > 0),
      progressIntervalMs: prepared.runConfig.progress_interval * 1000,
    }
    file.write(
      `session ${store.session}: ${summary.rows} rows, ${summary.decided} decided, seed ${summary.seed}`,
    )
    emit({ type: 'run-opened', ...summary })
    const describe = createDescriber()
    const closing = opened.use(new AsyncDisposableStack())
    const downloads = createDownloader({ environment: options.environment ?? process.env, clock })
    opened.defer(() => downloads.close())
    const identityOf = (alias: string): unknown => modelIdentity(prepared.dataset, alias)
    const cache = await openCache({
      ...options,
      runConfig: prepared.runConfig,
      graph: prepared.graph,
      identityOf: identityByChoice(prepared),
      madeAgain: () => madeAgain,
      warn: (message) =>
        emit({
          type: 'warning',
          problem: { level: 'warning', code: 'cache-failed', path: [], message },
        }),
    })
    if (cache !== null) opened.use(cache)
    const partners = await pricedPartners(partnersOf(prepared, options), {
      models: prepared.models.aliases,
      prices: prepared.dataset.prices,
    })
    const cost = await costLimitOf(
      options.maxCost ?? prepared.runConfig.max_cost,
      partners,
      store.directory,
    )
    const onEvent: EngineOptions['onEvent'] = (event) => {
      if (event.type === 'request-throttled') throttles.note(event.route, event.retryAfterMs)
      const text = describe(event)
      if (text !== null) file.write(text)
      emit(event)
    }
    const engine: Omit<EngineOptions, 'decided' | 'store'> = {
      clock,
      graph: prepared.graph,
      generators: bindGenerators({
        graph: prepared.graph,
        runSeed: store.settings.seed,
        models: prepared.dataset.models,
        seed,
        media: store.media,
        tools: (alias) => prepared.tools.box(alias),
        onClose: (close) => closing.defer(close),
        download: downloads.get,
        directory: store.settings.directory ?? null,
        corrections: correctionsOf(prepared.runConfig),
      }),
      seed,
      runConfig: prepared.runConfig,
      routes: createRoutes(partners, {
        admission: prepared.runConfig.request_admission,
        waitsForFailing: prepared.runConfig.max_outage > 0,
        prefixOrder: prepared.runConfig.prefix_order,
        ready,
      }),
      send: (route, request, requestSignal) => partners.send(route, request, requestSignal),
      identityOf,
      ...(cache === null ? {} : { cache }),
      sizeOf: (route, request) => partners.sizeOf(route, request),
      cost,
      watcher: observer.watcherOf(columnNames(prepared.graph)),
      settleOnly: false,
      onEvent,
    }
    const maker = await createMaker({
      store,
      engine,
      decided,
      select,
      partners,
      runConfig: prepared.runConfig,
      isAsked,
      cancelsBatches: options.cancelBatches === true,
      onBatch(event) {
        if (!isBatchEvent(event)) return onEvent(event)
        file.write(describeBatchEvent(event))
        emit(event)
      },
      warn: (problem) => emit({ type: 'warning', problem }),
    })
    options.signal?.removeEventListener('abort', giveUp)
    listener.whileAtWork(() => maker.drain())
    const { graph } = prepared
    const { dataset, runConfig } = prepared
    const work = {
      store,
      graph,
      maker,
      summaries:
        options.summaries === false || options.cancelBatches === true
          ? null
          : createJudgeSummaries({
              store,
              prepared: { graph, dataset, runConfig },
              partners,
              cost,
              watcher: observer.watcherOf(() => null),
              clock,
              ...(cache === null ? {} : { cache }),
            }),
      listener,
      parts,
      // Which rows a selection takes is only known when it has all of them.
      joined: select === null ? joinedColumns(store.settings) : null,
      file,
      seconds: () => (clock.now() - began) / 1000,
    }
    return runOf(work, opened.move(), place.exists, options.signal)
  } catch (error) {
    options.signal?.removeEventListener('abort', giveUp)
    observer.neverBegan(error)
    await opened.disposeAsync()
    throw error
  }
}

/** What is asked at a place of a model alias, by its name: pools share answers with whoever asks there. */
function identityByChoice({ dataset, models }: Prepared): (choice: string) => unknown {
  const identities = new Map(
    models.aliases
      .flatMap((alias) => models.targets(alias))
      .map(({ name, alias, position }) => [name, choiceIdentity(dataset, alias, position)]),
  )
  return (choice) => identities.get(choice)
}

function nothingToCancel({ directory }: Place): RowsmithError {
  return new RowsmithError(
    'run-missing',
    `there is no run in ${directory}, and so no batch to cancel`,
    {
      hints: ['Name the run folder with --out, or `out` in a program.'],
    },
  )
}

async function openOrCreate(
  place: Place,
  prepared: Prepared,
  options: StartOptions,
  clock: Clock,
  onEvent: (event: StoreEvent) => void,
): Promise<RunStore> {
  const { directory, exists } = place
  if (exists) return openStore(directory, { clock, onEvent })
  const { rows, seed = newSeed(place, prepared, options) } = wanted(options)
  return createStore(directory, newSettings(prepared, { rows, seed }, directory), {
    clock,
    onEvent,
  })
}

/** The run seed of the run that a new one is made next to; undefined where another one is given. */
function newSeed(
  { before }: Place,
  { dataset }: Prepared,
  { seed, beside }: StartOptions,
): bigint | undefined {
  if (seed !== undefined || dataset.seed !== null) return undefined
  return before?.seed ?? (beside === undefined ? undefined : readStoredRun(beside).settings.seed)
}

async function askModels(
  { models, tools }: Prepared,
  // What only the report asks may be away: the dataset is made without it.
  aliases: readonly string[],
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  // Servers of tools are started meanwhile, and asked for nothing that costs.
  const [ready] = await Promise.all([
    aliases.length > 0 ? checkModels(models, aliases, { signal, emit }) : noModels,
    checkTools(tools, { signal, emit }),
  ])
  return ready
}

export function prepareOptions(
  options: RunOptions,
  clock: Clock,
  signal: AbortSignal,
): PrepareOptions {
  return {
    config: options.config,
    providersFile: options.providersFile,
    mcpProvidersFile: options.mcpProvidersFile,
    toolConfigsFile: options.toolConfigsFile,
    modelConfigsFile: options.modelConfigsFile,
    runConfig: options.runConfig,
    environment: options.environment ?? process.env,
    clock,
    plugins: options.plugins,
    withoutKeys: options.replay === true,
    keep: options.keep,
    signal,
  }
}

function wanted({ rows, seed }: RunOptions): WantedRun {
  return { rows, seed }
}

function columnNames({ columns }: Graph): (column: number) => string | null {
  return (column) => columns[column]?.name ?? null
}
