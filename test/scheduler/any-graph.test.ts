import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RequestError } from '../../src/graph/request-error.ts'
import { createAdaptiveLimiter } from '../../src/limits/adaptive-limiter.ts'
import { createConcurrencyLimiter } from '../../src/limits/limiter.ts'
import { createEngine, requestOf, type TestColumn } from '../support/engine.ts'

type Unit = 'row' | 'request' | 'task' | 'local' | 'frame'

const columnShape = fc.record({
  unit: fc.constantFrom<Unit>('row', 'request', 'request', 'task', 'local', 'frame'),
  route: fc.constantFrom('m', 'n'),
  above: fc.array(fc.nat(5), { maxLength: 2 }),
  keeps: fc.boolean(),
  skips: fc.boolean(),
})

const runShape = fc.record({
  columns: fc.array(columnShape, { minLength: 1, maxLength: 6 }),
  rows: fc.integer({ min: 1, max: 30 }),
  groupRows: fc.integer({ min: 1, max: 12 }),
  frameRows: fc.integer({ min: 1, max: 10 }),
  framesPerPart: fc.integer({ min: 1, max: 3 }),
  slots: fc.integer({ min: 1, max: 5 }),
  maxRows: fc.integer({ min: 1, max: 40 }),
  failing: fc.integer({ min: 0, max: 4 }),
  adaptive: fc.boolean(),
  drainAt: fc.option(fc.nat(1_500)),
})

type Shape = typeof runShape extends fc.Arbitrary<infer Value> ? Value : never

function columnsOf(shapes: Shape['columns']): TestColumn[] {
  return shapes.map(({ unit, route, above, keeps, skips }, at): TestColumn => {
    const name = `c${at}`
    const after = at === 0 ? [] : [...new Set(above.map((up) => `c${up % at}`))]
    const rest: TestColumn = {
      name,
      after,
      onFailure: keeps ? 'null' : 'drop',
      ...(skips && after[0] !== undefined
        ? { skip: { when: `{{ ${after[0]} == '${after[0]} 3' }}`, value: 'skipped' } }
        : {}),
    }
    switch (unit) {
      case 'row':
        return rest
      case 'request':
        return { ...rest, route }
      case 'local':
        return { ...rest, by: 'cell', pure: false }
      case 'frame':
        return { ...rest, by: 'column', pure: false }
      case 'task':
        return {
          ...rest,
          route,
          alsoRoutes: [route === 'm' ? 'n' : 'm'],
          requests: 'many',
          async task({ index }, { request }) {
            await request(route, requestOf(`${name}:${index}:0`))
            await request(route === 'm' ? 'n' : 'm', requestOf(`${name}:${index}:1`))
            return { value: 'two turns' }
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

function failOf(failing: number): (text: string, attempt: number) => Error | null {
  return (text, attempt) => {
    const die = (hash(text) + attempt) % 9
    const problem = die < failing ? problems[die % problems.length] : undefined
    return problem === undefined ? null : new RequestError('failed', 'failed', problem)
  }
}

test('any graph ends with one outcome per row, within every limit, and a drain at any time does too', async () => {
  await fc.assert(
    fc.asyncProperty(runShape, async (shape) => {
      const partRows = shape.frameRows * shape.framesPerPart
      const engine = createEngine({
        columns: columnsOf(shape.columns),
        rows: shape.rows,
        groupRows: shape.groupRows,
        frameRows: shape.frameRows,
        partRows,
        slots: { m: shape.slots, n: 2 },
        limiters: (name) => [
          createConcurrencyLimiter({ name, cap: name === 'm' ? shape.slots : 2 }),
          ...(shape.adaptive ? [adaptive(name)] : []),
        ],
        model: { fail: failOf(shape.failing), latency: (text) => 10 + (text.length % 7) * 10 },
        options: {
          budget: { maxRows: shape.maxRows, maxBytes: 1e6, maxWriting: 2, lineFactor: 4 },
        },
      })
      const running = engine.run()
      if (shape.drainAt !== null) {
        engine.clock.after(shape.drainAt, () => engine.scheduler.drain())
      }
      const end = await running
      const handedOn = engine.parts.flatMap(({ rows }) => rows)
      const { rows, routes } = engine.scheduler.snapshot()

      const whole = end.kind === 'complete'
      expect(whole || shape.drainAt !== null, `ended as ${end.kind}`).toBe(true)
      expect(new Set(handedOn).size).toBe(handedOn.length)
      expect(handedOn).toHaveLength(rows.decided)
      expect(rows.decided + rows.remaining).toBe(shape.rows)
      expect(whole).toBe(rows.remaining === 0)
      for (const { part, rows: partOf } of engine.parts) {
        expect(partOf.every((row) => Math.floor(row / partRows) === part)).toBe(true)
      }
      const cells = engine.cells.map(({ row, column }) => `${column}:${row}`)
      expect(new Set(cells).size, 'a cell written down twice').toBe(cells.length)
      for (const route of ['m', 'n']) {
        const loads = engine.load.filter((load) => load.route === route)
        const most = Math.max(0, ...loads.map(({ inFlight }) => inFlight))
        expect(most, `in flight on ${route}`).toBeLessThanOrEqual(route === 'm' ? shape.slots : 2)
        expect(loads.at(-1)?.inFlight ?? 0).toBe(0)
      }
      expect(routes.map(({ inFlight }) => inFlight)).toEqual([0, 0])
    }),
    { numRuns: 300 },
  )
})

function adaptive(name: string): ReturnType<typeof createAdaptiveLimiter> {
  return createAdaptiveLimiter({
    slowdownTrials: false,
    name,
    cap: 4,
    decrease: 0.5,
    increase: { units: 1, successes: 3 },
    jitter: () => 0,
    cooldownMs: 100,
    longestCooldownMs: 1_000,
    rampMs: 200,
  })
}
