import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { startWorker } from '../../threads/worker-calls.ts'
import { stringifyJson } from '../../util/json.ts'
import type { OpenedSeed, RowsOptions } from '../define.ts'
import type { FoundRows, JoinIndexCalls, RepeatedKey } from './join-index.worker.ts'
import { keyAt } from './join-rows.ts'
import type { JoinPlan } from './plan-joins.ts'

/** The rows of joined sources by their keys, in a temporary file: memory holds a cache of bounded size. */
export interface JoinIndex {
  /** Takes all rows of a source; gives the first key that is there twice, if there is one. */
  fill(
    number: number,
    plan: JoinPlan,
    seed: OpenedSeed,
    options: RowsOptions,
  ): Promise<RepeatedKey | null>
  find(
    number: number,
    keys: readonly (string | null)[],
    most: number,
    behind: number,
  ): Promise<FoundRows[]>
  someKeys(number: number, most: number): Promise<string[]>
  close(): Promise<void>
}

/** Starts an index, which is missing once it is closed. */
export async function openJoinIndex(signal: AbortSignal): Promise<JoinIndex> {
  const folder = await mkdtemp(joinPath(tmpdir(), 'rowsmith-join-'))
  const thread = startWorker<JoinIndexCalls>('join-index.worker', import.meta.url, { signal })

  async function close(): Promise<void> {
    await thread.end()
    await rm(folder, { recursive: true, force: true })
  }

  try {
    await thread.call('open', joinPath(folder, 'join.sqlite'))
  } catch (error) {
    await close()
    throw error
  }
  return {
    async fill(number, { join, right, added }, seed, options) {
      let row = 0
      for await (const batch of seed.rows(options)) {
        const keys: string[] = []
        const rows: number[] = []
        const texts: string[] = []
        for (const values of batch) {
          const at = row++
          const key = keyAt(right, values, join.compare, (column) => ({
            message: `row ${at} of the source of this join has an object or a list in ${join.on[column]?.right ?? ''}, which is in the key`,
            join: number,
          }))
          // It is no one's partner.
          if (key === null) continue
          keys.push(key)
          rows.push(at)
          texts.push(stringifyJson(added.map((place) => values[place] ?? null)))
        }
        if (keys.length > 0) await thread.call('add', number, { keys, rows, texts })
      }
      return thread.call('finish', number)
    },
    find: (number, keys, most, behind) => thread.call('find', number, keys, most, behind),
    someKeys: (number, most) => thread.call('someKeys', number, most),
    close,
  }
}
