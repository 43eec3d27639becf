import { RowsmithError } from '../util/errors.ts'
import { addConfig, type ConfigVersion, readColumns, readConfig } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import { parseStored, readCount, readText, type LedgerFile } from './ledger-file.ts'
import type { ConfigInForce } from './ledger-parts.ts'
import {
  type KeptColumn,
  recordColumn,
  rowColumn,
  type RunSettings,
  type RunSources,
  type StoredPlugin,
} from './run-settings.ts'

/** Writes what a new run is. Runs inside the transaction that makes the tables. */
export function fillLedger(ledger: LedgerFile, settings: RunSettings): void {
  const { name, seed, rows, frameRows, partRows, seedIdentity } = settings
  const { directory = null, directoryFromRun = null, plugins: used = [] } = settings
  const config = addConfig(ledger, settings)
  const plugins = pluginsText(used)
  const fields = { name, seed, rows, frameRows, partRows, config, seedIdentity, plugins }
  const compared = comparedText(settings)
  const meta = Object.entries({ ...fields, directory, directoryFromRun, compared })
  for (const [key, value] of meta) {
    if (value !== null) ledger.run('INSERT INTO meta VALUES (?, ?)', key, String(value))
  }
}

function pluginsText(plugins: readonly StoredPlugin[]): string | null {
  return plugins.length === 0 ? null : JSON.stringify(plugins)
}

function comparedText({ compared = [] }: Pick<RunSettings, 'compared'>): string | null {
  return compared.length === 0 ? null : JSON.stringify(compared)
}

/** Stores what comes with a version of the config in addition to its columns; inside a transaction. */
export function storeVersion(ledger: LedgerFile, version: ConfigVersion): void {
  const { seedIdentity, kept } = version
  const fields = {
    compared: comparedText(version),
    ...(seedIdentity === undefined ? {} : { seedIdentity }),
    ...(kept === undefined ? {} : { kept: keptText(kept) }),
  }
  for (const [key, text] of Object.entries(fields)) {
    ledger.run('DELETE FROM meta WHERE key = ?', key)
    if (text !== null) ledger.run('INSERT INTO meta VALUES (?, ?)', key, text)
  }
}

function keptText(kept: readonly KeptColumn[]): string | null {
  return kept.length === 0 ? null : JSON.stringify(kept)
}

function keptOf(text: string | undefined): Pick<RunSettings, 'kept'> {
  if (text === undefined) return {}
  const value = parseStored(text, 'meta.kept')
  if (Array.isArray(value) && value.every(isKept)) return { kept: value }
  throw corrupt('meta.kept', text, 'a JSON list of kept columns')
}

function isKept(value: unknown): value is KeptColumn {
  if (!isObject(value)) return false
  const { name, fingerprint, material, standsFor, cells } = value
  return (
    [name, fingerprint, material, standsFor].every((field) => typeof field === 'string') &&
    typeof cells === 'number' &&
    isCount(cells)
  )
}

/** Refuses settings that a run folder can't hold. */
export function checkSettings({ rows, frameRows, partRows, columns }: RunSettings): void {
  requireThat(isCount(rows), `expected a whole number of rows from 0, got ${rows}`)
  requireThat(
    isCount(frameRows) && frameRows > 0,
    `expected frames of 1 row or more, got ${frameRows}`,
  )
  requireThat(
    isCount(partRows) && partRows > 0 && partRows % frameRows === 0,
    `expected parts of a multiple of ${frameRows} rows, got ${partRows}`,
  )
  checkColumns(columns)
}

/** Refuses columns that a part file can't hold. */
export function checkColumns(columns: RunSettings['columns']): void {
  const names = new Set([rowColumn, recordColumn])
  for (const { name } of columns) {
    requireThat(
      !names.has(name),
      name === rowColumn || name === recordColumn
        ? `a column can't be named ${name}: every part file has the numbers of its rows under ${rowColumn} and ${recordColumn}`
        : `two columns are named ${name}`,
    )
    names.add(name)
  }
}

function requireThat(holds: boolean, message: string): void {
  if (!holds) throw new RowsmithError('config-invalid', message)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** The stored settings, every field checked, with what the tables know of config and columns. */
export function readSettings(ledger: LedgerFile): ConfigInForce & { settings: RunSettings } {
  const meta = new Map<string, string>()
  for (const row of ledger.all('SELECT key, value FROM meta')) {
    meta.set(readText(row, 'key', 'meta.key'), readText(row, 'value', 'meta.value'))
  }
  const frameRows = countOf(meta, 'frameRows', 1)
  const partRows = countOf(meta, 'partRows', 1)
  if (partRows % frameRows !== 0) {
    throw corrupt('meta.partRows', partRows, `a multiple of meta.frameRows (${frameRows})`)
  }
  const seed = textOf(meta, 'seed')
  if (!/^\d{1,20}$/.test(seed) || BigInt(seed) >= 1n << 64n) {
    throw corrupt('meta.seed', seed, 'a whole number from 0 below 2^64')
  }
  const config = countOf(meta, 'config', 1)
  const columns = readColumns(ledger, config)
  return {
    config,
    columns,
    settings: {
      name: textOf(meta, 'name'),
      seed: BigInt(seed),
      rows: countOf(meta, 'rows', 0),
      frameRows,
      partRows,
      config: readConfig(ledger, config),
      seedIdentity: meta.get('seedIdentity') ?? null,
      columns: columns.map(({ settings }) => settings),
      ...placesIn(meta),
      ...pluginsOf(meta.get('plugins')),
      ...comparedOf(meta.get('compared')),
      ...keptOf(meta.get('kept')),
    },
  }
}

function placesIn(
  meta: ReadonlyMap<string, string>,
): Pick<RunSettings, 'directory' | 'directoryFromRun'> {
  const directory = meta.get('directory')
  const directoryFromRun = meta.get('directoryFromRun')
  return {
    ...(directory !== undefined && { directory }),
    ...(directoryFromRun !== undefined && { directoryFromRun }),
  }
}

function comparedOf(text: string | undefined): Pick<RunSettings, 'compared'> {
  if (text === undefined) return {}
  const value = parseStored(text, 'meta.compared')
  const isNames = (names: unknown): names is string[] =>
    Array.isArray(names) && names.every((name) => typeof name === 'string')
  if (Array.isArray(value) && value.every(isNames)) return { compared: value }
  throw corrupt('meta.compared', text, 'a JSON list of lists of names')
}

function pluginsOf(text: string | undefined): Pick<RunSettings, 'plugins'> {
  if (text === undefined) return {}
  let value: unknown = null
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  if (Array.isArray(value) && value.every(isStoredPlugin)) return { plugins: value }
  throw corrupt('meta.plugins', text, 'a JSON list of plugins')
}

function isStoredPlugin(value: unknown): value is StoredPlugin {
  if (!isObject(value)) return false
  const { name, version, reference } = value
  return (
    typeof name === 'string' &&
    (version === null || typeof version === 'string') &&
    (reference === null ||
      (isObject(reference) &&
        typeof reference['written'] === 'string' &&
        typeof reference['folder'] === 'string' &&
        ['string', 'undefined'].includes(typeof reference['fromRun'])))
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Begins a session and gives its number. */
export function beginSession(ledger: LedgerFile, wallTimeMs: number): number {
  const row = ledger.write(() =>
    ledger.get('INSERT INTO session (started) VALUES (?) RETURNING number', wallTimeMs),
  )
  return readCount(row ?? {}, 'number', 'session.number')
}

export function endSession(ledger: LedgerFile, session: number, wallTimeMs: number): void {
  ledger.write(() =>
    ledger.run('UPDATE session SET ended = ? WHERE number = ?', wallTimeMs, session),
  )
}

/** Stores another target. */
export function storeTarget(ledger: LedgerFile, rows: number): void {
  requireThat(isCount(rows), `expected a whole number of rows from 0, got ${rows}`)
  ledger.write(() => {
    ledger.run("UPDATE meta SET value = ? WHERE key = 'rows'", String(rows))
    ledger.run('UPDATE dataset SET current = 0')
  })
}

/** Stores where the config and the plugins are that the run continues with. */
export function storeSources(ledger: LedgerFile, sources: RunSources): void {
  const { directory, directoryFromRun, plugins } = sources
  // A config without a file says nothing of where files are.
  const places = directory === null ? {} : { directory, directoryFromRun }
  ledger.write(() => {
    for (const [key, value] of Object.entries({ ...places, plugins: pluginsText(plugins) })) {
      ledger.run('DELETE FROM meta WHERE key = ?', key)
      if (value !== null) ledger.run('INSERT INTO meta VALUES (?, ?)', key, value)
    }
  })
}

function textOf(meta: ReadonlyMap<string, string>, key: string): string {
  const value = meta.get(key)
  if (value === undefined) throw corrupt(`meta.${key}`, value, 'a value')
  return value
}

function countOf(meta: ReadonlyMap<string, string>, key: string, least: number): number {
  const text = textOf(meta, key)
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!isCount(value) || value < least) {
    throw corrupt(`meta.${key}`, text, `a whole number from ${least}`)
  }
  return value
}
