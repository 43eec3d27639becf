import type { JudgedScore } from '../profile/judgements.ts'
import type { Score } from '../graph/kind.ts'
import { counted } from '../util/format.ts'
import type { Judgement } from './sample-judgements.ts'

/** Of a reason; what it says stands in its beginning. */
const longestReason = 600

/** What a model is asked, that sums up what a judge said for one score. */
export function summaryPrompt(
  { name, description, options }: Score,
  { given }: JudgedScore,
  judgements: readonly Judgement[],
): string {
  const meanings = options.map(({ value, meaning }) => `- ${value}: ${meaning}`)
  const counts = given.map(({ option, count }) => `${option}: ${count}`)
  const said = judgements.map(
    ({ score, reasoning }) => `- ${score}: ${oneLine(reasoning) || '(no reason given)'}`,
  )
  return [
    `A judge scored the records of a dataset for "${name}"${description === '' ? '' : `: ${description}`}`,
    `The options are:\n${meanings.join('\n')}`,
    `How often each was given: ${counts.join(', ')}.`,
    `${counted(judgements.length, 'judgement')}, drawn at random, each a score and its reason:\n${said.join('\n')}`,
    'Sum up in at most 75 words, for a person who wants to improve the dataset, what the reasons for high and for low scores have in common. Answer with the summary only.',
  ].join('\n\n')
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > longestReason ? `${line.slice(0, longestReason - 1)}…` : line
}
