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

/** A line of an error's stack that names a file. */
export interface StackPlace {
  readonly path: string
  readonly row: string
  /** Missing of a syntax error. */
  readonly column: string | undefined
}

/** Where an error was thrown, from the innermost call to the outermost; empty for what is not an error. */
export function stackPlaces(error: unknown): StackPlace[] {
  if (!(error instanceof Error)) return []
  return (error.stack ?? '').split('\n').flatMap((line) => {
    const [, place, row, column] = frame.exec(line.trim()) ?? []
    if (place === undefined || row === undefined) return []
    const path = place.startsWith('file:') ? fileURLToPath(place.replace(/\?[^?]*$/, '')) : place
    return [{ path, row, column }]
  })
}

/** The place as it is shown: `columns.ts:3:9`, from a folder where the file is below it. */
export function placeText({ path, row, column }: StackPlace, directory: string): string {
  const within = relative(directory, path)
  const shown = within.startsWith('..') ? path : within
  return [shown, row, column].filter((part) => part !== undefined).join(':')
}

/** The first place of an error's stack that is in the user's code: `columns.ts:3:9`; null without one. */
export function userFrame(error: unknown, { files, directory }: UserCode): string | null {
  const place = stackPlaces(error).find(({ path }) => files === null || files.has(path))
  return place === undefined ? null : placeText(place, directory)
}
