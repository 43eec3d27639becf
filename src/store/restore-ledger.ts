import { constants, copyFileSync, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { RowsmithError } from '../util/errors.ts'
import type { LedgerCheck } from './check-ledger.ts'
import { copyName } from './ledger-copy.ts'
import { ledgerName } from './ledger-file.ts'
import { takeLock } from './lock.ts'
import { syncFile, syncFolder } from './parquet-codec.ts'

/** What stands in the place of a damaged ledger now. */
export interface RestoredLedger {
  /** The damaged ledger, next to the run's own. */
  kept: string
  /** The copy is older than the ledger was: what a session that was killed has made since is not in it. */
  isOlder: boolean
}

/** Puts the copy of a ledger into the place of a damaged one, which stays next to it. */
export function restoreLedger(
  directory: string,
  { damage, copy }: LedgerCheck,
  wallTimeMs: number,
): RestoredLedger {
  if (copy !== 'whole' && copy !== 'older') {
    throw new RowsmithError(
      'ledger-corrupt',
      `the ledger of ${directory} is damaged (${damage}), and its copy ${copyName} is ${copy === 'none' ? 'not there' : 'damaged too'}`,
      { hints: ['Restore ledger.sqlite from a backup, or start the run again in another folder.'] },
    )
  }
  const lock = takeLock(directory, wallTimeMs)
  try {
    const path = join(directory, ledgerName)
    const kept = freeName(directory)
    const unfinished = `${path}.restoring`
    copyFileSync(join(directory, copyName), unfinished, constants.COPYFILE_FICLONE)
    syncFile(unfinished)
    for (const ending of ['-wal', '-shm', '']) {
      if (existsSync(path + ending)) renameSync(path + ending, join(directory, kept + ending))
    }
    renameSync(unfinished, path)
    syncFolder(directory)
    return { kept, isOlder: copy === 'older' }
  } finally {
    lock.release()
  }
}

function freeName(directory: string): string {
  for (let number = 1; ; number += 1) {
    const name = `ledger.damaged-${number}.sqlite`
    if (!existsSync(join(directory, name))) return name
  }
}
