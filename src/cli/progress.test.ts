import { expect, test } from 'vitest'
import type { ColumnProgress, RouteProgress, Snapshot } from '../scheduler/scheduler-event.ts'
import { createProgress } from './progress.ts'
import { noSessions } from '../run/earlier-sessions.ts'
import { Double, type Value } from '../util/value.ts'
import type { Screen } from './terminal.ts'
import { widthOf } from './width.ts'

const route: RouteProgress = {
  name: 'writer',
  endpoint: 'here',
  inFlight: 12,
  oldestMs: 100,
  timeoutMs: 60_000,
  limit: 64,
  waiting: 340,
  requests: 100,
  cached: 0,
  succeeded: 88,
  throttled: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  cost: null,
  coolDownMs: 0,
  requestsPerMinute: null,
  tokensPerMinute: null,
  heldBy: 'in-flight',
  outage: null,
  stopped: null,
  choices: [],
}

function column(name: string, progress: Partial<ColumnProgress> = {}): ColumnProgress {
  return {
    name,
    scheduled: true,
    routes: ['writer'],
    known: 0,
    made: 0,
    skipped: 0,
    failed: 0,
    unneeded: 0,
    ...progress,
  }
}

function snapshot(state: Partial<Snapshot> = {}): Snapshot {
  return {
    columns: [],
    routes: [route],
    rows: { decided: 0, dropped: 0, rejected: 0, remaining: 10, open: 10, begun: 0 },
    openGroups: 1,
    partsWriting: 0,
    backingOff: 0,
    backOff: null,
    bytesHeld: 0,
    pendingBytes: 0,
    draining: false,
    selection: null,
    newest: null,
    ...state,
  }
}

interface Watched {
  /** Shows a state so many seconds after the one before; gives what was written. */
  after(seconds: number, state: Snapshot): string[]
}

function watched({
  live = true,
  width = 100,
  height = 30,
  rows = 10,
  decidedBefore = 0,
  intervalMs = 5_000,
  clock = false,
  before = noSessions,
} = {}): Watched {
  let lines: string[] = []
  let now = 0
  const screen: Screen = {
    live,
    width,
    height,
    quietMs: 0,
    style: (_, text) => text,
    print: (text) => lines.push(text),
    paint: (painted) => lines.push(...painted),
    clear: () => undefined,
    forget: () => undefined,
  }
  const view = createProgress({
    screen,
    facts: { name: 'tales', rows, decidedBefore, before },
    now: () => now,
    intervalMs,
  })
  return {
    after(seconds, state) {
      now += seconds * 1000
      lines = []
      view.show(state)
      const [head = '', ...rest] = lines
      // The clock and the bar have a separate test.
      return lines.length === 0 ? [] : [clock ? head : head.replace(clockAndBar, ''), ...rest]
    },
  }
}

const clockAndBar = /(?:, after [^━─]*?)?(?: {2}[━─]+)?$/

test('the first line ends with the time taken and a bar, where there is room', () => {
  const state = (decided: number): Snapshot =>
    snapshot({
      rows: { decided, dropped: 0, rejected: 0, remaining: 10 - decided, open: 1, begun: 1 },
    })
  const view = watched({ clock: true, decidedBefore: 10, rows: 20, width: 60 })
  view.after(0, state(0))
  expect(view.after(2, state(5))[0]).toBe(
    'tales  15 of 20 rows (75 %), 2.5/s, after 2.0 s  ━━━━━━━───',
  )
  const narrow = watched({ clock: true, rows: 10, width: 30 })
  narrow.after(0, state(0))
  expect(narrow.after(2, state(5))[0]).toBe('tales  5 of 10 rows (50 %)')
})

test('columns without a model share a line, unless one of them fails', () => {
  const columns = [
    column('id', { routes: [], made: 10 }),
    column('age', { routes: [], made: 4 }),
    column('bad', { routes: [], made: 1, failed: 1 }),
    column('story'),
  ]
  expect(watched().after(0.2, snapshot({ columns })).slice(1, 4)).toEqual([
    '  2 columns without a model: 1 done (id, age)',
    '  bad     2/10    1 failed',
    '  story   0/10  ',
  ])
})

test.each<[string, Partial<RouteProgress>, string[]]>([
  ['units in flight', {}, ['  writer  12/64 in flight, 340 waiting']],
  [
    'requests a minute',
    { requestsPerMinute: 600, heldBy: 'requests' },
    ['  writer  12/64 in flight, 340 waiting for requests/min, at most 600 requests/min'],
  ],
  [
    'tokens a minute',
    { requestsPerMinute: 600, tokensPerMinute: 100_000, heldBy: 'tokens' },
    [
      '  writer  12/64 in flight, 340 waiting for tokens/min, at most 600 requests/min and 100 k tokens/min',
    ],
  ],
  [
    'a cool-down',
    { coolDownMs: 7_000, heldBy: 'cool-down', throttled: 3 },
    ['  writer  12/64 in flight, 340 waiting, 3 × 429', '  writer asked for a pause: 7.0 s left'],
  ],
  ['an old request', { oldestMs: 42_000, waiting: 0 }, ['  writer  12/64 in flight, oldest 42 s']],
  ['a stop', { stopped: 'no credit' }, ['  writer  stopped: no credit']],
])('the panel says what holds a route: %s', (_, progress, expected) => {
  const state = snapshot({ routes: [{ ...route, ...progress }] })
  expect(watched({ width: 120 }).after(0.2, state).slice(1)).toEqual(expected)
})

test('so does a line of progress', () => {
  const routes: RouteProgress[] = [{ ...route, requestsPerMinute: 600, heldBy: 'requests' }]
  expect(watched({ live: false }).after(5, snapshot({ routes }))).toEqual([
    'tales: 0 of 10 rows (0 %); in flight: writer 12/64, waiting for requests/min',
  ])
})

test('a chain of columns: while no row has ended the time left comes from cells', () => {
  const view = watched({ rows: 1_000 })
  const state = (first: number, second: number): Snapshot =>
    snapshot({
      columns: [column('outline', { made: first }), column('story', { made: second })],
      rows: { decided: 0, dropped: 0, rejected: 0, remaining: 1_000, open: 1_000, begun: 0 },
    })
  view.after(0, state(0, 0))
  // Too early to say.
  expect(view.after(0.5, state(40, 5))[0]).toBe('tales  0 of 1,000 rows (0 %)')
  // 50 cells in 5 s of the 2,000 that one model must make.
  expect(view.after(4.5, state(40, 10))[0]).toBe(
    'tales  0 of 1,000 rows (0 %), 0.0/s, 3 m 15 s left',
  )
})

test('rows that were complete in the ledger do not make a run look fast', () => {
  const view = watched({ rows: 1_000, decidedBefore: 100 })
  const state = (decided: number, made: number): Snapshot =>
    snapshot({
      columns: [column('story', { known: 400, made })],
      rows: { decided, dropped: 0, rejected: 0, remaining: 900 - decided, open: 100, begun: 0 },
    })
  view.after(0, state(0, 0))
  // 400 rows at once, and 10 cells in 10 s: the 490 that are left take as many seconds.
  expect(view.after(10, state(410, 10))[0]).toMatch(
    /^tales {2}510 of 1,000 rows \(51 %\), 41\/s, 8 m 10 s left$/,
  )
})

test('there is no time left where a model has work and does none', () => {
  const view = watched({ rows: 100 })
  const state = (made: number): Snapshot =>
    snapshot({
      columns: [column('story', { made }), column('score', { routes: ['judge'] })],
      rows: { decided: 0, dropped: 0, rejected: 0, remaining: 100, open: 100, begun: 0 },
    })
  view.after(0, state(0))
  expect(view.after(10, state(50))[0]).toBe('tales  0 of 100 rows (0 %), 0.0/s')
})

test('all rows decided is not yet the end: no percentage, no rate, and what is done instead', () => {
  const view = watched()
  const [head, ...rest] = view.after(
    2,
    snapshot({
      columns: [column('story', { made: 8, failed: 2 })],
      routes: [{ ...route, inFlight: 0, waiting: 0 }],
      rows: { decided: 10, dropped: 2, rejected: 0, remaining: 0, open: 0, begun: 0 },
      partsWriting: 1,
    }),
  )
  expect(head).toBe('tales  10 of 10 rows, 2 dropped')
  expect(rest).toEqual([
    '  story   10/10  done  2 failed',
    '  writer  0/64 in flight',
    '  writing 1 part',
  ])
})

test('never 100 % while a row remains', () => {
  const state = snapshot({
    rows: { decided: 99_999, dropped: 0, rejected: 0, remaining: 1, open: 1, begun: 0 },
  })
  expect(watched({ rows: 100_000 }).after(0, state)[0]).toBe('tales  99,999 of 100,000 rows (99 %)')
})

test('cells of dropped rows are not waited for', () => {
  const view = watched()
  const state = snapshot({
    columns: [column('outline', { made: 5, failed: 5 }), column('story', { made: 5 })],
    rows: { decided: 10, dropped: 5, rejected: 0, remaining: 0, open: 0, begun: 0 },
  })
  view.after(0, state)
  expect(view.after(2, state)[2]).toBe('  story     5/10  done')
})

test('64 columns and 12 models on a terminal of 24 lines', () => {
  const columns = Array.from({ length: 64 }, (_, at) =>
    column(`column_${at}`, { made: at < 60 ? 10 : 0, failed: at === 3 ? 1 : 0 }),
  )
  const routes = Array.from({ length: 12 }, (_, at) => ({
    ...route,
    name: `model_${at}`,
    inFlight: at === 11 ? 3 : 0,
    waiting: 0,
  }))
  const lines = watched({ width: 80, height: 24 }).after(1, snapshot({ columns, routes }))
  expect(lines).toHaveLength(23)
  // Those that have work come first, whatever their place.
  expect(lines.join('\n')).toContain('column_63')
  expect(lines.join('\n')).toMatch(/… \+5\d columns/)
  expect(lines.join('\n')).toContain('model_11')
})

test.each([200, 80, 40, 20, 8])('%d columns wide: the less important goes first', (width) => {
  const columns = [column('漢字の列', { made: 3, failed: 1, skipped: 2 }), column('story')]
  const view = watched({ width, height: 10, rows: 10 })
  view.after(0, snapshot({ columns: [column('漢字の列'), column('story')] }))
  const lines = view.after(
    12,
    snapshot({
      columns,
      rows: { decided: 3, dropped: 1, rejected: 0, remaining: 7, open: 7, begun: 0 },
      routes: [{ ...route, throttled: 3, failed: 1, outputTokens: 5_000, oldestMs: 11_000 }],
    }),
  )
  expect(lines.length).toBeLessThan(10)
  const widest = Math.max(...lines.map((line) => widthOf(line)))
  // The screen cuts what is left; from 40 columns on nothing is.
  expect(widest).toBeLessThan(width >= 40 ? width : Infinity)
  expect(lines[0]).toContain('3 of 10 rows (30 %)')
  const counts = lines.filter((line) => line.includes('/10'))
  expect(new Set(counts.map((line) => widthOf(line.slice(0, line.indexOf('/10'))))).size).toBe(1)
})

test('a run that stands still says so, and for what it waits', () => {
  const view = watched({ live: false, intervalMs: 60_000 })
  const state = snapshot({
    routes: [{ ...route, inFlight: 4, limit: 4, waiting: 0, oldestMs: 42_000 }],
  })
  view.after(0, state)
  expect(view.after(9, state)).toEqual([])
  expect(view.after(2, state)).toEqual([
    'tales: 0 of 10 rows (0 %), 0.0/s; in flight: writer 4/4; no answer for 11 s: waiting for writer (4 requests, the oldest for 42 s of 1 m 0 s)',
  ])
  // As long as it moves there is a line per interval only.
  expect(
    view.after(
      9,
      snapshot({ rows: { decided: 1, dropped: 0, rejected: 0, remaining: 9, open: 9, begun: 0 } }),
    ),
  ).toEqual([])
})

test('failures that are tried again, and a drain', () => {
  const view = watched({ width: 120 })
  const backOff = { nextMs: 12_000, route: 'writer', code: 'timeout', message: 'no reply' }
  expect(view.after(1, snapshot({ backingOff: 3, backOff })).at(-1)).toBe(
    '  3 requests failed (last: writer, timeout) and will be tried again, the first in 12 s',
  )
  const draining = snapshot({ draining: true, routes: [{ ...route, oldestMs: 9_000 }] })
  view.after(1, draining)
  expect(view.after(5, draining).slice(-1)).toEqual([
    '  stopping: waiting for 12 requests in flight (writer 12), oldest 9.0 s; at most 55 s more',
  ])
})

test('a log with many models names some', () => {
  const routes = Array.from({ length: 20 }, (_, at) => ({ ...route, name: `m${at}` }))
  const [line] = watched({ live: false }).after(6, snapshot({ routes }))
  expect(line).toContain('m5 12/64, 6 of 20 models')
  expect(line).not.toContain('m6')
})

test('what is spent is reported always, with what earlier sessions spent', () => {
  const paid = { ...route, inputTokens: 1_000, outputTokens: 500, cost: 2 }
  expect(watched().after(0.2, snapshot({ routes: [paid] }))).toContain(
    '  $2.00, 1.00 k tokens in, 500 out',
  )
  const before = { ...noSessions, dropped: 2, inputTokens: 9_000, outputTokens: 100, cost: 0.5 }
  const resumed = watched({ live: false, decidedBefore: 5, rows: 15, before })
  expect(resumed.after(5, snapshot({ routes: [paid] }))).toEqual([
    'tales: 5 of 15 rows (33 %), 2 dropped; in flight: writer 12/64; $2.50, 10.0 k tokens in, 600 out',
  ])
  const unpriced = { ...route, inputTokens: 10 }
  expect(watched().after(0.2, snapshot({ routes: [unpriced] }))).toContain(
    '  no price known, 10 tokens in, 0 out',
  )
})

test('counts of columns continue where an earlier session ended', () => {
  const rows = { dropped: 1, rejected: 0, open: 4, begun: 0 }
  const before = snapshot({
    rows: { ...rows, decided: 6, remaining: 4 },
    columns: [
      column('story', { made: 7, failed: 1 }),
      // Of the row that was dropped no one makes it.
      column('title', { made: 5, unneeded: 1 }),
    ],
  })
  const after = snapshot({
    rows: { ...rows, dropped: 0, decided: 0, remaining: 4 },
    columns: [column('story', { known: 2 }), column('title')],
  })
  const counts = (lines: string[]): string[] =>
    lines.flatMap((line) => line.match(/\d+\/10/g) ?? [])
  expect(counts(watched().after(0.2, before))).toEqual(['8/10', '6/10'])
  expect(counts(watched({ decidedBefore: 6 }).after(0.2, after))).toEqual(['8/10', '6/10'])
})

test('the newest record: what models wrote first, as far as there is room', () => {
  const newest = {
    row: 411,
    cells: [
      { column: 'stars', value: 5 },
      { column: 'story', value: 'Once upon\na \u001B[2Jtime 漢字' },
      { column: 'facts', value: new Map<string, Value>([['tags', ['a', new Double(1)]]]) },
      { column: 'vector', value: new Float32Array(3) },
    ],
  }
  const columns = [column('story'), column('stars', { routes: [] }), column('facts')]
  const state = snapshot({ columns, newest })
  const shown = (height: number): string[] => watched({ height }).after(0.2, state).slice(5)
  expect(shown(30)).toEqual([
    '  row 411  story: Once upon a ␛[2Jtime 漢字',
    '           facts: {"tags":["a",1.0]}',
    '           stars: 5; vector: 3 numbers',
  ])
  expect(shown(14)).toEqual([
    '  row 411  story: Once upon a ␛[2Jtime 漢字; facts: {"tags":["a",1.0]}; stars: 5; vector: 3 numbers',
  ])
  expect(shown(9)).toEqual([])
})

test('a pool has a line for each of its places', () => {
  const choice = { inFlight: 3, limit: 4, coolDownMs: 0, outage: null, stopped: null }
  const outage = { endpoint: 'west', sinceMs: 12_000, nextTryMs: 3_000, code: 'unreachable' }
  const choices = [
    { ...choice, name: 'east' },
    { ...choice, name: 'west', outage },
    { ...choice, name: 'north', coolDownMs: 5_000 },
    { ...choice, name: 'south', stopped: 'no credit' },
    { ...choice, name: 'any', limit: Number.POSITIVE_INFINITY },
  ]
  const state = snapshot({ routes: [{ ...route, waiting: 0, choices }] })
  expect(watched().after(0.2, state).slice(1)).toEqual([
    '  writer   12/64 in flight',
    '    east   3/4 in flight',
    '    west   no answer for 12 s (unreachable), next try in 3.0 s',
    '    north  3/4 in flight, quiet for 5.0 s more',
    '    south  stopped: no credit',
    '    any    3 in flight',
  ])
  // What is in trouble stays where not all have room.
  expect(watched({ height: 5 }).after(0.2, state).slice(1)).toEqual([
    '    west   no answer for 12 s (unreachable), next try in 3.0 s',
    '    south  stopped: no credit',
    '  … +4 lines',
  ])
})

test('a limit that a setting would raise is reported once', () => {
  const held = { ...route, endpoint: 'https://here/v1', inFlight: 4, limit: 4 }
  const state = (decided: number, progress: Partial<RouteProgress> = {}): Snapshot =>
    snapshot({
      routes: [{ ...held, heldBy: 'in-flight', ...progress }],
      columns: [column('story', { made: decided })],
      rows: { decided, dropped: 0, rejected: 0, remaining: 999 - decided, open: 9, begun: 9 },
    })
  const hints = (progress?: Partial<RouteProgress>): string[] => {
    const view = watched({ live: false, rows: 999, intervalMs: 3_600_000 })
    return [0, 10, 20, 30, 40].flatMap((at) => view.after(10, state(at, progress)))
  }
  expect(hints()).toEqual([
    'Model writer works on 4 requests at once while 340 requests wait. If its endpoint tolerates more, set a larger max_parallel_requests (default: 4) in its inference_parameters.',
  ])
  expect(hints({ throttled: 1 })).toEqual([])
  expect(hints({ limit: 8 })).toEqual([])
  expect(hints({ endpoint: 'llama-cpp' })).toEqual([])
})
