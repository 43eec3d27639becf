import { z } from 'zod'
import { SeedFault } from '../define.ts'
import {
  refuseOthers,
  type RemoteAuth,
  type RemoteClient,
  type RemoteReply,
  textOf,
} from './remote-client.ts'

/** A dataset of a Hub and who asks for it. */
export interface HubDataset {
  /** Without a slash at its end. */
  readonly endpoint: string
  /** `owner/name`, or a name alone. */
  readonly repository: string
  readonly auth: RemoteAuth
  /** The way out for who is not let in. */
  readonly wayIn: string
}

export interface HubFile {
  readonly path: string
  readonly size: number
  /** SHA-256 of its content, where the Hub keeps large files; else null. */
  readonly sha256: string | null
  /** Git's id of its content. */
  readonly blob: string
}

/** The commit that a branch, a tag or a commit means. */
export async function resolveRevision(
  client: RemoteClient,
  dataset: HubDataset,
  revision: string,
  signal: AbortSignal,
): Promise<string> {
  const { endpoint, repository } = dataset
  const url = `${endpoint}/api/datasets/${repository}/revision/${encodeURIComponent(revision)}`
  const what = `the revision ${revision} of the dataset ${repository} at ${endpoint}`
  const { value } = await getJson(client, dataset, { url, what }, signal)
  const { sha } = checked(z.object({ sha: z.string().regex(/^[0-9a-f]{4,64}$/i) }), value, what)
  return sha
}

const entrySchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().default(0),
    oid: z.string().default(''),
    lfs: z.object({ oid: z.string(), size: z.number() }).nullish(),
  }),
)

/** The files below a folder of a commit, page by page. */
export async function* listTree(
  client: RemoteClient,
  dataset: HubDataset,
  { commit, folder }: { commit: string; folder: string },
  signal: AbortSignal,
): AsyncGenerator<HubFile> {
  const { endpoint, repository } = dataset
  const inner = folder === '' ? '' : `/${encodePath(folder)}`
  const what = `the folder ${folder === '' ? '/' : folder} of the dataset ${repository} at ${endpoint}`
  let url: string | null =
    `${endpoint}/api/datasets/${repository}/tree/${commit}${inner}?recursive=true&expand=false`
  while (url !== null) {
    const { value, reply } = await getJson(client, dataset, { url, what }, signal)
    for (const { type, path, size, oid, lfs } of checked(entrySchema, value, what)) {
      if (type !== 'file') continue
      yield {
        path,
        size: lfs?.size ?? size,
        sha256: lfs === null || lfs === undefined ? null : lfs.oid.replace(/^sha256:/, ''),
        blob: oid,
      }
    }
    url = nextPage(reply.headers, url)
  }
}

/** Where the content of a file is; the Hub sends on to it. */
export function addressOfFile(
  { endpoint, repository }: HubDataset,
  commit: string,
  path: string,
): string {
  return `${endpoint}/datasets/${repository}/resolve/${commit}/${encodePath(path)}`
}

/** The address of the Hub: as said, or that of the environment, without a slash at its end. */
export function hubEndpoint(
  endpoint: string | null | undefined,
  { HF_ENDPOINT: own }: Readonly<Record<string, string | undefined>>,
): string {
  const address =
    endpoint ?? (own === undefined || own.trim() === '' ? 'https://huggingface.co' : own.trim())
  if (/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return address.replace(/\/+$/, '')
  throw new SeedFault('wrong-format', `${address} is not an address of a Hub`, {
    field: 'endpoint',
    suggestion: 'Write it as https://huggingface.co.',
  })
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/** Of the header `Link: <address>; rel="next"`; only within the Hub that was asked. */
function nextPage(headers: RemoteReply['headers'], url: string): string | null {
  const { link } = headers
  const next = typeof link === 'string' ? /<([^>]+)>\s*;\s*rel="?next"?/.exec(link)?.[1] : undefined
  if (next === undefined) return null
  const found = new URL(next, url)
  return found.origin === new URL(url).origin ? found.href : null
}

async function getJson(
  client: RemoteClient,
  { auth, wayIn }: HubDataset,
  { url, what }: { url: string; what: string },
  signal: AbortSignal,
): Promise<{ value: unknown; reply: RemoteReply }> {
  const reply = await client.get({ url, auth }, signal)
  await refuseOthers(reply, what, wayIn)
  const text = await textOf(reply)
  try {
    return { value: JSON.parse(text), reply }
  } catch (error) {
    throw otherAnswer(what, error)
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw otherAnswer(what, result.error)
}

function otherAnswer(what: string, cause: unknown): SeedFault {
  return new SeedFault('seed-unreachable', `${what} had an unexpected answer`, {
    cause,
    field: 'endpoint',
    suggestion: 'Check that endpoint (or HF_ENDPOINT) is a Hub, such as https://huggingface.co.',
  })
}
