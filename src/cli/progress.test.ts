import { expect, test } from 'vitest'
import type { RouteProgress, Snapshot } from '../scheduler/events.ts'
import { createProgress } from './progress.ts'
import type { Screen } from './terminal.ts'

const route: RouteProgress = {
  name: 'writer',
  endpoint: 'here',
  inFlight: 12,
  limit: 64,
  waiting: 340,
  requests: 100,
  succeeded: 88,
  throttled: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  coolDownMs: 0,
  requestsPerMinute: null,
  tokensPerMinute: null,
  heldBy: 'in-flight',
  stopped: null,
}

/** The lines about routes, and what stands below them. */
function shown(progress: Partial<RouteProgress>, live: boolean): string[] {
  const lines: string[] = []
  const screen: Screen = {
    live,
    width: 100,
    style: (_, text) => text,
    print: (text) => lines.push(text),
    paint: (painted) => lines.push(...painted),
    clear: () => undefined,
  }
  let now = 0
  const view = createProgress({
    screen,
    facts: { name: 'tales', rows: 10, decidedBefore: 0, startedMs: 0 },
    now: () => now,
    intervalMs: 5,
  })
  const snapshot: Snapshot = {
    columns: [],
    routes: [{ ...route, ...progress }],
    rows: { decided: 0, dropped: 0, remaining: 10, open: 10 },
    openGroups: 1,
    partsWriting: 0,
    backingOff: 0,
    pendingBytes: 0,
    draining: false,
  }
  now = 10
  view.show(snapshot)
  return live ? lines.slice(1) : lines
}

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
    ['  writer  12/64 in flight, 340 waiting, 3 × 429', '  writer asked for quiet: 7.0 s to go'],
  ],
])('the panel says what holds a route: %s', (_, progress, expected) => {
  expect(shown(progress, true)).toEqual(expected)
})

test('so does a line of progress', () => {
  expect(shown({ requestsPerMinute: 600, heldBy: 'requests' }, false).join()).toContain(
    'in flight: writer 12/64, waiting for requests/min',
  )
})
