import { describe, expect, test } from 'vitest'
import { runAgainst, type LimitsCase } from './case.ts'

const AWAY_MS = 90_000
const FROM = 20_000

/** 0.5 to 1.5 s, in no order. */
function latencyMs({ number }: { number: number }): number {
  return 500 + ((number * 7_919) % 101) * 10
}

function answersBetween({ server }: LimitsCase, from: number, until: number): number {
  return server.answeredAt.filter((at) => at >= from && at < until).length
}

describe.each(['gone', 'fails'] as const)(
  'a server that %s for 90 s in the middle of a run',
  (how) => {
    const away = { from: FROM, until: FROM + AWAY_MS, how }

    test.each([4, 16, 64])('costs no row and few requests, with %i at once', async (cap) => {
      const rows = Math.max(3_000, 100 * cap)
      const run = await runAgainst({
        server: { away, latencyMs },
        rows,
        cap,
        earlyShutdown: { rate: 0.5, window: 10 },
      })
      expect(run.end).toEqual({ kind: 'complete' })
      expect(run.engine.failures).toEqual([])
      expect(run.engine.cells).toHaveLength(rows)
      expect(run.server.missed.length).toBeLessThan(50)
      const until = away.until + 15_000
      const before = answersBetween(run, 2_000, 18_000) / 16
      const after = answersBetween(run, until, until + 20_000) / 20
      expect(after / before).toBeGreaterThan(0.95)
      // It is asked all the time, and not more often for being many.
      const gaps = run.server.missed.map((at, index, all) => at - (all[index - 1] ?? FROM))
      expect(Math.max(...gaps)).toBeLessThan(7_000)
    })

    test('and stays away: the run stops in time, and its rows remain', async () => {
      const run = await runAgainst({
        server: { away: { ...away, until: Infinity }, latencyMs },
        rows: 3_000,
        cap: 8,
        maxOutageMs: 60_000,
        earlyShutdown: { rate: 0.5, window: 10 },
      })
      expect(run.end).toMatchObject({ kind: 'stopped', error: { code: 'outage' } })
      expect(run.engine.clock.now()).toBeGreaterThan(FROM + 60_000)
      expect(run.engine.clock.now()).toBeLessThan(FROM + 90_000)
      expect(run.engine.failures).toEqual([])
      expect(run.engine.clock.pending).toBe(0)
      const [event] = run.engine.events.filter(({ type }) => type === 'endpoint-stopped')
      expect(event).toMatchObject({ endpoint: 'here', model: null })
      expect(run.end).toMatchObject({
        reason: expect.stringMatching(
          /^here has not answered since 2026-01-01T00:00:2\dZ \(6\d s\) and was tried \d+ times in that time; last error: (nobody listens|not now) .*run the same command again/,
        ) as string,
      })
    })

    test('is shown while it lasts', async () => {
      const seen: unknown[] = []
      await runAgainst({
        server: { away, latencyMs },
        rows: 300,
        cap: 4,
        during: (engine) => {
          for (const at of [FROM - 1_000, FROM + 60_000, FROM + AWAY_MS + 10_000]) {
            engine.clock.after(at, () => seen.push(engine.scheduler.snapshot().routes[0]?.outage))
          }
        },
      })
      expect(seen).toEqual([
        null,
        {
          endpoint: 'here',
          sinceMs: expect.closeTo(60_000, -4) as number,
          nextTryMs: expect.any(Number) as number,
          code: how === 'gone' ? 'unreachable' : 'server-error',
        },
        null,
      ])
    })
  },
)

test('a few rows that no server can answer are dropped, and hold up no one', async () => {
  const poisoned = new Set([3, 4, 5, 6])
  const run = await runAgainst({
    server: { latencyMs, poison: (text) => poisoned.has(Number(text)) },
    prompt: String,
    rows: 200,
    cap: 8,
  })
  expect(run.end).toEqual({ kind: 'complete' })
  const failures = run.engine.failures.toSorted((a, b) => a.row - b.row)
  expect(failures.map(({ row, attempts }) => [row, attempts])).toEqual(
    [...poisoned].map((row) => [row, 8]),
  )
  expect(run.minutes * 60).toBeLessThan(60)
})

test('rows that no server can answer do not keep it closed for the others', async () => {
  // Six in a row open the breaker; one of the others asks next, and all continue.
  const run = await runAgainst({
    server: { latencyMs, poison: (text) => Number(text) < 6 },
    prompt: String,
    rows: 200,
    groupRows: 10,
    cap: 6,
  })
  expect(run.end).toEqual({ kind: 'complete' })
  expect(run.engine.failures.map(({ row }) => row).toSorted((a, b) => a - b)).toEqual([
    0, 1, 2, 3, 4, 5,
  ])
  expect(run.server.answeredAt[100]).toBeLessThan(40_000)
})
