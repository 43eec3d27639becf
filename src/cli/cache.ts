import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { openResponseCache, usualCacheFolder } from '../store/response-cache.ts'
import { counted, size } from '../util/format.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { createScreen } from './terminal.ts'

interface CacheFolder {
  cache?: string
}

/** Writes all answers, one a line, in the order of their keys. */
export async function exportCache(file: string, options: CacheFolder): Promise<ExitCode> {
  await using cache = await openResponseCache(options.cache ?? usualCacheFolder, {
    readOnly: true,
  })
  const { entries, bytes } = await cache.count()
  const target = file === '-' ? null : await openFile(file)
  try {
    for await (const page of cache.entries()) {
      const text = page.map(({ key, reply }) => `{"key":"${key}","reply":${reply}}\n`).join('')
      if (target === null) await toStdout(text)
      else await target.write(text)
    }
    await target?.sync()
  } finally {
    await target?.close()
  }
  tell(`${counted(entries, 'answer')} of ${cache.path} (${size(bytes)}) written to ${file}.`)
  return exitCodes.ok
}

async function openFile(file: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    return await open(file, 'w')
  } catch (error) {
    throw unusable(file, error)
  }
}

function toStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

const lineSchema = z.object({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  reply: z.looseObject({ content: z.array(z.unknown()), usage: z.looseObject({}) }),
})

/** Adds the answers of a file; refuses a line that is none with its number. */
export async function importCache(file: string, options: CacheFolder): Promise<ExitCode> {
  await using cache = await openResponseCache(options.cache ?? usualCacheFolder, {
    onFailure(message) {
      throw new RowsmithError('storage-failed', message)
    },
  })
  const before = await cache.count()
  const input = file === '-' ? process.stdin : createReadStream(file)
  const failure = Promise.withResolvers<never>()
  input.once('error', (error: unknown) => failure.reject(unusable(file, error)))
  let number = 0
  const lines = createInterface({ input, crlfDelay: Infinity })
  const read = async (): Promise<void> => {
    for await (const line of lines) {
      number += 1
      if (line.trim() === '') continue
      const { key, reply } = entryOf(line, `${file}:${number}`)
      cache.keep({ key, reply: JSON.stringify(reply) })
      if (number % 1_000 === 0) await cache.flush()
    }
  }
  await Promise.race([read(), failure.promise])
  await cache.flush()
  const { entries } = await cache.count()
  tell(
    `${counted(entries - before.entries, 'answer')} added to ${cache.path}, which has ${entries}.`,
  )
  return exitCodes.ok
}

function entryOf(line: string, place: string): z.output<typeof lineSchema> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw wrongLine(place, messageOf(error))
  }
  const entry = lineSchema.safeParse(value)
  if (entry.success) return entry.data
  throw wrongLine(place, entry.error.issues[0]?.message ?? 'its format is different')
}

function wrongLine(place: string, why: string): RowsmithError {
  return new RowsmithError('usage', `${place}: expected an answer of a cache: ${why}`, {
    hints: ['Give a file that rowsmith cache export wrote.'],
  })
}

function unusable(file: string, error: unknown): RowsmithError {
  return new RowsmithError('usage', `${file}: ${messageOf(error)}`, { cause: error })
}

function tell(text: string): void {
  createScreen(process.stderr).print(text)
}
