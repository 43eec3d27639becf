import type { Registry } from '../plugins/kind-registry.ts'
import { createRemoteClient } from '../seeds/remote/remote-client.ts'
import { lookAt } from '../store/verify.ts'
import type { Clock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'
import { refuseUnknown } from '../util/refuse-unknown.ts'
import { cardText } from './card-front.ts'
import { openCommitter } from './commit-files.ts'
import { type AccessOptions, type HubAccess, openAccess, pushError } from './hub-access.ts'
import type { HubEvent } from './hub-event.ts'
import { openHubConnections } from './hub-fetch.ts'
import {
  compareFiles,
  openTarget,
  type PushTarget,
  refuseForeign,
  staleFiles,
} from './push-target.ts'
import { datasetAt, readText } from './repository.ts'
import { contentOf, type LocalFile, textFile } from './run-content.ts'

/** Options of `push`. */
export interface PushOptions extends AccessOptions {
  /** Whether a new repository is private; as its owner's settings say by default. */
  private?: boolean
  /** The branch, which is created where it does not exist; `main` by default. */
  revision?: string
  /** The message of the commit. */
  message?: string
  /** `false` refuses a repository that does not exist; it is created by default. */
  create?: boolean
  /** Pushes the ledger and the parts, too: a pull then makes a run folder again. */
  withRun?: boolean
  /** Pushes into a repository with data that no push of rowsmith made. */
  force?: boolean
  /** Compares with the repository, and changes nothing. */
  dryRun?: boolean
  signal?: AbortSignal
  onEvent?: (event: HubEvent) => void
}

const known: Record<keyof PushOptions, true> = {
  create: true,
  dryRun: true,
  endpoint: true,
  environment: true,
  force: true,
  message: true,
  onEvent: true,
  private: true,
  revision: true,
  signal: true,
  tokenEnv: true,
  withRun: true,
}

/** What a push did, or would do. */
export interface Pushed {
  repository: string
  /** The page of the dataset. */
  url: string
  revision: string
  /** The newest commit of the branch; null where a dry run found no branch. */
  commit: string | null
  /** Whether the repository was created, or would be. */
  created: boolean
  /** Files that were sent, or would be. */
  sent: { path: string; bytes: number }[]
  /** Files that the repository had with the same content. */
  unchanged: number
  /** Files of an earlier push that the dataset has no longer, removed from the repository. */
  removed: readonly string[]
}

interface PushContext {
  registry: () => Promise<Registry>
  clock: Clock
}

/** Pushes the dataset of a complete run to a repository of the Hub, with a card. */
export async function push(
  directory: string,
  repository: string,
  options: PushOptions,
  { registry, clock }: PushContext,
): Promise<Pushed> {
  refuseUnknown(options, Object.keys(known), 'push()')
  const { revision = 'main', dryRun = false, withRun = false } = options
  const signal = options.signal ?? new AbortController().signal
  const access = openAccess(repository, options)
  if (!dryRun) checkToken(access)
  const { environment } = access
  const content = await contentOf(directory, { repository, registry, withRun, environment })
  const progress = createProgressOf(options.onEvent)
  await using connections = openHubConnections({ environment, clock, onSent: progress.add })
  await using client = createRemoteClient(environment)
  const committer = dryRun ? null : await openCommitter(access, connections.fetch)
  try {
    const target = await openTarget(client, access, committer, {
      revision,
      isPrivate: options.private,
      create: options.create ?? true,
      signal,
    })
    if (options.force !== true) refuseForeign(access, target.files)
    const before = await cardOf(target)
    const card = content.redact(cardText(content.front, content.part, before))
    const files = [...content.files, textFile('README.md', card)]
    const { changed, unchanged } = await compareFiles(files, target.files)
    const removed = staleFiles(files, target.files)
    let { commit } = target
    if (committer !== null && commit !== null && changed.length + removed.length > 0) {
      refuseDamaged(changed)
      progress.expect(changed.reduce((sum, { bytes }) => sum + bytes, 0))
      commit = await committer.commit({
        files: changed,
        removed,
        branch: revision,
        parent: commit,
        message: options.message ?? `Push ${content.title} with rowsmith`,
        signal,
        onFile: progress.name,
      })
    }
    return {
      repository,
      url: `${access.endpoint}/datasets/${repository}`,
      revision,
      commit,
      created: target.created,
      sent: changed.map(({ path, bytes }) => ({ path, bytes })),
      unchanged,
      removed,
    }
  } catch (error) {
    if (signal.aborted) throw interrupted(repository)
    throw pushError(error, access)
  }

  /** What people wrote into the card of the repository stays. */
  async function cardOf({ commit, files }: PushTarget): Promise<string | null> {
    if (commit === null) return null
    return readText(client, datasetAt(access), { commit, files }, 'README.md', signal)
  }
}

function createProgressOf(onEvent: PushOptions['onEvent']): {
  expect: (totalBytes: number) => void
  add: (bytes: number) => void
  name: (path: string) => void
} {
  let bytes = 0
  let totalBytes = 0
  let path = ''
  const report = (): void => onEvent?.({ type: 'upload-progress', path, bytes, totalBytes })
  return {
    expect(total) {
      totalBytes = total
      report()
    },
    add(sent) {
      bytes += sent
      report()
    },
    name(file) {
      path = file
      report()
    },
  }
}

function checkToken({ token, variable, endpoint }: HubAccess): void {
  if (token?.startsWith('hf_') === true) return
  throw new RowsmithError(
    'hub-refused',
    token === null
      ? `a push needs a token, and ${variable} is not set`
      : `${variable} does not hold a Hub token: those begin with hf_`,
    {
      hints: [
        `Create a token with write access at ${endpoint}/settings/tokens, and set ${variable} to it.`,
      ],
    },
  )
}

/** Files of the dataset are known by their hashes: what the disk lost is not published. */
function refuseDamaged(files: readonly LocalFile[]): void {
  for (const { source, sha256 } of files) {
    if ('text' in source || sha256 === null) continue
    if (lookAt({ path: source.path, sha256 }) === 'intact') continue
    throw new RowsmithError(
      'file-damaged',
      `${source.path} is missing, or its bytes are not those of this run`,
      { hints: ['Run "rowsmith check" with --repair on the run folder, and push again.'] },
    )
  }
}

function interrupted(repository: string): RowsmithError {
  return new RowsmithError('interrupted', `the push to ${repository} was interrupted`, {
    hints: ['Run the same command again: what was sent stays there.'],
  })
}
