import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SeedConfig } from '../config/dataset.ts'
import type { OpenedSeed, SeedRow } from './define.ts'
import type { FileContext } from './format-of.ts'
import { seedFormats } from './formats/index.ts'
import { createLocalSource } from './local.ts'

export const local = createLocalSource(seedFormats)
export const sources = new Map([[local.type, local]])

/** A folder of its own for one test. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string
  readonly context: FileContext
  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>
  /** Writes a file and opens it as a local seed. */
  open(name: string, content: string | Uint8Array): Promise<OpenedSeed>
}

export async function createScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'rowsmith-seeds-'))
  const context: FileContext = {
    workingDirectory: folder,
    configDirectory: null,
    formats: seedFormats,
    signal: new AbortController().signal,
  }

  async function write(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }

  return {
    folder,
    context,
    write,
    open: async (name, content) =>
      local.open({ seed_type: 'local', path: await write(name, content) }, context),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

export function localSeed(path: string, changes: Partial<SeedConfig> = {}): SeedConfig {
  return {
    source: { seed_type: 'local', path },
    sampling_strategy: 'ordered',
    selection_strategy: null,
    rows_per_record: 1,
    ...changes,
  }
}

export async function allRows(seed: OpenedSeed): Promise<SeedRow[]> {
  const rows: SeedRow[] = []
  for await (const batch of seed.rows({ signal: new AbortController().signal })) rows.push(...batch)
  return rows
}
