import { type RemoteAuth, type RemoteClient, shownAddress } from './remote-client.ts'
import { probeFile } from './remote-file.ts'

/** A file at an address, before anything of it is read. */
export interface RemoteEntry {
  readonly url: string
  readonly auth: RemoteAuth
  /** How messages call it. */
  readonly label: string
  /** What its ending says is its format. */
  readonly name: string
  readonly sizeBytes: number | null
  readonly etag: string | null
  /** Equal marks mean equal content; null where the server says nothing to tell by. */
  readonly mark: string | null
  /** What tells the content, where it is known without reading it. */
  readonly content: string | null
  readonly ranges: boolean
  /** The way out for who is not let in. */
  readonly wayIn: string
}

/** Asks a server for what it says of a file. */
export async function entryAt(
  client: RemoteClient,
  { url, auth, label = shownAddress(url), wayIn }: EntryPlace,
  signal: AbortSignal,
): Promise<RemoteEntry> {
  const probe = await probeFile(client, { url, auth, label, wayIn }, signal)
  const { sizeBytes, etag, modified, ranges } = probe
  const validator = etag ?? modified
  return {
    url,
    auth,
    label,
    name: new URL(url).pathname,
    sizeBytes,
    etag,
    mark: validator === null ? null : `${label}, ${validator}, ${sizeBytes} bytes`,
    content: etag === null ? null : `etag ${etag}, ${sizeBytes} bytes`,
    ranges,
    wayIn,
  }
}

interface EntryPlace {
  url: string
  auth: RemoteAuth
  label?: string
  wayIn: string
}
