import type { FolderFile } from '../folder.ts'
import type { Fields, Rollout } from './rollout.ts'

/** A file of a format, read. */
interface RolloutFile {
  /** The objects of its lines, or its only one. */
  readonly records: readonly Fields[]
  readonly name: string
  /** Its name without the ending. */
  readonly stem: string
  readonly folder: string
}

/** How an agent writes its sessions. */
export interface RolloutFormat {
  /** The word of a config, and of the rows. */
  readonly name: string
  /** Where the agent keeps them; null for a format of no agent in particular. */
  readonly path: string | null
  readonly pattern: string
  /** Whether a file that fits the pattern is a session. */
  isRead(file: Pick<FolderFile, 'name' | 'relativePath'>): boolean
  /** A file of the same folder that decides the rows, too. */
  readonly beside?: string
  /** Throws `MalformedRollout` for what is not a session. */
  read(file: RolloutFile): readonly Rollout[] | Promise<readonly Rollout[]>
}

/** Returns its argument; adds types only. */
export function defineRolloutFormat(format: RolloutFormat): RolloutFormat {
  return format
}
