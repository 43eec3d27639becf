import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Environment } from './provider.ts'

/** A file, or the files, of a repository of the Hub. */
export interface HubAddress {
  /** `owner/name`. */
  readonly repository: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** Inside of the repository; empty for all of it. */
  readonly path: string
}

const written = /^hf:([\w.-]+\/[\w.-]+)(?:@([\w./-]+?))?(?:\/([^@]+))?$/

/** Reads `hf:owner/name/file`, with `@revision` behind the name; null for anything else, such as a path. */
export function readHubAddress(model: string): HubAddress | null {
  const [, repository = '', revision = 'main', path = ''] = written.exec(model) ?? []
  const parts = [...repository.split('/'), ...revision.split('/'), ...path.split('/')]
  if (repository === '' || parts.some((part) => part === '.' || part === '..')) return null
  return { repository, revision, path }
}

/** Where a file is kept once it was downloaded. */
export function cachedPath(address: HubAddress, environment: Environment): string {
  const { repository, revision, path } = address
  return join(cacheFolder(process.platform, environment), 'hub', repository, revision, path)
}

/** Where the Hub's own tools keep the file, if they have it. */
export async function pathOfHubTools(
  { repository, revision, path }: HubAddress,
  environment: Environment,
): Promise<string> {
  const { HF_HUB_CACHE: cache, HF_HOME: home } = environment
  const folder = cache ?? join(home ?? join(homedir(), '.cache/huggingface'), 'hub')
  const own = join(folder, `models--${repository.replace('/', '--')}`)
  const commit = await readFile(join(own, 'refs', revision), 'utf8').catch(() => revision)
  return join(own, 'snapshots', commit.trim(), path)
}

/** A provider's own key is a token of the Hub. */
export function withToken(environment: Environment, apiKey: string | null): Environment {
  return apiKey === null ? environment : { ...environment, HF_TOKEN: apiKey }
}

/** Where programs of this platform keep what they can fetch again. */
export function cacheFolder(platform: NodeJS.Platform, environment: Environment): string {
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'rowsmith')
  const { LOCALAPPDATA: local = '', XDG_CACHE_HOME: cache = '' } = environment
  if (platform === 'win32' && local !== '') return join(local, 'rowsmith', 'Cache')
  // The XDG rules have relative paths ignored.
  return join(isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'rowsmith')
}

/** Where the file is offered; `HF_ENDPOINT` names a mirror. */
export function hubUrl({ repository, revision, path }: HubAddress, environment: Environment): URL {
  const base = (environment['HF_ENDPOINT'] ?? '').trim().replace(/\/+$/, '')
  const file = path.split('/').map(encodeURIComponent).join('/')
  const place = `${repository}/resolve/${encodeURIComponent(revision)}/${file}`
  return new URL(`${base === '' ? 'https://huggingface.co' : base}/${place}`)
}
