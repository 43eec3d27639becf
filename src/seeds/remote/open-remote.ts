import { createHash } from 'node:crypto'
import { type OpenedSeed, type SeedContext, SeedFault } from '../define.ts'
import { lookAtFile, type SeedFile } from '../file.ts'
import type { SeedFiles } from '../find-files.ts'
import { kindOf } from '../format-of.ts'
import type { SeedFormat } from '../formats/define.ts'
import { checkDelimiter, openFiles, readIdentity } from '../open-files.ts'
import { downloadFile } from './download-cache.ts'
import { createRemoteClient, type RemoteClient } from './remote-client.ts'
import type { RemoteEntry } from './remote-entry.ts'

/** How a source finds the files of a seed. */
export interface RemoteSearch {
  readonly formats: readonly SeedFormat[]
  readonly delimiter: string | null
  find(client: RemoteClient, context: SeedContext): Promise<RemoteFiles>
}

export interface RemoteFiles {
  /** At least one, in order. */
  readonly entries: readonly RemoteEntry[]
  /** What finds them again when the addresses have other content. */
  readonly pin?: string
}

/**
 * Opens files at addresses as one seed. Parquet is read by ranges where the server gives them and
 * says by a strong mark what it gives; all others are downloaded once, and read like local ones.
 */
export async function openRemoteSeed(
  search: RemoteSearch,
  context: SeedContext,
): Promise<OpenedSeed> {
  await using client = createRemoteClient(context.environment ?? {})
  const { entries, pin } = await search.find(client, context)
  const { found, said } = await fetchFiles(entries, search, { client, context })
  return openFiles(found, said, context, { stamp: stampOfEntries(entries), pin })
}

/** What is at the addresses now; null when nothing is, or when no one can be asked. */
export async function stampRemoteSeed(
  search: RemoteSearch,
  context: SeedContext,
): Promise<{ stamp: string; identity(): Promise<string> } | null> {
  let entries: readonly RemoteEntry[]
  try {
    // The run can do without an answer, so it does not wait long for one.
    await using client = createRemoteClient(context.environment ?? {}, { attempts: 2 })
    entries = (await search.find(client, context)).entries
  } catch (error) {
    // The run folder has the rows: a source that is missing, or out of reach, is no hindrance.
    const isGone = error instanceof SeedFault && goneCodes.has(error.code)
    if (isGone && !context.signal.aborted) return null
    throw error
  }
  return {
    stamp: stampOfEntries(entries),
    async identity() {
      await using client = createRemoteClient(context.environment ?? {})
      const { found, said } = await fetchFiles(entries, search, { client, context })
      return readIdentity(found, said, context)
    },
  }
}

const goneCodes = new Set(['seed-missing', 'seed-unreachable', 'seed-forbidden'])

function stampOfEntries(entries: readonly RemoteEntry[]): string {
  const hash = createHash('sha256')
  // Without a mark nothing is equal, not even to itself a moment ago.
  for (const { mark } of entries) hash.update(`${mark ?? crypto.randomUUID()}\n`)
  return hash.digest('hex')
}

async function fetchFiles(
  entries: readonly RemoteEntry[],
  { formats, delimiter }: RemoteSearch,
  { client, context }: { client: RemoteClient; context: SeedContext },
): Promise<{ found: SeedFiles; said: string | null }> {
  const format = formatOf(entries, formats)
  const said = checkDelimiter(delimiter, format)
  const environment = context.environment ?? {}
  const totalBytes = entries.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
  const files: SeedFile[] = []
  let before = 0
  for (const entry of entries) {
    const label = entries.length > 1 ? entry.label : null
    const remote = format.streamed ? null : readWhereItIs(entry, environment)
    if (remote !== null) {
      files.push({ ...remote, label })
    } else {
      const path = await downloadFile(entry, {
        client,
        environment,
        signal: context.signal,
        onBytes(bytes) {
          const all = before + bytes
          context.onProgress?.({
            path: entry.label,
            bytes: all,
            totalBytes: Math.max(totalBytes, all),
          })
        },
      })
      const { compression } = kindOf(entry.name, formats)
      files.push(await lookAtFile(path, { label, compression }))
    }
    before += entry.sizeBytes ?? 0
  }
  return { found: { format, files }, said }
}

/** Null for a file whose server gives no ranges, or could give those of two contents. */
function readWhereItIs(
  { url, auth, label, sizeBytes, etag, content, ranges, mark }: RemoteEntry,
  environment: Readonly<Record<string, string | undefined>>,
): Omit<SeedFile, 'label'> | null {
  if (!ranges || content === null || sizeBytes === null || mark === null) return null
  const remote = { url, auth, label, sizeBytes, etag, environment: proxiesOf(environment) }
  return { path: label, compression: null, sizeBytes, mark, content, remote }
}

function proxiesOf(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => /^(?:https?|no)_proxy$/i.test(name)),
  )
}

function formatOf(entries: readonly RemoteEntry[], formats: readonly SeedFormat[]): SeedFormat {
  const [first] = entries
  if (first === undefined) throw new Error('a seed without any file')
  const { format } = kindOf(first.name, formats)
  for (const entry of entries) {
    if (kindOf(entry.name, formats).format === format) continue
    throw new SeedFault(
      'mixed-formats',
      `there are files of two formats: ${first.label} and ${entry.label}`,
      { suggestion: `Narrow the pattern to one of them, for example with *.${format.name}.` },
    )
  }
  return format
}
