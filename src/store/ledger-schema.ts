import { DatabaseSync } from 'node:sqlite'
import { corrupt } from './ledger-corrupt.ts'

/** 'rows' in ASCII, in the header of every ledger. */
export const applicationId = 0x726f7773
export const formatVersion = 1

/** What a request cost, in every table that has it; `cost` is null where no one said. */
const usage = `input_tokens INTEGER NOT NULL, cached_input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, images INTEGER NOT NULL,
    cost REAL`

export const tables = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE session (number INTEGER PRIMARY KEY, started REAL NOT NULL, ended REAL) STRICT;
  CREATE TABLE config (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
  CREATE TABLE column_key (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    type TEXT NOT NULL, material TEXT NOT NULL) STRICT;
  CREATE TABLE config_column (
    config INTEGER NOT NULL, position INTEGER NOT NULL, column_key INTEGER NOT NULL,
    dropped INTEGER NOT NULL, pure INTEGER NOT NULL,
    PRIMARY KEY (config, position)) STRICT, WITHOUT ROWID;
  CREATE TABLE cell (
    row INTEGER NOT NULL, column_key INTEGER NOT NULL, value ANY,
    PRIMARY KEY (row, column_key)) STRICT, WITHOUT ROWID;
  -- An answered request of a cell that needs several, until the cell itself is written.
  CREATE TABLE exchange (
    row INTEGER NOT NULL, column_key INTEGER NOT NULL, turn INTEGER NOT NULL, hash TEXT NOT NULL,
    reply TEXT NOT NULL, ${usage},
    PRIMARY KEY (row, column_key, turn)) STRICT, WITHOUT ROWID;
  CREATE INDEX exchange_hash ON exchange (hash);
  CREATE TABLE failure (
    row INTEGER NOT NULL, column_key INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
    attempts INTEGER NOT NULL, raw TEXT, outcome TEXT NOT NULL, ${usage},
    PRIMARY KEY (row, column_key)) STRICT, WITHOUT ROWID;
  CREATE TABLE null_failure (
    column_key INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, raw TEXT,
    row INTEGER NOT NULL, count INTEGER NOT NULL, ${usage},
    PRIMARY KEY (column_key, code)) STRICT, WITHOUT ROWID;
  -- column_key 0: requests that were made for no column.
  CREATE TABLE usage (
    session INTEGER NOT NULL, route TEXT NOT NULL, column_key INTEGER NOT NULL,
    ok INTEGER NOT NULL, cut INTEGER NOT NULL, throttled INTEGER NOT NULL, failed INTEGER NOT NULL, ${usage},
    PRIMARY KEY (session, route, column_key)) STRICT, WITHOUT ROWID;
  CREATE TABLE decided (start INTEGER PRIMARY KEY, end INTEGER NOT NULL) STRICT;
  -- decided: JSON list of [start, end]; NULL when every row of the part is decided.
  CREATE TABLE part (
    number INTEGER PRIMARY KEY, config INTEGER NOT NULL, file TEXT, sha256 TEXT,
    bytes INTEGER NOT NULL, records INTEGER NOT NULL, accepted INTEGER NOT NULL,
    null_kept INTEGER NOT NULL, dropped INTEGER NOT NULL, rejected INTEGER NOT NULL, decided TEXT,
    null_cells TEXT NOT NULL, skipped TEXT NOT NULL) STRICT;
  CREATE INDEX part_incomplete ON part (number) WHERE decided IS NOT NULL;
  -- Level 0 is a part, level n a run of 64 of level n - 1 that are all complete.
  CREATE TABLE profile (
    level INTEGER NOT NULL, number INTEGER NOT NULL, profile TEXT NOT NULL,
    PRIMARY KEY (level, number)) STRICT, WITHOUT ROWID;
  -- The file of a part whose rows are undecided again: what it holds is not paid for twice.
  CREATE TABLE reopened (
    part INTEGER PRIMARY KEY, config INTEGER NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
    skipped TEXT NOT NULL) STRICT;
  CREATE TABLE absent (
    row INTEGER PRIMARY KEY, outcome TEXT NOT NULL, column_key INTEGER NOT NULL,
    code TEXT NOT NULL) STRICT;
  CREATE TABLE intent (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  -- Files that cells name.
  CREATE TABLE media (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  -- current = 0: the file belongs to a dataset that is older than the parts.
  CREATE TABLE dataset (
    directory TEXT NOT NULL, file TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL, current INTEGER NOT NULL, processors TEXT NOT NULL,
    PRIMARY KEY (directory, file)) STRICT, WITHOUT ROWID;
  CREATE TABLE batch (
    id INTEGER PRIMARY KEY, route TEXT NOT NULL, submission TEXT NOT NULL UNIQUE, handle TEXT,
    state TEXT NOT NULL, submitted REAL NOT NULL, ended REAL) STRICT;
  CREATE INDEX batch_open ON batch (id) WHERE ended IS NULL;
  CREATE TABLE batch_request (
    batch INTEGER NOT NULL, number INTEGER NOT NULL, row INTEGER NOT NULL,
    column_key INTEGER NOT NULL, turn INTEGER NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (batch, number)) STRICT, WITHOUT ROWID;
`

/** Refuses a ledger that has other tables or columns than this version writes. */
export function checkSchema(database: DatabaseSync): void {
  const found = readSchema(database)
  expected ??= expectedSchema()
  if (found.has('run_column')) {
    throw corrupt(
      'format',
      'the layout of a development version',
      'format version 1 in its final layout',
      ['Start the run again in another folder: this layout was never released.'],
    )
  }
  for (const [table, columns] of expected) {
    const there = found.get(table)
    if (there === undefined) throw corrupt(`table ${table}`, undefined, 'to be there')
    if (there !== columns) throw corrupt(`table ${table}: columns`, there, columns)
  }
}

let expected: ReadonlyMap<string, string> | undefined

function expectedSchema(): ReadonlyMap<string, string> {
  const memory = new DatabaseSync(':memory:')
  try {
    memory.exec(tables)
    return readSchema(memory)
  } finally {
    memory.close()
  }
}

/** The columns of every table and index, as text. */
function readSchema(database: DatabaseSync): Map<string, string> {
  const rows = database
    .prepare(
      `SELECT schema.name AS name, (
        SELECT group_concat(name, ', ') FROM (
          SELECT name, cid FROM pragma_table_info(schema.name) WHERE schema.type = 'table'
          UNION ALL
          SELECT name, seqno FROM pragma_index_info(schema.name) WHERE schema.type = 'index'
          ORDER BY 2)) AS columns
      FROM sqlite_schema AS schema WHERE schema.name NOT LIKE 'sqlite_%'`,
    )
    .all()
  return new Map(rows.map(({ name, columns }) => [String(name), String(columns)]))
}
