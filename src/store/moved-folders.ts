import { relative, resolve } from 'node:path'

/** A folder outside of a run folder, as the run remembers it. */
export interface OutsideFolder {
  readonly folder: string
  /** The way from the run folder to it, which a project that is moved or copied keeps. */
  readonly fromRun?: string | null | undefined
}

/** How a run remembers a folder. */
export function wayFrom(runDirectory: string, folder: string): string {
  return relative(runDirectory, folder) || '.'
}

/**
 * Where the folder may be now: first where the way from the run folder leads, so that a copy of a
 * project uses its own files, then where it was.
 */
export function movedFolders(runDirectory: string, { folder, fromRun }: OutsideFolder): string[] {
  if (fromRun === null || fromRun === undefined) return [folder]
  return [...new Set([resolve(runDirectory, fromRun), folder])]
}
