import type * as HubPackage from '@huggingface/hub'
import { pathToFileURL } from 'node:url'
import { importOptional } from '../threads/optional-package.ts'
import type { HubAccess } from './hub-access.ts'
import type { LocalFile } from './run-content.ts'

/** Changes of a repository, by the package `@huggingface/hub`. */
export interface Committer {
  createRepository(isPrivate: boolean | undefined): Promise<void>
  createBranch(branch: string): Promise<void>
  /** Sends files and removes others, in commits of some files each; answers the last commit. */
  commit(changes: Changes): Promise<string>
}

interface Changes {
  readonly files: readonly LocalFile[]
  readonly removed: readonly string[]
  readonly branch: string
  /** The commit that the changes were made for: another one in the meantime is a conflict. */
  readonly parent: string
  readonly message: string
  readonly signal: AbortSignal
  /** Called with a file that a server has as a whole. */
  readonly onFile: (path: string) => void
}

/** Files of one commit; a broken push goes on behind the last one. */
const filesOfCommit = 1_000

export async function openCommitter(
  { endpoint, repository, token }: HubAccess,
  fetch: typeof globalThis.fetch,
): Promise<Committer> {
  // A package of this name exports this.
  const hub = (await importOptional(
    '@huggingface/hub',
    'a push to the Hub',
  )) as unknown as typeof HubPackage
  const common = {
    hubUrl: endpoint,
    fetch,
    repo: { type: 'dataset', name: repository },
    ...(token === null ? {} : { accessToken: token }),
  } as const

  async function commitSome(
    { branch, message, signal, onFile }: Changes,
    files: readonly LocalFile[],
    removed: readonly string[],
    parentCommit: string,
  ): Promise<string> {
    const commits = hub.commitIter({
      ...common,
      branch,
      parentCommit,
      title: message,
      abortSignal: signal,
      // Large files go by LFS, whose objects the Hub keeps when a push breaks before its commit.
      useXet: false,
      operations: [
        ...removed.map((path) => ({ operation: 'delete' as const, path })),
        ...files.map(({ path, source }) => ({
          operation: 'addOrUpdate' as const,
          path,
          content: 'text' in source ? new Blob([source.text]) : pathToFileURL(source.path),
        })),
      ],
    })
    for (;;) {
      const step = await commits.next()
      if (step.done === true) return step.value?.commit.oid ?? parentCommit
      const { value } = step
      if (value.event !== 'fileProgress' || value.state !== 'uploading') continue
      if (value.progress === 1) onFile(value.path)
    }
  }

  return {
    async createRepository(isPrivate) {
      await hub.createRepo({
        ...common,
        accessToken: token ?? '',
        ...(isPrivate === undefined ? {} : { visibility: isPrivate ? 'private' : 'public' }),
      })
    },
    createBranch: (branch) => hub.createBranch({ ...common, branch }),
    async commit(changes) {
      const { files, removed } = changes
      let { parent } = changes
      let from = 0
      do {
        const until = from + filesOfCommit
        const isLast = until >= files.length
        // What is removed was replaced: it goes with the last of what replaces it.
        parent = await commitSome(changes, files.slice(from, until), isLast ? removed : [], parent)
        from = until
      } while (from < files.length)
      return parent
    },
  }
}
