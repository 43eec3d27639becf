import { findingText, verdictText } from '../profile/dataset-verdict.ts'
import type { Verdict } from '../profile/finding.ts'
import { visibleLine } from '../util/visible.ts'
import type { StatisticsLayout } from './statistics-lines.ts'
import { wrap } from './width.ts'

const colours = { good: 'green', check: 'yellow', poor: 'red' } as const

/** The verdict in one line, and every finding with what can be done. */
export function verdictLines(verdict: Verdict, { style, width }: StatisticsLayout): string[] {
  const room = Math.max(20, width - 6)
  const title = wrap(visibleLine(verdictText(verdict)), Math.max(20, width - 2))
  return [
    ...title.map((line) => style(colours[verdict.level], `  ${line}`)),
    ...verdict.findings.flatMap((finding) =>
      wrap(`${visibleLine(findingText(finding))}. ${finding.advice}`, room).map(
        (line, at) => `    ${at === 0 ? '- ' : '  '}${line}`,
      ),
    ),
  ]
}
