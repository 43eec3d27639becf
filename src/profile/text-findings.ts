import { grouped, percent } from '../util/format.ts'
import { type Finding, judgeHigh, judgeLow, share } from './finding.ts'
import { type TextFigures, textTitle } from './text-figures.ts'

/** Shares of texts. */
const different = { check: 0.5, poor: 0.1 }
const near = { check: 0.1, poor: 0.3 }
const opening = { check: 0.3, poor: null }
const phrase = { check: 0.5, poor: null }
/** Texts from which on shares of them say something. */
const fewTexts = 50
/** At most 20 different texts of fewer words are labels: they are meant to repeat. */
const labelWords = 3

const moreVariety =
  'Put more of what differs from row to row into the prompt (sampled topics, personas, styles), or raise the temperature.'

/** What the texts of a column say. */
export function textFindings(figures: TextFigures): Finding[] {
  const { texts, distinct, words, exactRepeats, nearRepeats } = figures
  if (texts < fewTexts || figures.isListed) return []
  const column = textTitle(figures)
  if (distinct === 1) {
    return [
      {
        code: 'one-value',
        level: 'poor',
        column,
        value: 1,
        limit: 1,
        message: `the same text in all ${grouped(texts)} records`,
        advice: moreVariety,
      },
    ]
  }
  if (figures.values !== null && words.mean < labelWords) return []
  const findings: Finding[] = []
  const distinctShare = judgeLow(distinct / texts, different)
  if (distinctShare !== null) {
    findings.push({
      ...distinctShare,
      code: 'few-different',
      column,
      message: `${grouped(distinct)} different texts in ${grouped(texts)} (${percent(distinctShare.value)})`,
      advice: moreVariety,
    })
  }
  const nearJudged = judgeHigh(share(nearRepeats, texts - exactRepeats), near)
  if (nearJudged !== null) {
    findings.push({
      ...nearJudged,
      code: 'near-duplicates',
      column,
      message: `${grouped(nearRepeats)} of ${grouped(distinct)} different texts (${percent(nearJudged.value)}) nearly repeat another one`,
      advice: `${moreVariety} The processor dedupe with method: near leaves them out.`,
    })
  }
  // Texts that repeat have the same openings and phrases: that is said already.
  return findings.length > 0 ? findings : sharedWords(figures)
}

function sharedWords(figures: TextFigures): Finding[] {
  const { texts, openings, phrases } = figures
  const column = textTitle(figures)
  const [first] = openings
  const openingJudged = first === undefined ? null : judgeHigh(first.texts / texts, opening)
  const [most] = phrases
  const phraseJudged = most === undefined ? null : judgeHigh(most.texts / texts, phrase)
  return [
    ...(openingJudged === null || first === undefined
      ? []
      : [
          {
            ...openingJudged,
            code: 'repeated-openings',
            column,
            message: `${percent(openingJudged.value)} of the texts begin with "${first.words}"`,
            advice: 'Ask for varied openings in the prompt, or sample one for each row.',
          } as const,
        ]),
    ...(phraseJudged === null || most === undefined
      ? []
      : [
          {
            ...phraseJudged,
            code: 'repeated-phrase',
            column,
            message: `${percent(phraseJudged.value)} of the texts have "${most.words}"`,
            advice: 'Tell the prompt to avoid the phrase, or vary what it asks for.',
          } as const,
        ]),
  ]
}
