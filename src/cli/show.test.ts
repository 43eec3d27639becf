import { noUsage } from '../graph/request.ts'
import { expect, test } from 'vitest'
import type { RunSummary } from '../report/run-summary.ts'
import { describe } from './show.ts'

const layout = {
  style: (_: string, text: string) => text,
  width: 100,
  textWidth: 100,
  now: Date.UTC(2026, 0, 2, 3, 14, 5),
}

const started = Date.UTC(2026, 0, 2, 3, 4, 5)

const summary: RunSummary = {
  dir: '/runs/tales',
  name: 'tales',
  seed: 7n,
  rows: { requested: 1_000, accepted: 880, nullKept: 9, dropped: 10, rejected: 0, remaining: 101 },
  selection: null,
  complete: false,
  waitingCells: 12,
  unwrittenRows: 0,
  superseded: [],
  mixed: [],
  joins: [],
  parts: { count: 2, bytes: 123_456 },
  files: [],
  media: [],
  rejections: [],
  processed: null,
  datasets: [],
  failures: [
    {
      column: 1,
      name: 'story',
      code: 'timeout',
      outcome: 'dropped',
      count: 10,
      row: 17,
      message: 'no complete reply within 60000 ms\u001B[2J',
      raw: null,
      ...noUsage,
    },
    {
      column: 2,
      name: 'title',
      code: 'refused',
      outcome: 'null',
      count: 1,
      row: 4,
      message: 'no',
      raw: null,
      ...noUsage,
    },
  ],
  requests: 1_234,
  cached: 0,
  requestOutcomes: { succeeded: 1_200, throttled: 20, failed: 14, givenUp: 0 },
  usage: { ...noUsage, inputTokens: 12_345, outputTokens: 45_678, reasoningTokens: 5_000 },
  cutAnswers: [{ column: 'story', cut: 30, answers: 1_200 }],
  usageByColumn: [],
  usageByRoute: [
    {
      route: 'writer',
      ok: 1_200,
      cut: 30,
      throttled: 20,
      failed: 14,
      ...noUsage,
      inputTokens: 12_345,
      outputTokens: 45_678,
      reasoningTokens: 5_000,
      toolTurns: 40,
      toolCalls: 1_050,
      cached: 0,
      corrections: 1,
      givenUp: 0,
      choices: [],
      byMode: {
        json_schema: { answers: 900, ...noUsage, inputTokens: 9_000, outputTokens: 30_000 },
        prompt: { answers: 2, ...noUsage, inputTokens: 80, outputTokens: 40 },
      },
    },
  ],
  outputModes: [
    {
      provider: 'openai',
      endpoint: 'http://x/v1',
      model: 'm',
      mode: 'tool_call',
      forms: {},
      left: [{ mode: 'json_schema', why: 'no such field\u001B', refused: true, form: null }],
    },
  ],
  limits: [{ alias: 'writer', requestsAtOnce: 4, requestsPerMinute: 600, tokensPerMinute: null }],
  sessions: [
    { number: 1, started, ended: null },
    { number: 2, started: started + 60_000, ended: started + 90_000 },
  ],
  plugins: [],
  columns: [
    { name: 'number', type: 'int64', drop: true },
    { name: 'story', type: 'string', drop: false },
  ],
  command: { directory: process.cwd(), words: ['create', 'tales.yaml', '-n', '1000'] },
  holder: null,
  batches: [],
}

test('a run that is not complete answers every question', () => {
  expect(describe(summary, layout).join('\n')).toMatchInlineSnapshot(`
    "tales  /runs/tales

    Contents
      no final dataset yet; 889 records in 2 parts, 123 kB
      2 columns, 1 of them not in the dataset; seed 7
        number (int64, not in the dataset), story (string)

    Progress
      ███████████████████████████████████░░░░░ 89 %  899 of 1,000 rows decided
        880 accepted
          9 kept with a null
         10 dropped
        101 remaining
      12 paid cells of remaining, dropped or rejected rows in the ledger

    Failures
      story, timeout: 10 cells failed, their rows are dropped
        row 17: no complete reply within 60000 ms␛[2J
      title, refused: 1 cell failed and is null
        row 4: no

    Cost
      1,234 requests: 1,200 answered, 20 × 429, 14 failed
      12.3 k tokens in, 45.7 k out (5.00 k of them reasoning)
        writer  1,200 answers, 20 × 429, 14 failed; 12.3 k tokens in, 45.7 k out; at most 600 requests/min
                1,050 tool calls in 40 answers
                1 correction
                answers of a form: 900 by json_schema (9.00 k tokens in, 30.0 k out), 2 by prompt (80 tokens in, 40 out)
      structured answers: m at http://x/v1 by tool_call
        json_schema was refused: no such field␛
      story: 30 of 1,200 answers cut off at the token limit or by a filter
      30 s in 2 sessions, without 1 that was killed
        1: 2026-01-02 03:04:05 UTC, killed
        2: 2026-01-02 03:05:05 UTC, 30 s

    Next steps
      continue                 rowsmith create tales.yaml -n 1000
      export the decided rows  rowsmith export /runs/tales
      show statistics          rowsmith report /runs/tales"
  `)
})

test('of a run that was killed before a row was decided, no time and no rows are made up', () => {
  const rows = { ...summary.rows, accepted: 0, nullKept: 0, dropped: 0, remaining: 1_000 }
  const killed = { number: 1, started, ended: null }
  const lines = describe({ ...summary, rows, sessions: [killed] }, layout)
  expect(lines).toContain('  1 session that was killed: how long is not known')
  expect(lines.join('\n')).not.toContain('export the decided rows')
  expect(lines.at(-2)).toBe('  continue         rowsmith create tales.yaml -n 1000')

  const both = describe({ ...summary, sessions: [killed, { ...killed, number: 2 }] }, layout)
  expect(both).toContain('  2 sessions that were killed: how long is not known')
})

test('while a process works on it, that is what is said', () => {
  const holder = { pid: 42, host: 'here', since: '2026-01-02T03:04:05.000Z' }
  const sessions = [{ number: 1, started, ended: null }]
  const lines = describe({ ...summary, holder, sessions, unwrittenRows: 51 }, layout)
  expect(lines[1]).toBe(
    'Running since 2026-01-02 03:04:05 UTC (10 m 0 s): 950 of 1,000 rows done, 12.3 k tokens in, 45.7 k out',
  )
  expect(lines).toContain('  51 remaining rows done, in the ledger until their part is written')
  expect(lines.at(-1)).toBe(
    '  Process 42 on here works on it. Look again, or wait until it has ended.',
  )
  expect(lines).toContain('    1: 2026-01-02 03:04:05 UTC, 10 m 0 s, at work')
})

test('a complete run with dropped rows: the command that makes them again, and the files', () => {
  const rows = { ...summary.rows, accepted: 981, remaining: 0 }
  const files = Array.from({ length: 30 }, (_, at) => ({
    path: `/runs/tales/data/${at}`,
    rows: 3,
    bytes: 9,
  }))
  const text = describe({ ...summary, rows, files, complete: true }, layout).join('\n')
  expect(text).toContain('100 %  1,000 of 1,000 rows decided')
  expect(text).toContain('… and 20 more files')
  expect(text).toContain('rowsmith create tales.yaml -n 1000 --retry-failed')
})

test('joins whose rows lack partners say so, once the seed was copied', () => {
  const count = { join: 'seed_config.join[0]', rows: 1_200 } as const
  const joins = [
    { ...count, how: 'left', withoutPartner: 34 },
    { ...count, how: 'inner', withoutPartner: 1 },
  ] as const
  const text = describe({ ...summary, joins }, layout).join('\n')
  expect(text).toContain(
    'seed_config.join[0]: 34 of 1,200 rows of the seed have no partner here, and are kept without its values',
  )
  expect(text).toContain('1 of 1,200 rows of the seed has no partner here, and is left out')
})

test('a selection that has used up its candidates says what makes more', () => {
  const selection = { target: 500, accepted: 120, candidates: 1_000, most: 1_000 }
  const text = describe({ ...summary, selection }, layout).join('\n')
  expect(text).toContain('120 of 500 rows selected from 1,000 candidates (12 %)')
  expect(text).toContain(
    '  all 1,000 candidates are made; a larger max_candidates of select makes more',
  )
  const open = { ...selection, candidates: 900 }
  expect(describe({ ...summary, selection: open }, layout).join('\n')).not.toContain('are made;')
})

test('hundreds of reasons are bounded', () => {
  const [failure] = summary.failures
  const failures = Array.from({ length: 300 }, (_, at) => ({
    ...failure!,
    name: `c${at}`,
    count: 2,
  }))
  const lines = describe({ ...summary, failures }, layout)
  expect(lines.filter((line) => line.includes('cells failed'))).toHaveLength(20)
  expect(lines).toContain('  … and 280 more reasons with 560 cells')
})

test('nearly complete is not complete', () => {
  const rows = { ...summary.rows, requested: 1_000_000, accepted: 999_980, remaining: 1 }
  const bar = describe({ ...summary, rows }, layout).find((line) => line.includes('decided'))
  expect(bar).toMatch(/░ 99 % {2}999,999 of 1,000,000 rows decided$/)
})
