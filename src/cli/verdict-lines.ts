import { findingText, verdictText } from '../profile/dataset-verdict.ts'
import type { Verdict } from '../profile/finding.ts'
import { visibleLine } from '../util/visible.ts'
import type { StatisticsLayout } from './statistics-lines.ts'
import { wrap } from './width.ts'

const colours = { good: 'green', check: 'yellow', poor: 'red' } as const

/** The verdict in one line, what can be done about it, and the other findings. */
export function verdictLines(verdict: Verdict, { style, width }: StatisticsLayout): string[] {
  const [first, ...others] = verdict.findings
  const title = wrap(visibleLine(verdictText(verdict)), Math.max(20, width - 2))
  const details = [
    ...(first === undefined ? [] : [first.advice]),
    ...others.map((finding) => `${visibleLine(findingText(finding))}. ${finding.advice}`),
  ]
  return [
    ...title.map((line) => style(colours[verdict.level], `  ${line}`)),
    ...details.flatMap((text) => wrap(text, Math.max(20, width - 4)).map((line) => `    ${line}`)),
  ]
}
