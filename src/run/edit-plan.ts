import type { Graph, GraphColumn } from '../graph/graph.ts'
import { isSideMaterial, modelNames } from '../report/mixed-columns.ts'
import type { ForeseenChange } from '../store/ledger-foresee.ts'
import type { ColumnSettings, RunSettings } from '../store/run-settings.ts'
import {
  type ConfigDifference,
  configDifferences,
  materialDifferences,
} from './config-difference.ts'
import type { ConfigVersion } from '../store/ledger-config.ts'

/** The effect of another config on an existing run. */
export interface EditPlan {
  /** Where it differs from the one of the run. */
  readonly differences: readonly ConfigDifference[]
  /** The columns of both, side columns with those that fill them. */
  readonly columns: readonly EditedColumn[]
  /** Rows below the target that are made, or looked at again. */
  readonly rows: number
  /** Cells that are made because of the change. */
  readonly cells: number
  /** About how many requests the missing cells need. */
  readonly requests: number
}

/** A column that an edit of the config adds, changes, keeps or removes. */
export interface EditedColumn {
  readonly name: string
  /** `follows`: it reads a column that changed. `kept`: it changed, and its cells are used. */
  readonly change: 'same' | 'new' | 'changed' | 'follows' | 'kept' | 'gone'
  /** The column that it reads and that changed first, for `follows`. */
  readonly reads: string | null
  /** Whether its cells cost nothing. */
  readonly free: boolean
  /** About how many cells must be made; of a free column that did not change none. */
  readonly cells: number
  /** About how many requests they need. */
  readonly requests: number
  /** The models that wrote its cells and those that would now; null where they are the same. */
  readonly models: { readonly before: string; readonly now: string } | null
}

export interface EditInput {
  stored: RunSettings
  seedParts: SeedParts
  version: ConfigVersion
  graph: Graph
  foreseen: ForeseenChange
}

/** Identities of the sources that the seed has, and would have, the joined ones last. */
export interface SeedParts {
  readonly before: readonly string[]
  readonly now: readonly string[]
}

export function planEdit({ stored, version, graph, foreseen, seedParts }: EditInput): EditPlan {
  const columns = [...editedColumns(stored, graph, foreseen), ...goneColumns(stored, graph)]
  const sum = (of: readonly EditedColumn[], pick: (column: EditedColumn) => number): number =>
    of.reduce((total, column) => total + pick(column), 0)
  return {
    differences: allDifferences({ stored, version, graph, seedParts }),
    columns,
    rows: foreseen.undecided,
    cells: sum(columns.filter(isMade), ({ cells }) => cells),
    requests: sum(columns, ({ requests }) => requests),
  }
}

/** Whether cells of a column are made that existed before or were not needed. */
export function isMade({ change }: EditedColumn): boolean {
  return change === 'new' || change === 'changed' || change === 'follows'
}

/** Whether a change needs the user's consent: it makes cells or removes a column. */
export function needsConsent({ columns }: EditPlan): boolean {
  return columns.some((column) => isMade(column) || column.change === 'gone')
}

/** Aliases that receive requests for missing cells. */
export function askedAliases(graph: Graph, foreseen: ForeseenChange): string[] {
  const asked = graph.columns.filter(({ id }) => (foreseen.missing[id] ?? 0) > 0)
  return [...new Set(asked.flatMap(({ routes }) => routes.map(({ name }) => name)))]
}

function storedByName({ columns }: RunSettings): Map<string, ColumnSettings> {
  return new Map(
    columns.filter(({ hidden }) => hidden !== true).map((column) => [column.name, column]),
  )
}

function editedColumns(
  stored: RunSettings,
  graph: Graph,
  { missing }: ForeseenChange,
): EditedColumn[] {
  const before = storedByName(stored)
  const isChanged = ({ name, fingerprint }: GraphColumn): boolean =>
    before.get(name)?.fingerprint !== fingerprint
  return graph.order.flatMap((id) => {
    const column = graph.columns[id]
    // Side columns follow the column that fills them; filters are not columns of the config.
    if (column === undefined || column.producer !== null || column.filter !== null) return []
    const old = before.get(column.name)
    const reads = column.upstream
      .flatMap((above) => graph.columns[above] ?? [])
      .find((above) => above.filter === null && isChanged(above))
    const change = changeOf(column, old, stored)
    const making = isMade({ change } as EditedColumn)
    const cells = column.pure && !making ? 0 : (missing[id] ?? 0)
    const models = old === undefined ? null : modelsOf(latestMaterial(stored, old), column.material)
    return {
      name: column.name,
      change,
      reads: change === 'follows' ? (reads?.name ?? null) : null,
      free: column.routes.length === 0,
      cells,
      requests: requestsOf(column, cells),
      models: change === 'changed' || change === 'kept' ? models : null,
    }
  })
}

/** What the latest cells of a column were made from; older cells may have other origins. */
function latestMaterial(
  { kept = [] }: RunSettings,
  { fingerprint, material }: ColumnSettings,
): string {
  return kept.findLast(({ standsFor }) => standsFor === fingerprint)?.material ?? material
}

function changeOf(
  { fingerprint, ownFingerprint, material }: GraphColumn,
  old: ColumnSettings | undefined,
  { kept = [] }: RunSettings,
): EditedColumn['change'] {
  if (old === undefined) return 'new'
  if (old.fingerprint !== fingerprint) return old.material === material ? 'follows' : 'changed'
  const known = kept.some((one) => one.fingerprint === ownFingerprint)
  return fingerprint === ownFingerprint || known ? 'same' : 'kept'
}

function goneColumns(stored: RunSettings, { byName }: Graph): EditedColumn[] {
  return [...storedByName(stored).values()]
    .filter(({ name, material }) => !byName.has(name) && !isSideMaterial(material))
    .map(({ name, pure }) => ({
      name,
      change: 'gone',
      reads: null,
      free: pure === true,
      cells: 0,
      requests: 0,
      models: null,
    }))
}

/** Requests that cells of a column need at least. */
export function requestsOf({ requests, config }: GraphColumn, cells: number): number {
  if (requests === 'none') return 0
  const { batch_size: size } = config as { batch_size?: unknown }
  return requests === 'shared' && typeof size === 'number' ? Math.ceil(cells / size) : cells
}

/** Differences of the config, and of what else columns are made from. */
function allDifferences({
  stored,
  version,
  graph,
  seedParts,
}: Omit<EditInput, 'foreseen'>): ConfigDifference[] {
  const written = configDifferences(stored.config, version.config)
  const before = storedByName(stored)
  const content = seedDifferences(seedParts)
  // A model and the seed have one place in the config, and many columns.
  const tellsModels = written.some(({ place }) => /^(model|tool)_configs\b/.test(place))
  const tellsSeed =
    content.length > 0 || written.some(({ place }) => place.startsWith('seed_config'))
  const beside = graph.columns.flatMap(({ name, fingerprint, material, filter, producer }) => {
    const old = before.get(name)
    if (filter !== null || producer !== null || old === undefined) return []
    const latest = latestMaterial(stored, old)
    if (old.fingerprint === fingerprint || latest === material) return []
    const told = written.some(({ place }) => `${place}.`.startsWith(`columns.${name}.`))
    const parts = ['loaded', 'plugin', ...(tellsModels || told ? [] : ['identity'])]
    const found = materialDifferences(name, latest, material, parts)
    if (found.length > 0 || told || tellsModels || tellsSeed) return found
    return materialDifferences(name, latest, material, ['column'])
  })
  return [...written, ...content, ...beside]
}

/** The sources whose content changed; the config says how they are joined. */
function seedDifferences({ before, now }: SeedParts): ConfigDifference[] {
  return now.flatMap((identity, at): ConfigDifference[] => {
    const old = before[at]
    if (old === undefined || old === identity) return []
    const place = at === 0 ? 'seed_config.source' : `seed_config.join[${at - 1}].source`
    return [
      {
        place,
        lines: [`- content ${old.slice(0, 12)}…`, `+ content ${identity.slice(0, 12)}…`],
        values: [old, identity],
      },
    ]
  })
}

/** The models of a column by its material, where they are others. */
function modelsOf(before: string, now: string): EditedColumn['models'] {
  const [old, fresh] = [modelNames(before), modelNames(now)]
  return old === fresh || old === '' || fresh === '' ? null : { before: old, now: fresh }
}
