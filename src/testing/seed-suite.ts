import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { coerce } from '../graph/coerce.ts'
import type { OpenedSeed, SeedColumn, SeedRow, SeedSource } from '../seeds/define.ts'
import { lookAtFile, type ReadOptions, type SeedFile } from '../seeds/file.ts'
import type { FormatReading, SeedFormat } from '../seeds/formats/define.ts'
import { casesOf, checkDescribed, type ConformanceCase } from './conformance-case.ts'

/** A seed source under test, and its config. */
export interface SeedSourceSetup {
  kind: SeedSource
  /** The `source` object of a config, of a seed with at least two rows. */
  source: object
  /** Where relative paths start. */
  directory: string
  /** What a program gave for words of the source. */
  given?: ReadonlyMap<string, unknown>
}

/** The cases for one seed source, for any test runner. */
export function seedSourceSuite({
  kind,
  source,
  directory,
  given,
}: SeedSourceSetup): ConformanceCase[] {
  const parsed = kind.schema.parse(source)
  const open = (signal = fresh()): Promise<OpenedSeed> =>
    kind.open(parsed, { workingDirectory: directory, configDirectory: null, given, signal })
  const read = async (seed: OpenedSeed): Promise<SeedRow[]> =>
    gather(seed.rows({ signal: fresh() }))

  return casesOf({
    'describes its fields, for editors'() {
      return checkDescribed(kind.schema, `the source ${kind.type}`)
    },

    async 'has as many rows as it says, of the columns and types it says'() {
      const seed = await open()
      checkRows(await read(seed), seed)
    },

    async 'gives the same rows every time'() {
      const seed = await open()
      deepStrictEqual(await read(seed), await read(seed))
    },

    async 'is the same seed when it is opened again'() {
      const [one, other] = [await open(), await open()]
      strictEqual(other.identity, one.identity)
      strictEqual(other.stamp, one.stamp)
      strictEqual(await one.changed(), false)
    },

    async 'detects by its stamp alone that nothing changed, and identifies its content'() {
      const seed = await open()
      const context = { workingDirectory: directory, configDirectory: null, given, signal: fresh() }
      const stamp = await kind.stamp(parsed, context)
      strictEqual(stamp?.stamp, seed.stamp)
      strictEqual(await stamp.identity(), seed.identity)
    },

    async 'stops reading when its signal aborts'() {
      const seed = await open()
      const reason = new Error('stopped by the test')
      const rows = gather(seed.rows({ signal: AbortSignal.abort(reason) }))
      await rejects(rows, (error) => error === reason)
    },
  })
}

/** A seed format under test, and a file of it. */
export interface SeedFormatSetup {
  kind: SeedFormat
  /** A file of the format with at least two rows. */
  file: string
}

/** The cases for one seed format, for any test runner. */
export function seedFormatSuite({ kind, file: path }: SeedFormatSetup): ConformanceCase[] {
  const look = (): Promise<SeedFile> => lookAtFile(path, { label: null, compression: null })
  const open = async (
    options: ReadOptions = { signal: fresh() },
    files = 1,
  ): Promise<FormatReading> => {
    const file = await look()
    return kind.open(
      Array.from({ length: files }, () => file),
      options,
      null,
    )
  }
  const read = async (reading: FormatReading): Promise<SeedRow[]> =>
    gather(reading.rows({ signal: fresh() }))

  return casesOf({
    'has a name and endings in lower case, with the dot'() {
      ok(/^[a-z][a-z0-9_-]*$/.test(kind.name), `'${kind.name}' is not a lower-case word`)
      for (const ending of kind.endings) ok(/^\.[a-z0-9_-]+$/.test(ending), ending)
      ok(
        kind.endings.some((ending) => path.endsWith(ending)),
        'the file of the test has none of the endings',
      )
    },

    async 'has as many rows as it says, of the columns and types it says'() {
      const reading = await open()
      checkRows(await read(reading), reading)
    },

    async 'gives the same rows every time'() {
      const reading = await open()
      deepStrictEqual(await read(reading), await read(reading))
    },

    async 'reads several files as one, in their order'() {
      const [one, two] = [await open(), await open({ signal: fresh() }, 2)]
      const rows = await read(one)
      strictEqual(two.size, 2 * one.size)
      deepStrictEqual(await read(two), [...rows, ...rows])
    },

    async 'shows all of a streamed file to whoever hashes it'() {
      if (!kind.streamed) return
      const file = await look()
      let bytes = 0
      await open({ signal: fresh(), onContent: (_file, chunk) => (bytes += chunk.length) })
      strictEqual(bytes, file.sizeBytes)
    },

    async 'stops reading when its signal aborts'() {
      const reading = await open()
      const reason = new Error('stopped by the test')
      const rows = gather(reading.rows({ signal: AbortSignal.abort(reason) }))
      await rejects(rows, (error) => error === reason)
    },
  })
}

function checkRows(
  rows: readonly SeedRow[],
  { columns, size }: { readonly columns: readonly SeedColumn[]; readonly size: number },
): void {
  ok(size >= 2, `the seed of the test must have two rows or more, got ${size}`)
  strictEqual(rows.length, size)
  strictEqual(new Set(columns.map(({ name }) => name)).size, columns.length)
  for (const row of rows) {
    strictEqual(row.length, columns.length)
    for (const [at, { type }] of columns.entries()) coerce(row[at] ?? null, type)
  }
}

async function gather(batches: AsyncIterable<readonly SeedRow[]>): Promise<SeedRow[]> {
  const rows: SeedRow[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

function fresh(): AbortSignal {
  return new AbortController().signal
}
