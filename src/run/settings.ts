import { parseJson, stringifyJson } from '../util/json.ts'
import type { DatasetConfig, Literal, SelectConfig } from '../config/dataset.ts'
import { builtInModels } from '../config/built-in-models.ts'
import { valueOf } from '../config/literal.ts'
import { writtenModel } from '../config/models.ts'
import { mostCandidates, selectSchema } from '../config/select.ts'
import { type ResolvedDataset, selfContained } from '../config/resolve-dataset.ts'
import type { Graph } from '../graph/graph.ts'
import { partRowsFor } from '../plan/part.ts'
import type { ConfigVersion } from '../store/ledger-config.ts'
import { wayFrom } from '../store/moved-folders.ts'
import type { ColumnSettings, KeptColumn, RunSettings, RunSources } from '../store/run-settings.ts'
import { RowsmithError } from '../util/errors.ts'
import { drawSeed } from '../util/random-source.ts'
import type { Prepared } from '../check/prepare.ts'

/** Rows of a run that says nothing about them, as in NeMo Data Designer. */
const defaultRows = 10

export interface WantedRun {
  rows: number | undefined
  seed: bigint | undefined
}

/** The settings of a new run; a seed that is not given is drawn here, before anything uses it. */
export function newSettings(
  prepared: Prepared,
  wanted: WantedRun,
  runDirectory: string,
): RunSettings {
  const { source, config, dataset, runConfig, graph, seedIdentity } = prepared
  const select = selectionOf(prepared, wanted)
  return {
    name: source.name,
    seed: wanted.seed ?? dataset.seed ?? drawSeed(),
    rows: select === null ? newRows(prepared, wanted) : mostCandidates(select),
    frameRows: runConfig.buffer_size,
    partRows: runConfig.part_rows,
    config: storedConfig(config, dataset, select),
    seedIdentity,
    columns: storedColumns(graph),
    compared: comparedIn(graph),
    ...sourcesOf(prepared, runDirectory),
  }
}

/** Rows of a new run without a selection. */
export function newRows({ dataset }: Pick<Prepared, 'dataset'>, { rows }: WantedRun): number {
  return rows ?? dataset.rows ?? defaultRows
}

/** The selection of a config, with as many rows as were asked for. */
export function selectionOf(
  { dataset: { select } }: Pick<Prepared, 'dataset'>,
  { rows }: Pick<WantedRun, 'rows'>,
): SelectConfig | null {
  return select === null || rows === undefined ? select : { ...select, target: rows }
}

/** The selection a stored run was made with. */
function storedSelection(config: string): SelectConfig | null {
  const stored = parseJson(config)
  const select = stored instanceof Map ? (stored.get('select') ?? null) : null
  return select === null
    ? null
    : selectSchema.parse(Object.fromEntries(select as ReadonlyMap<string, unknown>))
}

/** Where a config and its plugins are, from a run folder. */
export function sourcesOf(
  { source: { directory }, plugins }: Prepared,
  runDirectory: string,
): RunSources {
  return {
    directory,
    directoryFromRun: directory === null ? null : wayFrom(runDirectory, directory),
    plugins: plugins.map((plugin) => {
      const { reference } = plugin
      if (reference === null) return plugin
      const fromRun = wayFrom(runDirectory, reference.folder)
      return { ...plugin, reference: { ...reference, fromRun } }
    }),
  }
}

function storedColumns(graph: Graph): ColumnSettings[] {
  return graph.columns.map(({ name, type, fingerprint, material, drop, pure, filter }) => ({
    name,
    type,
    fingerprint,
    material,
    drop,
    ...(pure ? { pure } : {}),
    ...(filter === null ? {} : { hidden: true }),
  }))
}

/** Columns whose scores are counted together: those of each agreement, and each judge by itself. */
function comparedIn({ columns, agreements }: Graph): string[][] {
  const judges = columns.filter(({ scores }) => scores.length > 0).map(({ name }) => [name])
  const together = new Map(
    [...judges, ...agreements.map((one) => [...one.columns])].map((names) => [
      names.join('\n'),
      names,
    ]),
  )
  return [...together.values()]
}

/**
 * The config as it is kept in the run folder: without providers, whose headers may hold secrets;
 * what they send along stands with the models.
 */
function storedConfig(
  config: DatasetConfig,
  dataset: ResolvedDataset,
  select: SelectConfig | null,
): string {
  const {
    model_providers: _providers,
    mcp_providers: _servers,
    tool_configs: _tools,
    // What a request costs is kept with its usage; prices change and the dataset does not.
    prices: _prices,
    seed,
    select: _select,
    model_configs: _models,
    ...rest
  } = config
  const models = dataset.models.map((model) => selfContained(dataset, model))
  const isDefault =
    dataset.models === builtInModels && models.every((model, at) => model === builtInModels[at])
  const literal = {
    ...rest,
    tool_configs: dataset.toolConfigs,
    model_configs: isDefault ? [] : models.map(writtenModel),
    ...(seed === null ? {} : { seed }),
    ...(select === null ? {} : { select }),
  } as unknown as Literal
  return stringifyJson(valueOf(literal))
}

export interface ResumeOptions extends WantedRun {
  /** Whether the target may become smaller. */
  shrink: boolean
}

/** The target a stored run continues with; refuses what would not be the same dataset. */
export function resumedRows(
  stored: RunSettings,
  prepared: Prepared,
  options: ResumeOptions,
): number {
  refuseOtherSettings(stored, prepared, options)
  const before = storedSelection(stored.config)?.target ?? stored.rows
  const target = selectionOf(prepared, options)?.target
  const rows = target ?? options.rows ?? prepared.dataset.rows ?? stored.rows
  if (rows < before && !options.shrink) {
    throw new RowsmithError(
      'target-too-small',
      `rows: the run was planned for ${before}, and ${rows} were requested`,
      {
        hints: [
          `Ask for at least ${before} rows, or add --shrink: rows beyond the new target stay in the run folder and out of the dataset.`,
        ],
      },
    )
  }
  return rows
}

export interface VersionOptions {
  wanted: Pick<WantedRun, 'rows'>
  /** Those that each column has: so many are kept of one that continues with what it has. */
  cells: number
}

/** The version of the config that a stored run continues with; null where it is the one it has. */
export function newVersion(
  stored: RunSettings,
  prepared: Prepared,
  options: VersionOptions,
): ConfigVersion | null {
  const version = versionOf(stored, prepared, options)
  const { columns, config, kept = [] } = version
  const same =
    columns.map(placeOf).join('\n') === stored.columns.map(placeOf).join('\n') &&
    changeable.every((part) => partIn(config, part) === partIn(stored.config, part)) &&
    kept.length === (stored.kept ?? []).length
  return same ? null : version
}

/** A config as a version of a stored run, whether it is the one it has or not. */
export function versionOf(
  stored: RunSettings,
  prepared: Prepared,
  { wanted, cells }: VersionOptions,
): ConfigVersion {
  const { graph, seedIdentity } = prepared
  return {
    config: storedConfig(prepared.config, prepared.dataset, selectionOf(prepared, wanted)),
    columns: storedColumns(graph),
    compared: comparedIn(graph),
    seedIdentity,
    kept: [...(stored.kept ?? []), ...newlyKept(stored, graph, cells)],
  }
}

/** Columns that stand for what they were before from now on. */
function newlyKept({ kept = [] }: RunSettings, { columns }: Graph, cells: number): KeptColumn[] {
  const known = new Set(kept.map(({ fingerprint }) => fingerprint))
  return columns.flatMap(({ name, ownFingerprint, fingerprint: standsFor, material }) =>
    ownFingerprint === standsFor || known.has(ownFingerprint)
      ? []
      : [{ name, fingerprint: ownFingerprint, material, standsFor, cells }],
  )
}

function placeOf({ fingerprint, drop, hidden }: ColumnSettings): string {
  return `${fingerprint} ${drop} ${hidden === true}`
}

/** Parts of a config in addition to the columns that decide no cell. */
const changeable = ['processors', 'profilers', 'agreement', 'select']

function partIn(config: string, part: string): string {
  const stored = parseJson(config)
  return stringifyJson((stored instanceof Map ? stored.get(part) : null) ?? [])
}

function refuseOtherSettings(
  stored: RunSettings,
  { dataset, runConfig }: Prepared,
  { seed }: ResumeOptions,
): void {
  const wantedSeed = seed ?? dataset.seed ?? stored.seed
  if (wantedSeed !== stored.seed) {
    throw changed('seed', stored.seed, wantedSeed)
  }
  // A part size that only follows from another buffer_size was not asked for.
  const given = runConfig.part_rows !== partRowsFor(runConfig.buffer_size)
  if (given && runConfig.part_rows !== stored.partRows) {
    throw changed('part_rows', stored.partRows, runConfig.part_rows)
  }
}

function changed(field: string, before: bigint | number, now: bigint | number): RowsmithError {
  return new RowsmithError(
    'settings-changed',
    `${field}: the run was made with ${before}, and ${now} was requested`,
    {
      hints: [
        `Omit ${field} to continue with ${before}, or start a new run next to this one with --fresh.`,
      ],
    },
  )
}
