import { isMediaPath } from '../graph/media.ts'
import type { HubFile } from '../seeds/remote/hub-api.ts'
import type { RemoteClient } from '../seeds/remote/remote-client.ts'
import { besideFolder, datasetFolder } from '../store/ledger-dataset.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Committer } from './commit-files.ts'
import { isSameFile } from './file-hash.ts'
import type { HubAccess } from './hub-access.ts'
import { datasetAt, findBranch } from './repository.ts'
import { type LocalFile, runFileNames } from './run-content.ts'

/** The branch that a push goes to, as it was found. */
export interface PushTarget {
  /** Null where a dry run found no branch. */
  readonly commit: string | null
  readonly files: ReadonlyMap<string, HubFile>
  /** The repository is new. */
  readonly created: boolean
}

export interface TargetOptions {
  revision: string
  /** Whether a new repository is private; as its owner's settings say when left out. */
  isPrivate: boolean | undefined
  /** A repository that does not exist is created. */
  create: boolean
  signal: AbortSignal
}

/** Finds the branch of a push, or creates it; null for `committer` changes nothing. */
export async function openTarget(
  client: RemoteClient,
  access: HubAccess,
  committer: Committer | null,
  { revision, isPrivate, create, signal }: TargetOptions,
): Promise<PushTarget> {
  const dataset = datasetAt(access)
  const found = await findBranch(client, dataset, revision, signal)
  if (found !== null) return { ...found, created: false }
  const main = revision === 'main' ? null : await findBranch(client, dataset, 'main', signal)
  const created = main === null
  if (created && !create) throw absent(access)
  if (committer === null) return { commit: null, files: main?.files ?? new Map(), created }
  if (created) await committer.createRepository(isPrivate)
  if (revision !== 'main') await committer.createBranch(revision)
  const made = await findBranch(client, dataset, revision, signal)
  if (made === null) throw absent(access)
  return { ...made, created }
}

function absent({ repository, endpoint }: HubAccess): RowsmithError {
  return new RowsmithError('hub-refused', `${endpoint} has no dataset ${repository}`, {
    hints: ['Check the name, or push without --no-create to create it.'],
  })
}

/** What of some files a repository lacks, and how many of them it has. */
export async function compareFiles(
  files: readonly LocalFile[],
  remote: PushTarget['files'],
): Promise<{ changed: LocalFile[]; unchanged: number }> {
  const changed: LocalFile[] = []
  for (const file of files) {
    const there = remote.get(file.path)
    if (there === undefined || !(await isSameFile(file, there))) changed.push(file)
  }
  return { changed, unchanged: files.length - changed.length }
}

const dataFile = new RegExp(
  `^(?:${datasetFolder}|${besideFolder}/[^/]+)/[^/]+-\\d{5}-of-\\d{5}\\.parquet$`,
)
const runFile = /^(?:parts\/part-[^/]+\.parquet|seed\/[^/]+)$/
const runFiles: ReadonlySet<string> = new Set(runFileNames)

/** Files of an earlier push that a push has no longer: a smaller dataset has fewer of them. */
export function staleFiles(
  files: readonly LocalFile[],
  remote: PushTarget['files'],
): readonly string[] {
  const own = new Set(files.map(({ path }) => path))
  const hasRun = remote.has('ledger.sqlite')
  return [...remote.keys()].filter((path) => {
    if (own.has(path)) return false
    return (
      dataFile.test(path) ||
      isMediaPath(path) ||
      (hasRun && (runFile.test(path) || runFiles.has(path)))
    )
  })
}

/** The data of somebody else would be replaced. */
export function refuseForeign({ repository }: HubAccess, remote: PushTarget['files']): void {
  if (remote.has('rowsmith.json')) return
  const foreign = [...remote.keys()].find((path) => /\.(?:parquet|jsonl?|csv|arrow)$/.test(path))
  if (foreign === undefined) return
  throw new RowsmithError(
    'folder-foreign',
    `${repository} has data that no push of rowsmith made, such as ${foreign}`,
    { hints: ['Push to another name, or add --force to push into it.'] },
  )
}
