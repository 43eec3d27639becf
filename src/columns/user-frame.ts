import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Code of the user, to find where in it something was thrown. */
export interface UserCode {
  /** Paths that may be named; null for any, where the code is a function of a program. */
  readonly files: ReadonlySet<string> | null
  /** Paths are shown from here. */
  readonly directory: string
}

const frame = /(?:\(|\s|^)((?:file:\/\/\/|\/|[A-Za-z]:\\)[^()\n]*?):(\d+)(?::(\d+))?\)?$/

/** The first place of an error's stack that is in the user's code: `columns.ts:3:9`; null without one. */
export function userFrame(error: unknown, { files, directory }: UserCode): string | null {
  if (!(error instanceof Error)) return null
  for (const line of (error.stack ?? '').split('\n')) {
    const [, place, row, column] = frame.exec(line.trim()) ?? []
    if (place === undefined) continue
    const path = place.startsWith('file:') ? fileURLToPath(place.replace(/\?[^?]*$/, '')) : place
    if (files !== null && !files.has(path)) continue
    const within = relative(directory, path)
    const shown = within.startsWith('..') ? path : within
    return [shown, row, column].filter((part) => part !== undefined).join(':')
  }
  return null
}
