import { relative } from 'node:path'
import type { RunSummary } from '../run/summary.ts'
import type { RowCounts, RunResult } from '../run/result.ts'
import { compact, counted, duration, grouped } from '../util/format.ts'
import type { Screen } from './terminal.ts'

/** What a run left, for a person: outcomes, cost, files, what failed, how to go on. */
export function reportRun(
  result: RunResult,
  failures: RunSummary['failures'],
  screen: Screen,
): void {
  screen.print(`${endText(result)} ${rowsText(result.rows)}.`)
  screen.print(`${costText(result)}, ${duration(result.seconds)}.`)
  for (const text of failureTexts(failures)) screen.print(screen.style('yellow', text))
  for (const { path, rows } of result.files)
    screen.print(`  ${shortPath(path)}  ${counted(rows, 'row')}`)
  for (const text of nextSteps(result.dir, result.rows)) screen.print(text)
}

export function rowsText(rows: RowCounts): string {
  const named: [number, string][] = [
    [rows.accepted, 'accepted'],
    [rows.nullKept, 'kept with a null'],
    [rows.dropped, 'dropped'],
    [rows.rejected, 'rejected'],
    [rows.remaining, 'remaining'],
  ]
  const parts = named
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${grouped(count)} ${word}`)
  const outcome = parts.length === 0 ? '' : `: ${parts.join(', ')}`
  return `${counted(rows.requested, 'row')}${outcome}`
}

export function costText({ requests, usage }: Pick<RunResult, 'requests' | 'usage'>): string {
  if (requests === 0) return 'No requests'
  const tokens = usage.inputTokens + usage.outputTokens
  if (tokens === 0) return counted(requests, 'request')
  return `${counted(requests, 'request')}, ${compact(usage.inputTokens)} tokens in, ${compact(usage.outputTokens)} out`
}

/** One line per column and reason, with one example each. */
export function failureTexts(failures: RunSummary['failures']): string[] {
  return failures.map(({ name, code, outcome, count, message }) => {
    const what = outcome === 'dropped' ? 'dropped' : 'kept with a null'
    return `  ${counted(count, 'row')} ${what}: column ${name}, ${code}: ${firstLine(message)}`
  })
}

function firstLine(message: string): string {
  const [line = ''] = message.split('\n')
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}

export function nextSteps(dir: string, rows: RowCounts): string[] {
  const place = shortPath(dir)
  if (rows.remaining > 0) {
    return [
      `Run the same command again to go on; \`rowsmith export ${place}\` writes what is decided.`,
    ]
  }
  return rows.dropped > 0
    ? ['Run the same command with --retry-dropped to make the dropped rows again.']
    : []
}

export function shortPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short !== '' && !short.startsWith('..') ? short : path
}

function endText({ end }: RunResult): string {
  switch (end.kind) {
    case 'complete':
      return 'Done.'
    case 'stopped':
      // Why was said when it happened.
      return 'Stopped early.'
    case 'interrupted':
      break
  }
  return 'Interrupted.'
}
