import { columnFindings } from './column-findings.ts'
import type { Finding, Verdict, VerdictInput } from './finding.ts'
import { judgementFindings } from './judgement-findings.ts'
import { rowFindings } from './row-findings.ts'
import { textFindings } from './text-findings.ts'

/** Reads the figures of a dataset by the rules of the report. */
export function verdictOf(input: VerdictInput): Verdict {
  const findings = [
    ...rowFindings(input),
    ...input.columns.flatMap(columnFindings),
    ...input.texts.flatMap(textFindings),
    ...judgementFindings(input),
  ]
  // The sort is stable: within a level the order stays.
  findings.sort((one, other) => rank(one) - rank(other))
  return { level: findings[0]?.level ?? 'good', findings }
}

function rank({ level }: Finding): number {
  return level === 'poor' ? 0 : 1
}

/** The verdict in one line, for people. */
export function verdictText({ level, findings: [first, ...others] }: Verdict): string {
  if (first === undefined) return 'Good: nothing to look into.'
  const more =
    others.length === 0
      ? ''
      : ` And ${others.length} more ${others.length === 1 ? 'finding' : 'findings'}.`
  return `${level === 'poor' ? 'Poor' : 'To check'}: ${findingText(first)}.${more}`
}

/** What was found and where. */
export function findingText({ column, message }: Finding): string {
  return column === null ? message : `${column}: ${message}`
}
