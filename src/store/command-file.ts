import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { storageError } from '../threads/storage-error.ts'

const schema = z.object({ directory: z.string(), words: z.array(z.string()) })

/** How a run was asked for the last time: the working directory, and the words of the command. */
export type RunCommand = z.output<typeof schema>

/** Only for people who want to continue; nothing depends on the file. */
const commandName = 'command.json'

export async function keepCommand(runDirectory: string, words: readonly string[]): Promise<void> {
  const path = join(runDirectory, commandName)
  const command: RunCommand = { directory: process.cwd(), words: [...words] }
  try {
    await writeFile(`${path}.tmp`, `${JSON.stringify(command)}\n`)
    await rename(`${path}.tmp`, path)
  } catch (error) {
    throw storageError(error, `writing ${path}`)
  }
}

/** Null where a program made the run, and where the file is not what it was. */
export async function readCommand(runDirectory: string): Promise<RunCommand | null> {
  const text = await readFile(join(runDirectory, commandName), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
