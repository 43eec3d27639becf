import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const amount = z.number().min(0)

const schema = z.object({
  version: z.literal(1),
  /** Rows that count: those whose cells were made, or could have been. */
  rows: amount,
  /** Which rows these are: what columns used in the same ones is added up row by row. */
  which: z.string(),
  /** By row; the mean of all as the only one where `isMean`. Dollars, of what has a price. */
  uses: z.array(
    z.object({ requests: amount, inputTokens: amount, outputTokens: amount, cost: amount }),
  ),
  /** Whether it is not known how much rows differ. */
  isMean: z.boolean(),
  aliases: z.array(
    z.object({
      alias: z.string(),
      model: z.string(),
      requests: amount,
      answers: amount,
      /** Answers without a known price. */
      unpriced: amount,
      tokens: amount,
      /** Of all requests, one after the other. */
      ms: amount,
    }),
  ),
})

/** What cells of a column used in previewed rows. */
export type StoredUsage = Omit<z.output<typeof schema>, 'version'>

/** Larger samples are not kept: a run that has so many rows says more. */
const mostRows = 1_000

function pathOf(folder: string, fingerprint: string): string {
  return join(folder, 'usage', `${fingerprint}.json`)
}

/**
 * Keeps what previewed rows of a column used: figures, and nothing of what was asked or answered. It only
 * serves to estimate, so a folder that can't be written to is not an error.
 */
export async function keepUsage(
  folder: string,
  fingerprint: string,
  usage: StoredUsage,
): Promise<void> {
  if (usage.uses.length > mostRows) return
  const path = pathOf(folder, fingerprint)
  const partial = `${path}.${process.pid}.tmp`
  try {
    await mkdir(join(folder, 'usage'), { recursive: true })
    await writeFile(partial, JSON.stringify({ version: 1, ...usage }))
    await rename(partial, path)
  } catch {
    // The next estimate goes by something else.
  }
}

/** Null where nothing is kept, or what is there can't be read. */
export async function readUsage(folder: string, fingerprint: string): Promise<StoredUsage | null> {
  const text = await readFile(pathOf(folder, fingerprint), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
