import {
  type Agreement,
  type AgreementPair,
  alphaText,
  type Judgements,
  type JudgedScore,
} from '../profile/judgements.ts'
import { valueText } from '../profile/value-text.ts'
import { counted, percent } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import type { StatisticsLayout } from './statistics-lines.ts'
import { wrap } from './width.ts'

/** What judges gave and how far they agree, for a terminal. */
export function judgementLines(
  { judges, agreement }: Judgements,
  { style, width }: StatisticsLayout,
): string[] {
  const sections: [string, string[]][] = [
    ['Judges', judges.flatMap(judgeTexts)],
    ['Agreement', agreement.flatMap(agreementTexts)],
  ]
  return sections.flatMap(([title, texts]) =>
    texts.length === 0
      ? []
      : ['', style('bold', title), ...texts.flatMap((text) => indented(text, width))],
  )
}

function indented(text: string, width: number): string[] {
  const depth = text.length - text.trimStart().length
  const indent = ' '.repeat(depth)
  return wrap(text.trimStart(), Math.max(20, width - depth)).map((line) => `${indent}${line}`)
}

function judgeTexts({ column, score, given, summaries }: JudgedScore): string[] {
  const all = given.reduce((sum, { count }) => sum + count, 0)
  const shares = given.map(
    ({ option, count }) => `${valueText(option)} ${all === 0 ? '–' : percent(count / all)}`,
  )
  return [
    `  ${valueText(column)}, ${valueText(score)}: ${shares.join(', ')}`,
    ...summaries.map(
      ({ by, text, failure }) =>
        `    ${visibleLine(text ?? `no summary: ${failure ?? ''}`)} (${valueText(by)})`,
    ),
  ]
}

function agreementTexts(agreement: Agreement): string[] {
  const { columns, score, level, units, values, pairs } = agreement
  const what = columns.map(valueText).join(', ')
  const name = score === null ? what : `${valueText(score)} by ${what}`
  const over = `${counted(values, 'score')} of ${counted(units, 'record')}`
  const all = `  ${name}: alpha ${alphaText(agreement)} (${level}), ${over}`
  const [only, ...others] = pairs
  if (only !== undefined && others.length === 0) return [`${all}, ${sameText(only)}`]
  return [
    all,
    ...pairs.map((pair) => {
      const alpha = pair.alpha === null ? '–' : pair.alpha.toFixed(3)
      const both = counted(pair.units, 'record')
      return `    ${pair.columns.map(valueText).join(', ')}: alpha ${alpha}, ${sameText(pair)} of ${both}`
    }),
  ]
}

function sameText({ units, same }: AgreementPair): string {
  return `the same in ${units === 0 ? '–' : percent(same / units)}`
}
