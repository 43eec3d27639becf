import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { RowsmithError } from '../util/errors.ts'
import { findPlace } from './write-target.ts'

/** Refuses to write over files that hold something; pipes, devices and open files hold nothing. */
export async function refuseReplacing(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (!(await holdsSomething(path))) continue
    throw new RowsmithError('folder-foreign', `${path} exists, and the export would replace it`, {
      hints: ['Give another name, or --force (`force: true` in the library) to replace it.'],
    })
  }
}

async function holdsSomething(path: string): Promise<boolean> {
  // A path that can't be inspected is reported when it is written.
  const found = await stat(path).catch(() => null)
  if (found === null || !found.isFile() || found.size === 0) return false
  return (await findPlace(resolve(path))).kind !== 'descriptor'
}
