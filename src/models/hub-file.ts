import { access, mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteCode, storageError } from '../threads/storage-error.ts'
import type { Clock } from '../util/clock.ts'
import { untilAborted } from './deadline.ts'
import { cachedPath, type HubAddress, hubUrl, pathOfHubTools } from './hub-address.ts'
import { downloadHubFile, HubFault } from './hub-download.ts'
import type { Environment, ModelEvent } from './provider.ts'

export interface HubOptions {
  environment: Environment
  clock: Clock
  signal: AbortSignal
  onEvent: (event: ModelEvent) => void
}

/** The path of a file of the Hub, which is downloaded the first time any process asks for it. */
export async function ensureHubFile(address: HubAddress, options: HubOptions): Promise<string> {
  const { environment, clock, signal, onEvent } = options
  const path = cachedPath(address, environment)
  if (await exists(path)) return path
  const known = await pathOfHubTools(address, environment)
  if (await exists(known)) return known
  const url = hubUrl(address, environment)
  if (['1', 'true', 'yes', 'on'].includes((environment['HF_HUB_OFFLINE'] ?? '').toLowerCase())) {
    throw new HubFault(
      'model-missing',
      `${url.host}${url.pathname} is not in the cache, and HF_HUB_OFFLINE forbids to download it`,
    )
  }
  await mkdir(dirname(path), { recursive: true })
  const lock = await takeLock(`${path}.lock`, { clock, signal })
  try {
    // Whoever held the lock before may have downloaded it.
    if (await exists(path)) return path
    await downloadHubFile(url, path, {
      environment,
      clock,
      signal,
      onProgress: (bytes, totalBytes) =>
        onEvent({ type: 'download-progress', path: basename(path), bytes, totalBytes }),
    })
  } finally {
    lock.close()
  }
  return path
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

const sqliteBusy = 5
const pollMs = 200

/** The operating system owns the lock (an SQLite database held exclusively): it ends with its process. */
async function takeLock(
  path: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<DatabaseSync> {
  while (true) {
    signal.throwIfAborted()
    const database = new DatabaseSync(path, { timeout: 0 })
    try {
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return database
    } catch (error) {
      database.close()
      if (((sqliteCode(error) ?? 0) & 0xff) !== sqliteBusy) {
        throw storageError(error, `locking ${path}`)
      }
    }
    const paused = Promise.withResolvers<void>()
    const timer = clock.after(pollMs, paused.resolve)
    await untilAborted(paused.promise, signal).finally(() => timer.cancel())
  }
}
