import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson, stringifyJson } from '../util/json.ts'
import { storageError } from '../threads/storage-error.ts'

/** Name of the config in the run folder: for people, the ledger is the truth. */
const configFileName = 'config.json'

/** Writes the stored config where it can be read; does nothing when it stands there. */
export async function writeConfigFile(directory: string, config: string): Promise<void> {
  const path = join(directory, configFileName)
  const text = `${stringifyJson(parseJson(config), { indent: 2 })}\n`
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return
  try {
    await writeFile(`${path}.tmp`, text)
    await rename(`${path}.tmp`, path)
  } catch (error) {
    throw storageError(error, `writing ${path}`)
  }
}
