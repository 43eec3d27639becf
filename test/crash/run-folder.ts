import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A cell by the names tests use for it: `story 17`. */
export type CellName = `${string} ${number}`

/** What a run folder holds permanently, read from its ledger without the engine. */
export interface Durable {
  /** Cells of the ledger, of columns in the config, and every column of accepted rows. */
  cells: Set<CellName>
  /** Failures that dropped their row. */
  failures: Set<CellName>
  /** Rows with an outcome and a record. */
  accepted: Set<number>
  /** Rows with an outcome and no record. */
  absent: Set<number>
  /** Part files that count, relative to the run folder. */
  partFiles: string[]
  /** Files and folders the store still has to remove. */
  intents: string[]
}

export function readDurable(directory: string): Durable {
  using database = new DatabaseSync(join(directory, 'ledger.sqlite'), { readOnly: true })
  function all(sql: string): Record<string, unknown>[] {
    return database.prepare(sql).all()
  }
  function names(table: 'cell' | 'failure'): Set<CellName> {
    const rows = all(
      `SELECT name, row FROM ${table} JOIN column_key ON id = column_key WHERE id IN (${keys})`,
    )
    return new Set(rows.map(({ name, row }) => `${String(name)} ${Number(row)}` as const))
  }

  const keys = `SELECT column_key FROM config_column
    WHERE config = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'config')`
  const columns = all(`SELECT name FROM column_key WHERE id IN (${keys})`).map(({ name }) =>
    String(name),
  )
  const partRows = Number(all("SELECT value FROM meta WHERE key = 'partRows'")[0]?.['value'])
  const absent = new Set(all('SELECT row FROM absent').map(({ row }) => Number(row)))
  const accepted = new Set<number>()
  const cells = names('cell')
  const partFiles: string[] = []
  for (const { number, file, decided } of all('SELECT number, file, decided FROM part')) {
    const start = Number(number) * partRows
    const intervals: [number, number][] =
      typeof decided === 'string' ? JSON.parse(decided) : [[start, start + partRows]]
    for (const [from, to] of intervals) {
      for (let row = from; row < to; row += 1) if (!absent.has(row)) accepted.add(row)
    }
    if (typeof file === 'string') partFiles.push(file)
  }
  for (const row of accepted) for (const name of columns) cells.add(`${name} ${row}`)
  return {
    cells,
    failures: names('failure'),
    accepted,
    absent,
    partFiles,
    intents: all('SELECT path FROM intent').map(({ path }) => String(path)),
  }
}

/** Files of the final dataset by name, as hashes of their bytes. */
export function datasetHashes(directory: string): Record<string, string> {
  const folder = join(directory, 'data')
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, sha256(readFileSync(join(folder, name)))]),
  )
}

/** What may lie in the folder of a finished run. */
const ownNames =
  'command.json config.json data ledger.copy.sqlite ledger.sqlite ledger.sum.json lock media parts report.html rowsmith.log run.json seed'.split(
    ' ',
  )
/** What a reader of a ledger leaves next to it; the next writer takes them away. */
const readerNames = ['ledger.sqlite-shm', 'ledger.sqlite-wal']

/** Everything in a run folder that a finished run can't account for. */
export function orphans(directory: string): string[] {
  const { partFiles, intents } = readDurable(directory)
  const known = new Set(ownNames.concat(readerNames))
  return [
    ...readdirSync(directory).filter((name) => !known.has(name)),
    ...readdirSync(join(directory, 'parts')).filter((name) => !partFiles.includes(`parts/${name}`)),
    ...mediaOfNoCell(directory),
    ...intents.map((path) => `intent ${path}`),
  ]
}

/** Media files that the ledger does not know. */
function mediaOfNoCell(directory: string): string[] {
  const folder = join(directory, 'media')
  if (!existsSync(folder)) return []
  using database = new DatabaseSync(join(directory, 'ledger.sqlite'), { readOnly: true })
  const known = new Set(
    database
      .prepare('SELECT path FROM media')
      .all()
      .map(({ path }) => path),
  )
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)))
    .filter((path) => !known.has(path))
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
