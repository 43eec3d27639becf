import { open } from '../run/dataset.ts'
import type { RunSummary } from '../run/summary.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { costText, failureTexts, nextSteps, rowsText, shortPath } from './report.ts'
import { compact, counted, size } from '../util/format.ts'

export async function runShow(directory: string, options: { json?: true }): Promise<ExitCode> {
  await using dataset = await open(directory)
  const summary = await dataset.summary()
  process.stdout.write(options.json ? `${jsonOf(summary)}\n` : `${describe(summary).join('\n')}\n`)
  return exitCodes.ok
}

function jsonOf({ seed, ...rest }: RunSummary): string {
  return JSON.stringify({ ...rest, seed: String(seed) })
}

/** What is here, is it complete, what failed and why, what did it cost, how do I go on. */
function describe(summary: RunSummary): string[] {
  const { rows, holder, waitingCells, parts, files } = summary
  return [
    `${summary.name}  (${shortPath(summary.dir)}, seed ${summary.seed})`,
    `  ${rowsText(rows)}`,
    `  ${costText(summary)}, in ${counted(summary.sessions.length, 'session')}`,
    ...summary.usageByRoute.map(
      ({ route, ok, throttled, failed, inputTokens, outputTokens }) =>
        `    ${route}: ${counted(ok, 'answer')}, ${throttled} × 429, ${failed} failed, ${compact(inputTokens)} tokens in, ${compact(outputTokens)} out${rateText(summary, route)}`,
    ),
    `  ${counted(parts.count, 'part')}, ${size(parts.bytes)}`,
    ...(waitingCells > 0
      ? [`  ${counted(waitingCells, 'paid cell')} in the ledger wait for their rows`]
      : []),
    ...files.map((file) => `  ${shortPath(file.path)}  ${counted(file.rows, 'row')}`),
    ...failureTexts(summary.failures),
    ...(holder === null
      ? nextSteps(summary.dir, rows).map((text) => `  ${text}`)
      : [`  Process ${holder.pid} is working on it now.`]),
  ]
}

/** What the config allows a route in a minute, when it says. */
function rateText({ limits }: RunSummary, route: string): string {
  const limit = limits.findLast(({ alias }) => alias === route)
  if (limit === undefined) return ''
  const { requestsPerMinute, tokensPerMinute } = limit
  const rates = [
    ...(requestsPerMinute === null ? [] : [`${compact(requestsPerMinute)} requests/min`]),
    ...(tokensPerMinute === null ? [] : [`${compact(tokensPerMinute)} tokens/min`]),
  ]
  return rates.length === 0 ? '' : `; at most ${rates.join(' and ')}`
}
