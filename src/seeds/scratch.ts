import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SeedConfig } from '../config/dataset.ts'
import type { OpenedSeed, SeedContext, SeedRow } from './define.ts'
import { local } from './local.ts'

/** A folder of its own for one test. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string
  readonly context: SeedContext
  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>
  /** Writes a file and opens it as a local seed. */
  open(name: string, content: string | Uint8Array): Promise<OpenedSeed>
}

export async function createScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'rowsmith-seeds-'))
  const context: SeedContext = {
    workingDirectory: folder,
    configDirectory: null,
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
    ...changes,
  }
}

export async function allRows(seed: OpenedSeed): Promise<SeedRow[]> {
  const rows: SeedRow[] = []
  for await (const batch of seed.rows({ signal: new AbortController().signal })) rows.push(...batch)
  return rows
}
