import { createHash, type Hash } from 'node:crypto'
import { z } from 'zod'
import { withForm } from '../config/json-form.ts'
import { refuse, text } from '../config/scalars.ts'
import { readContent } from './compression.ts'
import { SeedFault, type OpenedSeed, type SeedContext } from './define.ts'
import { hasChanged, readBytes, type ReadOptions, type SeedFile } from './file.ts'
import type { SeedFiles } from './find-files.ts'
import type { SeedFormat } from './formats/define.ts'
import { progressOver } from './read-progress.ts'

/** Grows whenever the same bytes give other columns or values than before. */
const readingVersion = 2

/** The field that says what stands between the fields of CSV and TSV files. */
export function delimiter(): z.ZodType<string | null | undefined> {
  const expected = 'one character, such as ";" or "\\t", except a quote and a line break'
  const character = text().transform((written, context) => {
    const meant = written === 'tab' ? '\t' : written
    if (/^[^"\r\n\ud800-\udfff]$/.test(meant)) return meant
    return refuse(context, written, { code: 'wrong-format', expected })
  })
  return withForm(character, { json: { type: 'string', pattern: '^(?:[^"\\r\\n]|tab)$' } })
    .nullish()
    .describe(
      'The separator of fields in CSV and TSV files, one character; by default, rowsmith detects it in the header.',
    )
}

/** The delimiter that a config says, where the files can have one. */
export function checkDelimiter(said: string | null, format: SeedFormat): string | null {
  if (said === null || format.hasDelimiter === true) return said
  throw new SeedFault('unused-delimiter', `${format.name} files have no delimiter`, {
    field: 'delimiter',
    suggestion: 'Leave it out; it is for CSV and TSV files.',
  })
}

/** Opens files as one seed; `stamp` and `pin` describe their origin, when they were copied from elsewhere. */
export async function openFiles(
  { format, files }: SeedFiles,
  said: string | null,
  { signal, onProgress }: SeedContext,
  { stamp = stampOf(files), pin }: { stamp?: string; pin?: string | undefined } = {},
): Promise<OpenedSeed> {
  const onBytes = onProgress === undefined ? undefined : progressOver(files, onProgress)
  const hashes = createHashes()
  if (!format.streamed) await hashBytes(files, hashes, { signal, onBytes })
  // A streamed file is read as a whole here, so it is hashed on the way.
  const reading = await format.open(files, { signal, onBytes, onContent: hashes.add }, said)
  return {
    columns: reading.columns,
    size: reading.size,
    identity: identify(format, said, hashes.of(files)),
    stamp,
    pin,
    notes: reading.notes ?? [],
    rows: ({ signal: rowsSignal, onProgress: onRowsProgress }) =>
      reading.rows({
        signal: rowsSignal,
        onBytes: onRowsProgress === undefined ? undefined : progressOver(files, onRowsProgress),
      }),
    async changed() {
      for (const file of files) if (await hasChanged(file)) return true
      return false
    },
  }
}

/** Reads all of the files, but for those whose content is known. */
export async function readIdentity(
  { format, files }: SeedFiles,
  said: string | null,
  { signal, onProgress }: SeedContext,
): Promise<string> {
  const onBytes = onProgress === undefined ? undefined : progressOver(files, onProgress)
  const hashes = createHashes()
  if (format.streamed) {
    for (const file of files) {
      for await (const chunk of readContent(file, { signal, onBytes })) hashes.add(file, chunk)
    }
  } else {
    await hashBytes(files, hashes, { signal, onBytes })
  }
  return identify(format, said, hashes.of(files))
}

async function hashBytes(
  files: readonly SeedFile[],
  hashes: Hashes,
  options: ReadOptions,
): Promise<void> {
  for (const file of files) {
    if (file.content !== undefined) continue
    for await (const chunk of readBytes(file, options)) hashes.add(file, chunk)
  }
}

interface Hashes {
  readonly add: (file: SeedFile, chunk: Buffer) => void
  /** SHA-256 of each file's content, in hex. */
  of(files: readonly SeedFile[]): string[]
}

function createHashes(): Hashes {
  const hashes = new Map<string, Hash>()
  return {
    add({ path }, chunk) {
      let hash = hashes.get(path)
      if (hash === undefined) {
        hash = createHash('sha256')
        hashes.set(path, hash)
      }
      hash.update(chunk)
    },
    of: (files) =>
      files.map(
        ({ path, content }) =>
          content ?? (hashes.get(path) ?? createHash('sha256')).copy().digest('hex'),
      ),
  }
}

/**
 * What decides a seed's rows: the format and the contents in order. Not names and places, so that
 * files can move, and not compression, so that they can be compressed later.
 */
function identify(
  { name, version }: SeedFormat,
  said: string | null,
  contents: readonly string[],
): string {
  const content = contents.length === 1 ? contents[0] : contents
  const material = JSON.stringify({
    version: readingVersion,
    format: name,
    ...(version === undefined ? {} : { formatVersion: version }),
    ...(said === null ? {} : { delimiter: said }),
    content,
  })
  return createHash('sha256').update(material).digest('hex')
}

export function stampOf(files: readonly { readonly mark: string }[]): string {
  const hash = createHash('sha256')
  for (const { mark } of files) hash.update(`${mark}\n`)
  return hash.digest('hex')
}
