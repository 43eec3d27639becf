import { createHash } from 'node:crypto'
import { noAnswerCounts } from './answer-counts.ts'
import { expect, test } from 'vitest'
import { reportPage, type ReportPage } from './page.ts'
import { statisticsOf, type ColumnFacts, type ColumnStatistics } from './statistics.ts'
import { createSummary } from './column-summary.ts'
import type { Scalar } from './scalar.ts'

function column(
  values: readonly (Scalar | Float32Array)[],
  facts: Partial<ColumnFacts> = {},
): ColumnStatistics {
  const type = facts.type ?? 'string'
  const summary = createSummary(type, { exactDistinct: 1_000 })
  for (const value of values) summary.addAll([value])
  return statisticsOf(summary, {
    name: 'text',
    kind: 'expression',
    type,
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

function page(columns: readonly ColumnStatistics[], changes: Partial<ReportPage> = {}): string {
  return reportPage({
    name: 'stories',
    seed: '7',
    state: 'complete',
    verdict: { level: 'good', findings: [] },
    records: 4,
    version: '1.2.3',
    texts: [],
    invalid: [],
    pageRecords: null,
    origins: [],
    rejections: [],
    judges: [],
    agreement: [],
    processed: null,
    mixed: [],
    joins: [],
    rows: { requested: 4, accepted: 4, nullKept: 0, dropped: 0, rejected: 0, remaining: 0 },
    requests: 0,
    usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, cost: null },
    usageByRoute: [],
    usageByColumn: [],
    outputModes: [],
    cutAnswers: [],
    media: [],
    failures: [],
    sessions: [{ started: 0, ended: 1_500 }],
    columns,
    ...changes,
  })
}

const sizes = { min: 1, p5: 1, p50: 2, p95: 3, max: 3, mean: 2 }

test('nothing that comes from outside becomes markup', () => {
  const evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\''
  const text = page([column([evil, evil, 'b'], { name: evil, kind: evil })], {
    name: evil,
    verdict: {
      level: 'poor',
      findings: [
        {
          code: 'few-different',
          level: 'poor',
          column: evil,
          value: 0,
          limit: 0.1,
          message: evil,
          advice: evil,
        },
      ],
    },
    rejections: [{ name: evil, code: evil, count: 1, row: 0 }],
    texts: [
      {
        column: evil,
        field: evil,
        texts: 2,
        words: sizes,
        characters: sizes,
        distinct: 1,
        exactRepeats: 1,
        nearRepeats: 1,
        pairs: [{ texts: [evil, evil], similarity: 0.9 }],
        openings: [{ words: evil, texts: 2 }],
        phrases: [{ words: evil, texts: 2 }],
        distinctWords: [1, 1, null],
        values: [{ text: evil, count: 2 }],
        isListed: false,
      },
    ],
    invalid: [{ column: evil, target: evil, records: 3, reasons: [{ reason: evil, count: 2 }] }],
    pageRecords: {
      columns: [{ name: evil, type: 'json', code: evil, isMedia: false }],
      records: [{ at: 0, cells: [{ [evil]: evil }] }],
      total: 2,
      isByRow: false,
      folder: evil,
    },
    origins: [
      {
        column: evil,
        models: [{ alias: evil, model: evil, parameters: evil }],
        prompt: evil,
        systemPrompt: evil,
        config: evil,
      },
    ],
    failures: [{ name: evil, code: evil, outcome: 'dropped', count: 1, message: evil }],
    usageByRoute: [
      {
        route: evil,
        ok: 1,
        throttled: 0,
        failed: 0,
        inputTokens: 1,
        outputTokens: 1,
        cost: null,
        ...noAnswerCounts,
        corrections: 3,
        choices: [],
      },
    ],
    usageByColumn: [evil, 'b'].map((name) => ({
      column: name,
      requests: 1,
      inputTokens: 1,
      outputTokens: 1,
      cost: 0.5,
    })),
    outputModes: [
      {
        endpoint: evil,
        model: evil,
        mode: 'prompt',
        left: [{ mode: 'json_schema', why: evil, refused: true, form: evil }],
      },
    ],
  })
  expect(text).toContain(': 3 corrections</p>')
  expect(text.match(/<script/g)).toHaveLength(2)
  expect(text).not.toContain('<img')
  expect(text.split('&quot;&gt;&lt;script&gt;').length).toBeGreaterThan(6)
})

test('nothing is fetched, and the only script that may run is its own', () => {
  const text = page([column(['a', 'b', 'b'])])
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1] ?? ''
  const script = /<script>(.*?)<\/script>/s.exec(text)?.[1] ?? ''
  const hash = createHash('sha256').update(script).digest('base64')
  expect(policy).toBe(
    `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'`,
  )
  expect(text.match(/<script/g)).toHaveLength(1)
  expect(text.replace(script, '')).not.toMatch(/<link|src=|href="(?!#)|url\(/)
})

test('nulls are told with their reasons, and they sum up', () => {
  const nulls = column(['a', null, null, null, null, null, null], {
    skipped: 3,
    failures: [{ code: 'timeout', count: 2, outcome: 'null' }],
  }).nulls
  expect(nulls).toEqual({
    count: 6,
    failed: [{ code: 'timeout', count: 2 }],
    skipped: 3,
    other: 1,
  })
  expect(column(['a', null], { skipped: 5 }).nulls).toEqual({
    count: 1,
    failed: [],
    skipped: 1,
    other: 0,
  })
  expect(column(['a', 'out'], { skipped: 1, skipLeavesNull: false }).nulls.count).toBe(0)
})

test('values turn no line around and break none', () => {
  const text = page([column(['one\ntwo\u202E\u001B[2J', 'x', 'x'])])
  expect(text).toContain('one two&lt;U+202E&gt;␛[2J')
})

test('columns without records, of nulls only and of one value have a card each', () => {
  const text = page([column([]), column([null, null]), column(['same', 'same'])])
  expect(text).toContain('No records yet.')
  expect(text.match(/<section class="card">/g)).toHaveLength(3)
})

test('seed rows without a partner have a table', () => {
  const join = {
    join: 'seed_config.join[1]',
    how: 'inner',
    rows: 5_000,
    withoutPartner: 12,
  } as const
  expect(page([], { joins: [join] })).toMatch(/seed_config\.join\[1\][^]*5,000[^]*12[^]*left out/)
  expect(page([])).not.toContain('without a partner')
})

test('quantiles of few values are those of NumPy', () => {
  // numpy.quantile([1, 2, 2, 4, 10, 10, 11, 30], [.05, .25, .5, .75, .95])
  const numbers = [4, 10, 1, 2, 30, 10, 2, 11]
  expect(column(numbers, { type: 'int64' }).numbers?.quantiles).toEqual({
    p5: expect.closeTo(1.35, 10),
    p25: 2,
    p50: 7,
    p75: 10.25,
    p95: expect.closeTo(23.35, 10),
  })
})

test('a vector column is its sizes and lengths', () => {
  const text = page([column([Float32Array.of(3, 4), null], { type: 'vector(2)' })])
  const facts = /<p class="facts">(.*?)<\/p>/s.exec(text)?.[1]?.replaceAll(/<[^>]*>|\s+/g, ' ')
  expect(facts?.replaceAll(/ +/g, ' ')).toContain('1 vector · 1 null')
  expect(facts?.replaceAll(/ +/g, ' ')).toContain('2 numbers each · length: median 5 · 5 to 5')
})
