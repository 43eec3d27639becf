import { isRowsmithError, type ErrorCode } from '../util/errors.ts'
import type { RunResult } from '../report/run-result.ts'

/** Stable exit codes of every command; when several apply, 130 over 4 over 3. */
export const exitCodes = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  dropped: 3,
  stopped: 4,
  damaged: 5,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The exit code of a run that ended. */
export function exitCodeOfRun({ end, rows }: RunResult): ExitCode {
  if (end.kind === 'interrupted') return exitCodes.interrupted
  if (end.kind === 'stopped') return exitCodes.stopped
  return rows.dropped > 0 ? exitCodes.dropped : exitCodes.ok
}

const stopping: ReadonlySet<ErrorCode> = new Set([
  'model-unavailable',
  'tools-unavailable',
  'cache-miss',
  'hub-unreachable',
  'disk-full',
  'storage-failed',
])

/** The exit code of an error. */
export function exitCodeOfError(error: unknown): ExitCode {
  if (!isRowsmithError(error)) return exitCodes.unexpected
  if (error.code === 'internal') return exitCodes.unexpected
  if (error.code === 'interrupted') return exitCodes.interrupted
  return stopping.has(error.code) ? exitCodes.stopped : exitCodes.usage
}
