import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CellFailure } from '../../src/graph/failure.ts'
import { RequestError } from '../../src/graph/request-error.ts'
import { createBreaker } from '../../src/limits/breaker.ts'
import { createConcurrencyLimiter } from '../../src/limits/limiter.ts'
import { createPartQueue } from '../../src/plan/part-queue.ts'
import { createPlan } from '../../src/plan/plan.ts'
import { RowSet } from '../../src/plan/row-set.ts'
import type { Journal, JournaledExchange } from '../../src/rows/journal.ts'
import type { Route } from '../../src/scheduler/route.ts'
import type { SchedulerOptions } from '../../src/scheduler/scheduler.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import {
  createEngine,
  emptyReply,
  type Engine,
  promptOf,
  requestOf,
  type TestColumn,
} from '../support/engine.ts'

// All that can hold a run up, at once: bytes, lines, breakers, parts that arrive, whole columns,
// requests that rows share, corrections, a slow disk.

type Unit = 'row' | 'request' | 'task' | 'local' | 'frame' | 'shared' | 'corrected' | 'filter'

const columnShape = fc.record({
  unit: fc.constantFrom<Unit>(
    'row',
    'request',
    'task',
    'local',
    'frame',
    'shared',
    'corrected',
    'filter',
  ),
  route: fc.constantFrom('m', 'n'),
  above: fc.array(fc.nat(5), { maxLength: 2 }),
  keeps: fc.boolean(),
  fails: fc.boolean(),
  characters: fc.constantFrom(0, 10, 2_000),
})

const runShape = fc.record({
  columns: fc.array(columnShape, { minLength: 1, maxLength: 5 }),
  rows: fc.integer({ min: 1, max: 30 }),
  groupRows: fc.integer({ min: 1, max: 12 }),
  frameRows: fc.integer({ min: 1, max: 10 }),
  framesPerPart: fc.integer({ min: 1, max: 3 }),
  slots: fc.integer({ min: 1, max: 5 }),
  maxBytes: fc.constantFrom(1, 10_000, 1_000_000),
  maxPendingBytes: fc.constantFrom(1, 500, 1_000_000),
  failing: fc.integer({ min: 0, max: 3 }),
  away: fc.option(fc.record({ from: fc.nat(400), length: fc.nat(20_000), gone: fc.boolean() })),
  /** How many choices a route has, and when the key of the second one is refused. */
  ways: fc.constantFrom(1, 2),
  refusedAt: fc.option(fc.nat(600)),
  arrival: fc.option(fc.nat(300)),
  drainAt: fc.option(fc.nat(1_500)),
})

type Shape = typeof runShape extends fc.Arbitrary<infer Value> ? Value : never

function columnsOf(shapes: Shape['columns']): TestColumn[] {
  return shapes.map(({ unit, route, above, keeps, fails, characters }, at): TestColumn => {
    const name = `c${at}`
    const made = (index: number): string => {
      if (fails && index % 5 === at) throw new CellFailure('odd', 'odd')
      return `${name} ${index} ${'x'.repeat(characters)}`
    }
    const rest: TestColumn = {
      name,
      after: at === 0 ? [] : [...new Set(above.map((up) => `c${up % at}`))],
      onFailure: keeps ? 'null' : 'drop',
      value: ({ index }) => made(index),
    }
    switch (unit) {
      case 'row':
        return rest
      case 'filter':
        return { ...rest, type: 'bool', rejects: 'odd', value: ({ index }) => index % 4 !== at }
      case 'request':
        return { ...rest, route }
      case 'local':
        return { ...rest, by: 'cell', pure: false }
      case 'frame':
        return {
          ...rest,
          by: 'column',
          pure: false,
          frame: (rows) => Promise.resolve(rows.map(({ index }) => ({ value: `frame ${index}` }))),
        }
      case 'shared':
        return {
          ...rest,
          route,
          requests: 'shared',
          shared: {
            most: 4,
            prepare: (rows) => requestOf(rows.map(({ index }) => `${name}:${index}`).join(' ')),
            finish: (_reply, rows) => rows.map(({ index }) => ({ value: `${name} ${index}` })),
          },
        }
      case 'corrected':
        return {
          ...rest,
          route,
          correct(_reply, { index }, correction) {
            const number = correction?.number ?? 0
            if (number >= index % 3) return { value: made(index) }
            return { again: requestOf(`${name}:${index} again ${number}`) }
          },
        }
      case 'task':
        return {
          ...rest,
          route,
          alsoRoutes: [route === 'm' ? 'n' : 'm'],
          requests: 'many',
          async task({ index }, { request, step }) {
            const texts = [0, 1].map((turn) => requestOf(`${name}:${index}:${turn}`))
            await Promise.all(texts.map((text) => request(route, text)))
            await step('local', index, () => Promise.resolve('done'))
            await request(route === 'm' ? 'n' : 'm', requestOf(`${name}:${index}:2`))
            return { value: made(index) }
          },
        }
    }
    return unit satisfies never
  })
}

const problems = [
  { kind: 'transient' },
  { kind: 'throttled', retryAfterMs: 300 },
  { kind: 'refused' },
] as const

function hash(text: string): number {
  let sum = 0
  for (let at = 0; at < text.length; at += 1) sum += text.charCodeAt(at) * (at + 7)
  return sum
}

function routesOf({ slots, ways }: Shape): Route[] {
  return ['m', 'n'].map((alias) => {
    const shared = createConcurrencyLimiter({ name: alias, cap: slots })
    const choices = Array.from({ length: ways }, (_, way) => {
      const name = `${alias}${way}`
      const breakers = (['unreachable', 'failing'] as const).map((opensFor) =>
        createBreaker({ name, opensFor, jitter: () => 0.5 }),
      )
      const place = { name, resource: name, endpoint: name, model: name }
      return { ...place, limiters: [shared, ...breakers], weight: 1, breakers }
    })
    return { name: alias, choices }
  })
}

/** A server behind every choice that is away, and refuses, when the shape says so. */
function serverOf({ away, failing, refusedAt }: Shape, clock: VirtualClock) {
  const sent: string[] = []
  const attempts = new Map<string, number>()

  function errorOf(choice: string, text: string): RequestError | null {
    const now = clock.now()
    if (choice.endsWith('1') && refusedAt !== null && now >= refusedAt) {
      return new RequestError('unauthorized', 'no', { kind: 'endpoint-stopped' })
    }
    if (away !== null && now >= away.from && now < away.from + away.length) {
      return away.gone
        ? new RequestError('unreachable', 'nobody', { kind: 'unreachable' })
        : new RequestError('server-error', 'not now', { kind: 'transient' })
    }
    const die = (hash(text) + (attempts.get(text) ?? 0)) % 9
    const problem = die < failing ? problems[die % problems.length] : undefined
    return problem === undefined ? null : new RequestError('failed', 'failed', problem)
  }

  const send: SchedulerOptions['send'] = (choice, request, signal) => {
    const text = promptOf(request)
    sent.push(text)
    attempts.set(text, (attempts.get(text) ?? 0) + 1)
    return new Promise((resolve, reject) => {
      const timer = clock.after(10 + (text.length % 7) * 10, () => {
        signal.removeEventListener('abort', giveUp)
        const error = errorOf(choice, text)
        if (error === null) resolve(emptyReply)
        else reject(error)
      })
      function giveUp(): void {
        timer.cancel()
        reject(new Error('given up'))
      }
      signal.addEventListener('abort', giveUp)
    })
  }
  return { sent, send }
}

/** A journal whose disk takes its time. */
function slowJournal(
  clock: VirtualClock,
): { journal: Journal } & Pick<Engine, 'cells' | 'failures' | 'exchanges' | 'requests'> {
  const kept: Pick<Engine, 'cells' | 'failures' | 'exchanges' | 'requests'> = {
    cells: [],
    failures: [],
    exchanges: [],
    requests: [],
  }
  const callbacks: (() => void)[] = []
  let pendingBytes = 0
  function append(bytes: number, durable?: () => void): void {
    pendingBytes += bytes
    clock.after(7, () => {
      pendingBytes -= bytes
      durable?.()
      for (const callback of callbacks) callback()
    })
  }
  const isOf = (one: JournaledExchange, row: number, column: number): boolean =>
    one.row === row && one.column === column
  return {
    ...kept,
    journal: {
      cell(cell) {
        kept.cells.push(cell)
        append(200)
      },
      failure(failure) {
        kept.failures.push(failure)
        append(200)
      },
      exchange(exchange, durable) {
        kept.exchanges.push(exchange)
        append(200, durable)
      },
      forget(row, column, fromTurn) {
        const left = kept.exchanges.filter((one) => !isOf(one, row, column) || one.turn < fromTurn)
        kept.exchanges.splice(0, Infinity, ...left)
        append(30)
      },
      request(record) {
        kept.requests.push(record)
        append(30)
      },
      get pendingBytes() {
        return pendingBytes
      },
      onDurable: (callback) => void callbacks.push(() => callback(null)),
    },
  }
}

function engineOf(
  shape: Shape,
  known: Parameters<typeof createEngine>[0]['known'],
  decided: RowSet,
  options: Partial<SchedulerOptions> = {},
) {
  const { groupRows, frameRows } = shape
  const partRows = frameRows * shape.framesPerPart
  const clock = createVirtualClock()
  const { journal, ...kept } = slowJournal(clock)
  const columns = columnsOf(shape.columns)
  const routes = routesOf(shape)
  const { sent, send } = serverOf(shape, clock)
  const plan = createPlan({ target: shape.rows, decided, groupRows, frameRows, partRows })
  const source = createPartQueue(plan, { wholeFrames: columns.some(({ by }) => by === 'column') })
  const engine = createEngine({
    clock,
    columns,
    rows: shape.rows,
    groupRows,
    frameRows,
    partRows,
    slots: { m: shape.slots, n: shape.slots },
    decided,
    ...(known === undefined ? {} : { known }),
    options: {
      source,
      journal,
      routes,
      send,
      maxPendingBytes: shape.maxPendingBytes,
      budget: { maxRows: 40, maxBytes: shape.maxBytes, maxWriting: 2, lineFactor: 4 },
      ...options,
    },
  })
  const parts = Array.from({ length: Math.ceil(shape.rows / partRows) }, (_, part) => part).filter(
    (part) => {
      const [start, end] = [part * partRows, Math.min((part + 1) * partRows, shape.rows)]
      return decided.intersect(start, end).count < end - start
    },
  )
  const step = shape.arrival ?? 0
  parts.forEach((part, at) => {
    if (step === 0) source.add(part)
    else clock.after(at * step, () => source.add(part))
  })
  if (step === 0) source.end()
  else clock.after(parts.length * step, () => source.end())
  return {
    ...engine,
    ...kept,
    sent,
    /** Units that are still taken of any limiter. */
    unitsTaken: () =>
      routes
        .flatMap(({ choices }) => choices.flatMap(({ limiters }) => limiters))
        .reduce((sum, { inFlight }) => sum + Math.abs(inFlight), 0),
  }
}

function outcomesOf({ parts }: Pick<Engine, 'parts'>): number[] {
  return parts.flatMap(({ rows }) => rows)
}

test('any run ends with one outcome per row and holds nothing then; a drained one continues', async () => {
  await fc.assert(
    fc.asyncProperty(runShape, async (shape) => {
      const first = engineOf(shape, undefined, RowSet.empty)
      const running = first.run()
      if (shape.drainAt !== null) first.clock.after(shape.drainAt, () => first.scheduler.drain())
      const end = await running
      const whole = end.kind === 'complete'
      expect(whole || shape.drainAt !== null, `ended as ${end.kind}`).toBe(true)
      // Of a drained run a request of a dropped row may still be in its line.
      expect(first.unitsTaken()).toBe(0)
      expect(first.requests, 'what was paid for is written down').toHaveLength(first.sent.length)
      const { bytesHeld } = first.scheduler.snapshot()
      expect(shape.drainAt === null ? bytesHeld : 0).toBe(0)
      const before = outcomesOf(first)
      const { rows } = first.scheduler.snapshot()
      expect(rows.decided + rows.remaining).toBe(shape.rows)
      expect(rows.dropped + rows.rejected).toBeLessThanOrEqual(rows.decided)
      expect(rows.decided).toBe(before.length)
      expect(new Set(before).size).toBe(before.length)
      expect(before.length === shape.rows || !whole).toBe(true)

      const { cells, failures, exchanges } = first
      const decided = RowSet.fromRows(Float64Array.from(before).sort())
      const known = { cells, failures, exchanges }
      const settled = engineOf({ ...shape, drainAt: null }, known, decided, { settleOnly: true })
      await settled.run()
      expect([settled.sent, settled.scheduler.snapshot().rows.begun]).toEqual([[], 0])
      const next = engineOf({ ...shape, drainAt: null }, known, decided)
      expect(await next.run()).toEqual({ kind: 'complete' })
      expect([next.scheduler.snapshot().bytesHeld, next.unitsTaken()]).toEqual([0, 0])
      const all = [...before, ...outcomesOf(next)]
      expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: shape.rows }, (_, i) => i))
      const made = [...cells, ...next.cells].map(({ row, column }) => `${column}:${row}`)
      expect(new Set(made).size, 'a cell made twice').toBe(made.length)
    }),
    { numRuns: Number(process.env['RUNS'] ?? 150) },
  )
}, 120_000)
