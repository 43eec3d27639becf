const marker = Symbol.for('rowsmith.error')

/** What ends or refuses a run. A caller can act on each; the CLI maps them to exit codes. */
export type ErrorCode =
  /** The config, provider file, run config or command line is wrong. */
  | 'config-invalid'
  | 'usage'
  /** A run folder refuses the operation. */
  | 'target-too-small'
  | 'fingerprint-changed'
  | 'seed-changed'
  | 'settings-changed'
  | 'folder-locked'
  | 'folder-foreign'
  | 'format-newer'
  | 'ledger-corrupt'
  | 'file-damaged'
  | 'filesystem-unsafe'
  | 'group-unknown'
  | 'run-missing'
  /** A run needs a plugin that is not there. */
  | 'plugin-missing'
  /** The code of a plugin threw an error that it must not throw: a mistake in the plugin. */
  | 'plugin-failed'
  /** A run needs a file or folder that one of its columns loads. */
  | 'column-not-loaded'
  /** A processor could not make the dataset of the rows, which are all there. */
  | 'processor-failed'
  /** The machine or the outside world failed while running. */
  | 'disk-full'
  | 'storage-failed'
  | 'model-unavailable'
  | 'tools-unavailable'
  | 'model-missing'
  /** Answers come only from a cache, and one is missing, or there is no cache. */
  | 'cache-miss'
  | 'cache-missing'
  /** The Hub refused: the token, its rights, a name, a change of somebody else in the meantime. */
  | 'hub-refused'
  /** The Hub can't be reached, or fails. */
  | 'hub-unreachable'
  /** An optional package is needed and not installed. */
  | 'package-missing'
  | 'interrupted'
  | 'internal'

export interface RowsmithErrorOptions {
  cause?: unknown
  /** What the user can do, one sentence per entry. */
  hints?: readonly string[]
}

/** The one error class of rowsmith: `code` says what a caller can do about it. */
export class RowsmithError extends Error {
  readonly code: ErrorCode
  readonly hints: readonly string[]
  readonly [marker] = true

  constructor(code: ErrorCode, message: string, { cause, hints = [] }: RowsmithErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RowsmithError'
    this.code = code
    this.hints = hints
  }
}

/** Whether a value is a rowsmith error, even from another copy of the package. */
export function isRowsmithError(value: unknown): value is RowsmithError {
  return typeof value === 'object' && value !== null && marker in value
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
