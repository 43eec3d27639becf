import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { downloadHubFile, HubFault } from '../models/hub-download.ts'
import { addressOfFile, type HubFile } from '../seeds/remote/hub-api.ts'
import { createRemoteClient } from '../seeds/remote/remote-client.ts'
import { storageError } from '../threads/storage-error.ts'
import { isMissing } from '../threads/system-error.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'
import { counted } from '../util/format.ts'
import { refuseUnknown } from '../util/refuse-unknown.ts'
import { isSameFile } from './file-hash.ts'
import { type AccessOptions, hubError, openAccess } from './hub-access.ts'
import type { HubEvent } from './hub-event.ts'
import { datasetAt, readBranch } from './repository.ts'

/** Options of `pull`. */
export interface PullOptions extends AccessOptions {
  /** A branch, a tag or a commit; `main` by default. */
  revision?: string
  /** Replaces files that have other content. */
  force?: boolean
  clock?: Clock
  signal?: AbortSignal
  onEvent?: (event: HubEvent) => void
}

const known: Record<keyof PullOptions, true> = {
  clock: true,
  endpoint: true,
  environment: true,
  force: true,
  onEvent: true,
  revision: true,
  signal: true,
  tokenEnv: true,
}

/** What a pull did. */
export interface Pulled {
  repository: string
  dir: string
  /** The commit whose files these are. */
  commit: string
  downloaded: { path: string; bytes: number }[]
  /** Files that were there with the same content. */
  unchanged: number
  /** The folder is a run folder, which `open` reads. */
  isRun: boolean
}

/** Files that are downloaded at once. */
const filesAtOnce = 4

/** Downloads a dataset of the Hub into a folder, and verifies every byte. What is there already stays. */
export async function pull(
  repository: string,
  directory: string,
  options: PullOptions = {},
): Promise<Pulled> {
  refuseUnknown(options, Object.keys(known), 'pull()')
  const { revision = 'main', force = false, clock = systemClock } = options
  const signal = options.signal ?? new AbortController().signal
  const dir = resolve(directory)
  const access = openAccess(repository, options)
  const dataset = datasetAt(access)
  try {
    await using client = createRemoteClient(access.environment)
    const { commit, files } = await readBranch(client, dataset, revision, signal)
    const wanted = [...files.values()].filter(({ path }) => path !== '.gitattributes')
    for (const { path } of wanted) refuseUnsafe(path, repository)
    const missing = await missingFiles(dir, wanted, force)
    const totalBytes = missing.reduce((sum, { size }) => sum + size, 0)
    let before = 0
    const current = new Map<string, number>()
    await inParallel(missing, async (file) => {
      const at = join(dir, file.path)
      await mkdir(dirname(at), { recursive: true })
      await downloadHubFile(new URL(addressOfFile(dataset, commit, file.path)), at, {
        environment: { ...access.environment, HF_TOKEN: access.token ?? '' },
        clock,
        signal,
        onProgress(bytes) {
          current.set(file.path, bytes)
          const inFlight = [...current.values()].reduce((sum, one) => sum + one, 0)
          options.onEvent?.({
            type: 'download-progress',
            path: file.path,
            bytes: before + inFlight,
            totalBytes,
          })
        },
      })
      current.delete(file.path)
      before += file.size
      if (!(await isSameFile(localFile(dir, file), file))) throw damaged(at, access.endpoint)
    })
    return {
      repository,
      dir,
      commit,
      downloaded: missing.map(({ path, size }) => ({ path, bytes: size })),
      unchanged: wanted.length - missing.length,
      isRun: existsSync(join(dir, 'ledger.sqlite')),
    }
  } catch (error) {
    if (signal.aborted) {
      throw new RowsmithError('interrupted', `the pull of ${repository} was interrupted`, {
        hints: ['Run the same command again: what was downloaded is kept.'],
      })
    }
    if (error instanceof HubFault) {
      const code = error.code === 'download-failed' ? 'hub-unreachable' : 'hub-refused'
      throw new RowsmithError(code, error.message, {
        cause: error,
        hints: ['Run the same command again: what was downloaded is kept.'],
      })
    }
    throw hubError(error)
  }
}

/** Names of files are the repository's: none may lead out of the folder. */
function refuseUnsafe(path: string, repository: string): void {
  const isSafe =
    path !== '' &&
    !/[\\\0:]/.test(path) &&
    path.split('/').every((name) => name !== '' && name !== '.' && name !== '..')
  if (isSafe) return
  throw new RowsmithError(
    'hub-refused',
    `${repository} has a file ${JSON.stringify(path)}, whose path is outside the folder`,
    { hints: ['Nothing was downloaded. Do not trust this dataset.'] },
  )
}

/** What is not there yet. Other content in its place is the user's own. */
async function missingFiles(
  dir: string,
  files: readonly HubFile[],
  force: boolean,
): Promise<HubFile[]> {
  const missing: HubFile[] = []
  const others: string[] = []
  for (const file of files) {
    const at = join(dir, file.path)
    const size = await sizeOf(at)
    if (size !== null && (await isSameFile({ ...localFile(dir, file), bytes: size }, file)))
      continue
    if (size !== null) others.push(file.path)
    missing.push(file)
  }
  const [first] = others
  if (first === undefined) return missing
  const isRun = others.includes('ledger.sqlite')
  if (force && !isRun) return missing
  throw new RowsmithError(
    'folder-foreign',
    `${counted(others.length, 'file')} in ${dir} would be replaced, such as ${first}`,
    {
      hints: [
        isRun
          ? 'It is another run, or another state of it: pull into another folder.'
          : 'Pull into another folder, or add --force to replace them.',
      ],
    },
  )
}

function localFile(dir: string, { path, size }: HubFile): Parameters<typeof isSameFile>[0] {
  return { path, source: { path: join(dir, path) }, bytes: size, sha256: null }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return null
    throw storageError(error, `reading ${path}`)
  }
}

async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  let failed = false
  const workers = Array.from({ length: filesAtOnce }, async () => {
    for (const item of waiting) {
      if (failed) return
      try {
        await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  })
  const ended = await Promise.allSettled(workers)
  for (const each of ended) if (each.status === 'rejected') throw each.reason
}

function damaged(path: string, endpoint: string): RowsmithError {
  return new RowsmithError('file-damaged', `${path} differs from the file that ${endpoint} lists`, {
    hints: ['Delete it, and run the same command again.'],
  })
}
