import { expect, test } from 'vitest'
import { verdictOf, verdictText } from './dataset-verdict.ts'
import type { Verdict, VerdictInput } from './finding.ts'
import type { Agreement, JudgedScore } from './judgements.ts'
import { createSummary } from './column-summary.ts'
import { type ColumnFacts, type ColumnStatistics, statisticsOf } from './statistics.ts'
import { textFigures, type TextFigures } from './text-figures.ts'
import type { Scalar } from './scalar.ts'

const rows = {
  requested: 3_000,
  accepted: 3_000,
  nullKept: 0,
  dropped: 0,
  rejected: 0,
  remaining: 0,
}

function verdict(changes: Partial<VerdictInput>): Verdict {
  return verdictOf({
    rows,
    cutAnswers: [],
    columns: [],
    texts: [],
    judges: [],
    agreement: [],
    isWorking: false,
    ...changes,
  })
}

/** The rules that found something, with their levels. */
function found(changes: Partial<VerdictInput>): string[] {
  return verdict(changes).findings.map(
    ({ code, level, column }) => `${level} ${code}${column === null ? '' : ` ${column}`}`,
  )
}

function texts(all: readonly string[], isListed = false): Promise<TextFigures> {
  return textFigures({ column: 'subject', field: null, isListed, texts: all })
}

const manyWords = (number: number): string =>
  Array.from({ length: 12 }, (_, at) => `w${(number * 7919 + at * 104_729) % 50_021}`).join(' ')

function list(count: number, textAt: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => textAt(at))
}

function columnOfValues(
  values: readonly Scalar[],
  facts: Partial<ColumnFacts> = {},
): ColumnStatistics {
  const summary = createSummary('string', { exactDistinct: 1_000 })
  summary.addAll(values)
  return statisticsOf(summary, {
    name: 'product',
    kind: 'sampler',
    type: 'string',
    dropped: false,
    distribution: null,
    skipped: 0,
    skipLeavesNull: true,
    failures: [],
    rowsLost: 0,
    rowsRejected: 0,
    tokens: null,
    ...facts,
  })
}

test('a dataset that nothing speaks against is good', async () => {
  const good = verdict({ texts: [await texts(list(200, manyWords))] })
  expect(good).toEqual({ level: 'good', findings: [] })
  expect(verdictText(good)).toBe('Good: nothing to look into.')
})

test('36 different subjects in 3,000 rows are not good', async () => {
  const few = verdict({ texts: [await texts(list(3_000, (at) => manyWords(at % 36)))] })
  expect(few.level).toBe('poor')
  expect(few.findings[0]).toMatchObject({ code: 'few-different', column: 'subject', limit: 0.1 })
  expect(verdictText(few)).toBe('Poor: subject: 36 different texts in 3,000 (1.2 %).')
})

test('rows that are missing, in order of what they mean', () => {
  expect(found({ rows: { ...rows, accepted: 2_980, dropped: 20 } })).toEqual([])
  expect(found({ rows: { ...rows, accepted: 2_970, dropped: 30 } })).toEqual(['check dropped-rows'])
  expect(found({ rows: { ...rows, accepted: 2_000, dropped: 1_000 } })).toEqual([
    'poor dropped-rows',
  ])
  expect(found({ rows: { ...rows, accepted: 1_000, rejected: 2_000 } })).toEqual([
    'check rejected-rows',
  ])
  expect(found({ rows: { ...rows, accepted: 0, rejected: 3_000 } })).toEqual([
    'poor no-records',
    'check rejected-rows',
  ])
  const open = { ...rows, accepted: 1_000, remaining: 2_000 }
  expect(found({ rows: open })).toEqual(['check unfinished'])
  expect(verdict({ rows: open, isWorking: true }).findings[0]?.advice).toBe('A run is making them.')
  expect(found({ rows: { ...rows, requested: 0, accepted: 0 } })).toEqual([])
})

test('answers that are cut, and cells that failed', () => {
  expect(found({ cutAnswers: [{ column: 'review', cut: 40, answers: 3_000 }] })).toEqual([
    'check cut-answers review',
  ])
  expect(found({ cutAnswers: [{ column: 'review', cut: 1, answers: 3_000 }] })).toEqual([])
  const failures = [{ code: 'timeout', count: 3, outcome: 'null' as const }]
  const nulls = list(17, () => 'a')
  expect(found({ columns: [columnOfValues([...nulls, null, null, null], { failures })] })).toEqual([
    'poor failed-cells product',
  ])
  expect(
    found({ columns: [columnOfValues([...nulls, null, null, null], { skipped: 3 })] }),
  ).toEqual([])
})

test('a column with one value that was sampled from many', () => {
  const one = columnOfValues(list(100, () => 'kettle'))
  const fit = {
    declared: 'category of 2 values',
    verdict: 'differs' as const,
    gap: { at: 'kettle', share: 0.5, observed: 1, declared: 0.5 },
    bins: null,
    rowsLost: 0,
    rowsRejected: 0,
  }
  expect(found({ columns: [{ ...one, fit }] })).toEqual(['poor one-value product'])
  const two = columnOfValues(list(100, (at) => (at < 90 ? 'kettle' : 'lamp')))
  expect(found({ columns: [{ ...two, fit }] })).toEqual(['check differs-from-declared product'])
})

test('texts that resemble each other, begin alike or share a phrase', async () => {
  const near = [...list(100, manyWords), ...list(60, (at) => `${manyWords(at)} x`)]
  expect(found({ texts: [await texts(near)] })).toEqual(['poor near-duplicates subject'])
  const openings = list(100, (at) =>
    at < 40 ? `Thank you for writing ${manyWords(at)}` : manyWords(at),
  )
  expect(found({ texts: [await texts(openings)] })).toEqual(['check repeated-openings subject'])
  const phrases = list(
    100,
    (at) => `${manyWords(at)} we read every single review ${manyWords(at + 500)}`,
  )
  expect(found({ texts: [await texts(phrases)] })).toEqual(['check repeated-phrase subject'])
  expect(found({ texts: [await texts(list(60, () => 'the same text again'))] })).toEqual([
    'poor one-value subject',
  ])
})

test('labels and texts that the config lists may repeat, and few texts say nothing', async () => {
  const labels = ['very positive', 'negative', 'neutral']
  expect(found({ texts: [await texts(list(500, (at) => labels[at % 3] ?? ''))] })).toEqual([])
  const answers = list(500, (at) => `not at all likely to buy number ${at % 5}`)
  expect(found({ texts: [await texts(answers)] })).not.toEqual([])
  expect(found({ texts: [await texts(answers, true)] })).toEqual([])
  expect(found({ texts: [await texts(list(30, () => 'the same text again'))] })).toEqual([])
})

function scores(score: string, given: Record<string, number>): JudgedScore {
  return {
    column: 'judge',
    score,
    given: Object.entries(given).map(([option, count]) => ({ option, count })),
    summaries: [],
  }
}

test('what validators and judges say', () => {
  expect(found({ judges: [scores('is_valid', { true: 95, false: 5 })] })).toEqual([])
  expect(found({ judges: [scores('is_valid', { true: 80, false: 20 })] })).toEqual([
    'check invalid-values judge',
  ])
  expect(found({ judges: [scores('mail', { true: 20, false: 80 })] })).toEqual([
    'poor invalid-values judge.mail',
  ])
  expect(found({ judges: [scores('is_valid', { true: 1, false: 8 })] })).toEqual([])
  const even = { 1: 10, 2: 10, 3: 40, 4: 20, 5: 20 }
  expect(found({ judges: [scores('Quality', even)] })).toEqual([])
  expect(found({ judges: [scores('Quality', { ...even, 1: 40 })] })).toEqual([
    'check low-scores judge.Quality',
  ])
  expect(found({ judges: [scores('Quality', { 1: 0, 2: 0, 3: 1, 4: 99, 5: 0 })] })).toEqual([
    'check constant-scores judge.Quality',
  ])
  expect(found({ judges: [scores('Tone', { warm: 60, cold: 40 })] })).toEqual([])
})

test('judges that do not agree', () => {
  const agreement: Agreement = {
    columns: ['anna', 'ben'],
    score: 'Quality',
    level: 'ordinal',
    alpha: 0.5,
    reason: null,
    units: 100,
    values: 200,
    pairs: [],
  }
  expect(found({ agreement: [agreement] })).toEqual(['check judges-disagree anna, ben'])
  expect(found({ agreement: [{ ...agreement, alpha: 0.1 }] })).toEqual([
    'poor judges-disagree anna, ben',
  ])
  expect(found({ agreement: [{ ...agreement, alpha: 0.8 }] })).toEqual([])
  expect(found({ agreement: [{ ...agreement, alpha: null, reason: 'no-variation' }] })).toEqual([])
  expect(found({ agreement: [{ ...agreement, units: 5 }] })).toEqual([])
})
