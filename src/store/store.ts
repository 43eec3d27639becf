import { stat, mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { RowsmithError } from '../util/errors.ts'
import { startWorker, type WorkerClient } from '../threads/worker-calls.ts'
import { checkFilesystem } from './filesystem.ts'
import { ledgerName, missing } from './ledger-file.ts'
import { writeConfigFile } from './config-file.ts'
import { checkSettings } from './ledger-run.ts'
import type { LedgerCalls, OpenLedger } from './ledger.worker.ts'
import { takeLock } from './lock.ts'
import { syncFolder } from './parquet-codec.ts'
import type { RunSettings } from './run-settings.ts'
import { storageError } from '../threads/storage-error.ts'
import { failedWith } from '../threads/system-error.ts'
import { createRunStore, type RunStore, type StoreOptions } from './run-store.ts'
import { removeOrphans } from './orphans.ts'

/** Makes a new run folder and opens it. The folder may exist when it is empty. */
export async function createStore(
  directory: string,
  settings: RunSettings,
  options: StoreOptions,
): Promise<RunStore> {
  checkSettings(settings)
  const path = resolve(directory)
  try {
    await mkdir(path, { recursive: true })
    await refuseForeign(path)
    await checkFilesystem(path)
    syncFolder(join(path, '..'))
  } catch (error) {
    if (isNoFolder(error)) {
      throw new RowsmithError(
        'folder-foreign',
        `${path} can't be a run folder: a file is in its place`,
        {
          cause: error,
          hints: ['Choose an empty or new folder for the run.'],
        },
      )
    }
    throw storageError(error, `making the run folder ${path}`)
  }
  return openLocked(path, options, (ledger) => {
    return ledger.call('create', join(path, ledgerName), settings, options.clock.wallTime())
  })
}

function isNoFolder(error: unknown): boolean {
  return failedWith(error, 'EEXIST', 'ENOTDIR')
}

/** Opens a run folder that exists. */
export async function openStore(directory: string, options: StoreOptions): Promise<RunStore> {
  const path = resolve(directory)
  const ledgerPath = join(path, ledgerName)
  const found = await stat(ledgerPath).catch(() => null)
  if (found === null) throw missing(ledgerPath)
  await checkFilesystem(path)
  return openLocked(path, options, (ledger) => {
    return ledger.call('open', ledgerPath, options.clock.wallTime())
  })
}

/** What a creation that was cut short can leave; the ledger itself says whether it is one. */
const ownFiles = /^(lock|lock\.json|lock-journal|ledger\.sqlite(-wal|-shm|-journal)?)$/

async function refuseForeign(directory: string): Promise<void> {
  const names = await readdir(directory)
  if (names.includes(ledgerName)) return
  const foreign = names.find((name) => !ownFiles.test(name))
  if (foreign === undefined) return
  throw new RowsmithError(
    'folder-foreign',
    `${directory} is not empty and not a run folder: it holds ${foreign}`,
    { hints: ['Choose an empty or new folder for the run.'] },
  )
}

async function openLocked(
  directory: string,
  options: StoreOptions,
  begin: (ledger: WorkerClient<LedgerCalls>) => Promise<OpenLedger>,
): Promise<RunStore> {
  const lock = takeLock(directory, options.clock.wallTime())
  const ledger = startWorker<LedgerCalls>('ledger.worker', import.meta.url)
  try {
    const opened = await begin(ledger)
    await removeOrphans(directory, ledger, opened.orphans)
    await writeConfigFile(directory, opened.settings.config)
    return createRunStore(directory, options, lock, ledger, opened)
  } catch (error) {
    await ledger.call('close', options.clock.wallTime()).catch(() => undefined)
    await ledger.end()
    lock.release()
    throw storageError(error, `opening ${directory}`)
  }
}
