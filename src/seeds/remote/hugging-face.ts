import { z } from 'zod'
import { withForm } from '../../config/json-form.ts'
import { oneOf, refuse, text } from '../../config/scalars.ts'
import { compareText } from '../../util/json.ts'
import { nearest } from '../../util/near-miss.ts'
import { defineSeedSource, SeedFault, type SeedContext, type SeedSource } from '../define.ts'
import type { SeedFormat } from '../formats/define.ts'
import { delimiter } from '../open-files.ts'
import {
  addressOfFile,
  type HubDataset,
  hubEndpoint,
  type HubFile,
  listTree,
  resolveRevision,
} from './hub-api.ts'
import { authOfHub } from './hub-token.ts'
import {
  openRemoteSeed,
  type RemoteFiles,
  type RemoteSearch,
  stampRemoteSeed,
} from './open-remote.ts'
import { matchesPath, prefixOf } from './path-pattern.ts'
import type { RemoteClient } from './remote-client.ts'
import type { RemoteEntry } from './remote-entry.ts'

const schema = z
  .object({
    seed_type: oneOf(['hf']).describe('Kind of source.'),
    path: datasetPath().describe(
      'datasets/owner/name/path of a file or a pattern of several; datasets/owner/name alone for the Parquet files the Hub makes of a dataset. The path may begin with hf://, and the name may end with @revision.',
    ),
    revision: text({ nonEmpty: true })
      .nullish()
      .describe('A branch, a tag or a commit; main by default.'),
    config: text({ nonEmpty: true })
      .nullish()
      .describe(
        'With a dataset alone: which of its subsets; by default its only one, or `default`.',
      ),
    split: text({ nonEmpty: true })
      .nullish()
      .describe('With a dataset alone: which split; train by default.'),
    token: text({ nonEmpty: true })
      .nullish()
      .describe('The environment variable with the token; HF_TOKEN by default.'),
    endpoint: text({ nonEmpty: true })
      .nullish()
      .describe('The URL of the Hub; by default HF_ENDPOINT, or https://huggingface.co.'),
    delimiter: delimiter(),
  })
  .describe('Files of a dataset on the Hugging Face Hub.')

const pathForm = /^(?:hf:\/\/)?datasets\/([^/@\s]+(?:\/[^/@\s]+)?)(?:@([^/\s]+))?(?:\/(.*))?$/s

function datasetPath(): z.ZodType<string> {
  const known = text({ nonEmpty: true }).transform((written, context) => {
    if (pathForm.test(written)) return written
    return refuse(context, written, {
      code: 'wrong-format',
      expected: 'datasets/owner/name/path, such as datasets/squad/plain_text/*.parquet',
    })
  })
  return withForm(known, { json: { type: 'string', pattern: '^(?:hf://)?datasets/[^/\\s]+' } })
}

type Source = z.output<typeof schema>

/** Files of a dataset on a Hub. */
export function createHubSource(formats: readonly SeedFormat[]): SeedSource {
  const searchFor = (source: Source): RemoteSearch => ({
    formats,
    delimiter: source.delimiter ?? null,
    find: (client, context) => findFiles(client, source, context),
  })
  return defineSeedSource({
    type: 'hf',
    schema,
    open: (source, context) => openRemoteSeed(searchFor(source), context),
    stamp: (source, context) => stampRemoteSeed(searchFor(source), context),
  })
}

/** What a path says: a dataset, the revision, and the files of it. */
interface HubPath {
  readonly repository: string
  readonly revision: string | null
  /** Empty for the whole dataset. */
  readonly files: string
}

function readPath(path: string): HubPath {
  const [, repository = '', revision = null, files = ''] = pathForm.exec(path) ?? []
  return {
    repository,
    revision: revision === null ? null : decodeURIComponent(revision),
    files: files.replace(/\/+$/, ''),
  }
}

async function findFiles(
  client: RemoteClient,
  source: Source,
  context: SeedContext,
): Promise<RemoteFiles> {
  const { signal, environment = {}, pin } = context
  const path = readPath(source.path)
  const { auth, wayIn } = authOfHub(source.token ?? null, environment)
  const dataset: HubDataset = {
    endpoint: hubEndpoint(source.endpoint, environment),
    repository: path.repository,
    auth,
    wayIn,
  }
  checkParts(source, path)
  const isWhole = path.files === ''
  const revision = isWhole ? convertedBranch : (source.revision ?? path.revision ?? 'main')
  const asked = `${dataset.endpoint}/datasets/${path.repository}@${revision}`
  const commit =
    pinnedCommit(pin, asked) ?? (await resolveRevision(client, dataset, revision, signal))
  const files = isWhole
    ? await findConverted(client, dataset, { commit, source, signal })
    : await findMatches(client, dataset, { commit, pattern: path.files, signal })
  return {
    entries: files.map((file) => entryOf(dataset, commit, file)),
    pin: `${asked} ${commit}`,
  }
}

/** A run reads the commit it began with, whatever its branch has by now. */
function pinnedCommit(pin: string | undefined, asked: string): string | null {
  return pin !== undefined && pin.startsWith(`${asked} `) ? pin.slice(asked.length + 1) : null
}

/** Where the Hub keeps the Parquet files it makes of a dataset: `config/split/0000.parquet`. */
const convertedBranch = 'refs/convert/parquet'

function checkParts({ config, split, revision }: Source, path: HubPath): void {
  const isWhole = path.files === ''
  const field = (config ?? null) !== null ? 'config' : (split ?? null) !== null ? 'split' : null
  if (!isWhole && field !== null) {
    throw new SeedFault('unused-field', `${field} is for a dataset without a path after its name`, {
      field,
      suggestion: `Leave ${field} out, or end the path with the name of the dataset.`,
    })
  }
  if (
    isWhole &&
    (revision ?? path.revision) !== null &&
    (revision ?? path.revision) !== undefined
  ) {
    throw new SeedFault(
      'unused-field',
      'a revision needs a path after the name of the dataset: the Hub makes Parquet files of the newest one only',
      { field: 'revision', suggestion: 'Add the path of the files, such as /data/*.parquet.' },
    )
  }
  if (
    revision !== null &&
    revision !== undefined &&
    path.revision !== null &&
    path.revision !== revision
  ) {
    throw new SeedFault(
      'unused-field',
      `path says revision ${path.revision}, and revision ${revision}`,
      {
        field: 'revision',
        suggestion: 'Say it once.',
      },
    )
  }
}

interface InCommit {
  readonly commit: string
  readonly signal: AbortSignal
}

async function findMatches(
  client: RemoteClient,
  dataset: HubDataset,
  { commit, pattern, signal }: InCommit & { pattern: string },
): Promise<HubFile[]> {
  // The folder down to the first sign of a pattern; of a file, the one it is in.
  const folder = prefixOf(pattern).split('/').slice(0, -1).join('/')
  const found: HubFile[] = []
  const seen: string[] = []
  for await (const file of listTree(client, dataset, { commit, folder }, signal)) {
    if (matchesPath(pattern, file.path)) found.push(file)
    else if (seen.length < 10_000) seen.push(file.path)
  }
  if (found.length > 0) return found.sort((a, b) => compareText(a.path, b.path))
  const meant = nearest(pattern, seen)
  throw new SeedFault('seed-missing', `the dataset ${dataset.repository} has no file ${pattern}`, {
    suggestion:
      meant === undefined
        ? `See ${dataset.endpoint}/datasets/${dataset.repository}/tree/${commit} for the files.`
        : `Did you mean ${meant}?`,
  })
}

async function findConverted(
  client: RemoteClient,
  dataset: HubDataset,
  { commit, source, signal }: InCommit & { source: Source },
): Promise<HubFile[]> {
  const configs = new Map<string, Map<string, HubFile[]>>()
  for await (const file of listTree(client, dataset, { commit, folder: '' }, signal)) {
    const [, config = '', split = ''] = /^([^/]+)\/([^/]+)\/[^/]+\.parquet$/.exec(file.path) ?? []
    if (config === '') continue
    const splits = configs.get(config) ?? new Map<string, HubFile[]>()
    configs.set(config, splits)
    splits.set(split, [...(splits.get(split) ?? []), file])
  }
  const only = configs.size === 1 ? [...configs.keys()][0] : undefined
  const config = source.config ?? (configs.has('default') ? 'default' : only)
  const splits = config === undefined ? undefined : configs.get(config)
  if (splits === undefined) throw notThere('config', config, [...configs.keys()], dataset)
  const split = source.split ?? (splits.size === 1 ? [...splits.keys()][0] : 'train') ?? 'train'
  // Of a large dataset, the Hub makes Parquet of the beginning only, under this name.
  const files = splits.get(split) ?? splits.get(`partial-${split}`)
  if (files === undefined) throw notThere('split', split, [...splits.keys()], dataset)
  return files.sort((a, b) => compareText(a.path, b.path))
}

function notThere(
  field: 'config' | 'split',
  wanted: string | undefined,
  known: readonly string[],
  { repository }: HubDataset,
): SeedFault {
  const list = known.slice(0, 20).join(', ')
  const message =
    wanted === undefined
      ? `the dataset ${repository} has several configs: ${list}`
      : `the dataset ${repository} has no ${field} ${wanted}`
  return new SeedFault('seed-missing', message, {
    field,
    suggestion:
      known.length === 0 ? 'Give the path of its files.' : `Write ${field}: one of ${list}.`,
  })
}

/** The commit is in the address, so it has one content for ever. */
function entryOf(dataset: HubDataset, commit: string, file: HubFile): RemoteEntry {
  const { path, size, sha256, blob } = file
  const label = `datasets/${dataset.repository}/${path}`
  return {
    url: addressOfFile(dataset, commit, path),
    auth: dataset.auth,
    label,
    name: path,
    sizeBytes: size,
    etag: null,
    // Not the commit: another one with the same file is no change.
    mark: `${label}, ${sha256 ?? blob}, ${size} bytes`,
    content: sha256 ?? `blob ${blob}`,
    ranges: true,
    wayIn: dataset.wayIn,
  }
}
