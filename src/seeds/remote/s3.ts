import { z } from 'zod'
import { matchesPath, prefixOf } from './path-pattern.ts'
import { withForm } from '../../config/json-form.ts'
import { oneOf, refuse, text } from '../../config/scalars.ts'
import { compareText } from '../../util/json.ts'
import { defineSeedSource, SeedFault, type SeedContext, type SeedSource } from '../define.ts'
import { endingsOf, isSeedName } from '../format-of.ts'
import type { SeedFormat } from '../formats/define.ts'
import { delimiter } from '../open-files.ts'
import { openRemoteSeed, type RemoteSearch, stampRemoteSeed } from './open-remote.ts'
import { refuseOthers, type RemoteAuth, type RemoteClient, textOf } from './remote-client.ts'
import { entryAt, type RemoteEntry } from './remote-entry.ts'
import { readListing } from './s3-listing.ts'

function schemaFor(formats: readonly SeedFormat[]) {
  return z
    .object({
      seed_type: oneOf(['s3']).describe('Kind of source.'),
      path: bucketPath().describe(
        `s3://bucket/key of a file ending in ${endingsOf(formats).join(', ')}, also compressed, or a pattern of several (s3://bucket/data/*.parquet).`,
      ),
      endpoint: text({ nonEmpty: true })
        .nullish()
        .describe(
          'The URL of an S3-compatible store; by default AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, or AWS.',
        ),
      region: text({ nonEmpty: true })
        .nullish()
        .describe('By default AWS_REGION or AWS_DEFAULT_REGION, or us-east-1.'),
      delimiter: delimiter(),
    })
    .describe('Files in a bucket of S3, or of a compatible store.')
}

function bucketPath(): z.ZodType<string> {
  const schema = text({ nonEmpty: true }).transform((written, context) => {
    if (/^s3:\/\/[^/\s]+\/./.test(written)) return written
    return refuse(context, written, { code: 'wrong-format', expected: 's3://bucket/key' })
  })
  return withForm(schema, { json: { type: 'string', pattern: '^s3://[^/\\s]+/.' } })
}

interface Source {
  path: string
  endpoint?: string | null | undefined
  region?: string | null | undefined
  delimiter?: string | null | undefined
}

/** Files of a bucket, asked for with the keys in the environment, or by anybody. */
export function createS3Source(formats: readonly SeedFormat[]): SeedSource {
  const searchFor = (source: Source): RemoteSearch => ({
    formats,
    delimiter: source.delimiter ?? null,
    find: async (client, context) => ({
      entries: await findObjects(client, source, { context, formats }),
    }),
  })
  return defineSeedSource({
    type: 's3',
    schema: schemaFor(formats),
    open: (source, context) => openRemoteSeed(searchFor(source), context),
    stamp: (source, context) => stampRemoteSeed(searchFor(source), context),
  })
}

/** Where a bucket is and who asks. */
interface Bucket {
  readonly name: string
  /** Ends with a slash. */
  readonly address: string
  readonly auth: RemoteAuth
  readonly wayIn: string
}

async function findObjects(
  client: RemoteClient,
  source: Source,
  { context, formats }: { context: SeedContext; formats: readonly SeedFormat[] },
): Promise<RemoteEntry[]> {
  const [, name = '', pattern = ''] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(source.path) ?? []
  const bucket = bucketOf(name, source, context)
  const prefix = prefixOf(pattern)
  if (prefix === pattern) return [await lookAtObject(client, bucket, pattern, context.signal)]
  const entries: RemoteEntry[] = []
  for await (const object of listObjects(client, bucket, prefix, context.signal)) {
    if (!matchesPath(pattern, object.key) || object.key.endsWith('/')) continue
    entries.push({
      url: addressOf(bucket, object.key),
      auth: bucket.auth,
      label: `s3://${name}/${object.key}`,
      name: object.key,
      sizeBytes: object.size,
      etag: object.etag,
      mark: `s3://${name}/${object.key}, ${object.etag}, ${object.size} bytes`,
      content: `etag ${object.etag}, ${object.size} bytes`,
      ranges: true,
      wayIn: bucket.wayIn,
    })
  }
  if (entries.length === 0) {
    throw new SeedFault('seed-missing', `no key matches ${source.path}`, {
      suggestion: `rowsmith searches keys that begin with ${prefix === '' ? 'anything' : prefix}; upper and lower case differ.`,
    })
  }
  const seeds = entries.filter((entry) => isSeedName(entry.name, formats))
  return (seeds.length > 0 ? seeds : entries).sort((a, b) => compareText(a.name, b.name))
}

function lookAtObject(
  client: RemoteClient,
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<RemoteEntry> {
  const { auth, wayIn, name } = bucket
  const place = { url: addressOf(bucket, key), auth, label: `s3://${name}/${key}`, wayIn }
  return entryAt(client, place, signal)
}

function bucketOf(
  name: string,
  { endpoint, region }: Source,
  { environment = {} }: SeedContext,
): Bucket {
  const own = endpoint ?? (environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'])
  if (own !== undefined && own !== '' && !/^https?:$/.test(URL.parse(own)?.protocol ?? '')) {
    throw new SeedFault('wrong-format', `${own} is not an address of a store`, {
      field: 'endpoint',
      suggestion: 'Write it as http://localhost:9000 or https://….',
    })
  }
  const where =
    region ?? (environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || 'us-east-1')
  const base = own === undefined || own === '' ? `https://s3.${where}.amazonaws.com` : own
  return {
    name,
    address: `${base.replace(/\/+$/, '')}/${encodeURIComponent(name)}/`,
    auth: authOf(environment, where),
    wayIn:
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones), and region to that of the bucket.',
  }
}

function authOf(
  environment: Readonly<Record<string, string | undefined>>,
  region: string,
): RemoteAuth {
  const {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_SESSION_TOKEN: token,
  } = environment
  if (!id || !secret) return { kind: 'none' }
  return {
    kind: 'aws',
    accessKeyId: id.trim(),
    secretAccessKey: secret.trim(),
    sessionToken: token ? token.trim() : null,
    region,
  }
}

function addressOf({ address }: Bucket, key: string): string {
  // As a signature has it: all but letters, digits and -._~ by their bytes.
  const path = key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replaceAll(
        /[!'()*]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
  return address + path.join('/')
}

async function* listObjects(
  client: RemoteClient,
  { address, auth, name, wayIn }: Bucket,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<{ key: string; etag: string; size: number }> {
  for (let next: string | null = ''; next !== null;) {
    const url = new URL(address)
    url.searchParams.set('list-type', '2')
    url.searchParams.set('encoding-type', 'url')
    url.searchParams.set('prefix', prefix)
    if (next !== '') url.searchParams.set('continuation-token', next)
    // A space is %20 where it is signed.
    const reply = await client.get({ url: url.href.replaceAll('+', '%20'), auth }, signal)
    await refuseOthers(reply, `the list of s3://${name}/${prefix}`, wayIn)
    const listing = readListing(await textOf(reply))
    if (listing.next === '') throw withoutNext(name, prefix)
    yield* listing.objects
    next = listing.next
  }
}

/** Asking without a token would give the first page again. */
function withoutNext(name: string, prefix: string): SeedFault {
  return new SeedFault(
    'seed-unreachable',
    `the list of s3://${name}/${prefix} is cut off, without a reference to its continuation`,
    {
      field: 'endpoint',
      suggestion: 'Check that endpoint is an S3-compatible store, or name one key.',
    },
  )
}
