import { statSync } from 'node:fs'
import { messageOf } from '../util/errors.ts'

/** Reads variables from `.env` in the working directory; those that are set already stay. */
export function readEnvironmentFile(): void {
  const found = statSync('.env', { throwIfNoEntry: false })
  // A folder of that name is someone else's: Python puts environments there.
  if (found?.isFile() !== true) return
  try {
    process.loadEnvFile('.env')
  } catch (error) {
    process.stderr.write(`rowsmith: .env can't be read: ${messageOf(error)}\n`)
  }
}
