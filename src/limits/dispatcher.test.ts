import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dispatchCase, type DispatchCase, type TimedWork } from '../../test/support/dispatch.ts'
import { createAdaptiveLimiter } from './adaptive-limiter.ts'
import type { RouteOptions } from './lanes.ts'
import { type AdjustableLimiter, createConcurrencyLimiter, type Limiter } from './limiter.ts'
import { createRateLimiter } from './rate-limiter.ts'

function cap(name: string, units: number): Limiter {
  return createConcurrencyLimiter({ name, cap: units })
}

function work(id: number, rest: Partial<TimedWork> = {}): TimedWork {
  return { id, group: 0, depth: 0, holdMs: 10, ...rest }
}

describe('several limiters', () => {
  test('all at once or none: work that lacks one unit holds none of the others', () => {
    const endpoint = cap('endpoint', 2)
    const [first, second] = [cap('first', 1), cap('second', 1)]
    const state = dispatchCase([
      { name: 'first', limiters: [first, endpoint] },
      { name: 'second', limiters: [second, endpoint] },
    ])
    for (let id = 0; id < 3; id += 1) state.add(0, work(id))
    state.dispatch()
    expect(state.started.map(({ id }) => id)).toEqual([0])
    expect([first.inFlight, endpoint.inFlight]).toEqual([1, 1])
    state.add(1, work(9))
    state.dispatch()
    expect(state.started.map(({ id }) => id)).toEqual([0, 9])
  })

  test('an alias cap and the cap of its endpoint both hold', async () => {
    const endpoint = cap('endpoint', 5)
    const aliases = [cap('a', 2), cap('b', 4)]
    let most = [0, 0, 0]
    const state = dispatchCase(
      aliases.map((alias) => ({ name: alias.name, limiters: [alias, endpoint] })),
      () => {
        const now = [endpoint, ...aliases].map(({ inFlight }) => inFlight)
        most = most.map((value, at) => Math.max(value, now[at] as number))
      },
    )
    for (let id = 0; id < 40; id += 1) state.add(id % 4 === 0 ? 0 : 1, work(id))
    state.dispatch()
    await state.clock.runUntilIdle()
    expect(state.started).toHaveLength(40)
    expect(most).toEqual([5, 2, 4])
  })

  test('a line blocked elsewhere is passed over, and served before younger work later', async () => {
    const shared = cap('endpoint', 1)
    const alias = cap('alias', 1)
    const state = dispatchCase([
      { name: 'both', limiters: [alias, shared] },
      { name: 'shared', limiters: [shared] },
      { name: 'alias', limiters: [alias] },
    ])
    state.add(2, work(0, { holdMs: 25 }))
    state.dispatch()
    state.add(0, work(1, { group: 0 }))
    for (let id = 2; id < 6; id += 1) state.add(1, work(id, { group: 5 }))
    state.dispatch()
    await state.clock.runUntilIdle()
    expect(state.started.map(({ id, at }) => [id, at])).toEqual([
      [0, 0],
      [2, 0],
      [3, 10],
      [4, 20],
      [1, 30],
      [5, 40],
    ])
  })
})

test('over all lines the oldest group goes first, then the deepest column', async () => {
  const shared = cap('endpoint', 1)
  const state = dispatchCase([
    { name: 'a', limiters: [shared] },
    { name: 'b', limiters: [shared] },
  ])
  state.add(0, work(0, { group: 2, depth: 9 }))
  state.add(1, work(1, { group: 1, depth: 0 }))
  state.add(0, work(2, { group: 1, depth: 3 }))
  state.add(1, work(3, { group: -1, depth: 1 }))
  state.dispatch()
  await state.clock.runUntilIdle()
  expect(state.started.map(({ id }) => id)).toEqual([3, 2, 1, 0])
})

describe('nothing runs for nothing', () => {
  test('10,000 waiters and nothing freed: no callback, no look at the limiters', async () => {
    let looks = 0
    const limiter = cap('endpoint', 1)
    const counted: Limiter = {
      ...limiter,
      readyAt(now) {
        looks += 1
        return limiter.readyAt(now)
      },
    }
    const state = dispatchCase([{ name: 'a', limiters: [counted] }])
    state.add(0, work(0, { holdMs: 1_000_000 }))
    state.dispatch()
    for (let id = 1; id <= 10_000; id += 1) state.add(0, work(id))
    state.dispatch()
    looks = 0
    await state.clock.advance(999_999)
    expect([looks, state.wakings, state.started.length]).toEqual([0, 0, 1])
    expect(state.clock.pending).toBe(1)
  })

  test('a freed unit costs the same whether 100 or 10,000 wait', async () => {
    async function looksFor(waiters: number): Promise<number> {
      let looks = 0
      const limiter = cap('endpoint', 8)
      const counted: Limiter = {
        ...limiter,
        readyAt(now) {
          looks += 1
          return limiter.readyAt(now)
        },
      }
      const state = dispatchCase([{ name: 'a', limiters: [counted] }])
      for (let id = 0; id < waiters; id += 1) state.add(0, work(id))
      state.dispatch()
      await state.clock.runUntilIdle()
      expect(state.started).toHaveLength(waiters)
      return looks / waiters
    }
    const [few, many] = [await looksFor(100), await looksFor(10_000)]
    expect(many).toBeLessThan(few * 1.2)
    expect(many).toBeLessThanOrEqual(3)
  })

  test('the end of a cool-down is one waking', async () => {
    const limiter = createAdaptiveLimiter({
      name: 'model',
      cap: 4,
      decrease: 0.75,
      increase: { units: 1, successes: 25 },
      slowdownTrials: false,
      jitter: () => 0,
      cooldownMs: 2_000,
      longestCooldownMs: 300_000,
      rampMs: 0,
    })
    const state = dispatchCase([{ name: 'a', limiters: [limiter] }])
    const outcome = { kind: 'throttled', retryAfterMs: 5_000 } as const
    for (let id = 0; id < 4; id += 1) state.add(0, work(id, { outcome }))
    for (let id = 4; id < 50; id += 1) state.add(0, work(id))
    state.dispatch()
    await state.clock.advance(5_009)
    expect([state.started.length, state.wakings]).toEqual([4, 0])
    await state.clock.advance(1)
    // One asks whether it is open again; its answer lets the others go.
    expect([state.started.length, state.wakings]).toEqual([5, 1])
    await state.clock.advance(10)
    expect([state.started.length, state.wakings]).toEqual([8, 1])
    await state.clock.runUntilIdle()
    expect(state.started).toHaveLength(50)
  })
})

describe('routes that watch others', () => {
  test('work starts only while a watched route could send and has no one waiting', async () => {
    const model = cap('model', 2)
    const state = dispatchCase([
      { name: 'model', limiters: [model] },
      { name: 'tasks', limiters: [cap('open', 10)], whileAnyOf: [0] },
    ])
    for (let id = 0; id < 3; id += 1) state.add(0, work(id, { group: 1, holdMs: 10 }))
    for (let id = 10; id < 13; id += 1) state.add(1, work(id, { holdMs: 5 }))
    state.dispatch()
    expect(state.started.map(({ id }) => id)).toEqual([0, 1])
    await state.clock.advance(10)
    // Both units returned; one went to the work that waited, and the other is idle.
    expect(state.started.map(({ id }) => id)).toEqual([0, 1, 2, 10, 11, 12])
  })

  test('a line that empties in the same dispatch opens the gate', () => {
    const state = dispatchCase([
      { name: 'model', limiters: [cap('model', 4)] },
      { name: 'tasks', limiters: [cap('open', 10)], whileAnyOf: [0] },
    ])
    state.add(1, work(10, { group: 0 }))
    state.add(0, work(0, { group: 1 }))
    state.dispatch()
    expect(state.started.map(({ id }) => id)).toEqual([0, 10])
  })

  test('the end of a pause of a watched route starts them', async () => {
    const limiter = createAdaptiveLimiter({
      name: 'model',
      cap: 2,
      decrease: 0.5,
      increase: { units: 1, successes: 25 },
      slowdownTrials: false,
      jitter: () => 0,
      cooldownMs: 3_000,
      longestCooldownMs: 300_000,
      rampMs: 0,
    })
    const state = dispatchCase([
      { name: 'model', limiters: [limiter] },
      { name: 'tasks', limiters: [cap('open', 10)], whileAnyOf: [0] },
    ])
    state.add(0, work(0, { outcome: { kind: 'throttled', retryAfterMs: null } }))
    state.dispatch()
    await state.clock.advance(10)
    state.add(1, work(10))
    state.dispatch()
    expect(state.dispatcher.isIdle(1)).toBe(false)
    await state.clock.runUntilIdle()
    expect(state.started).toMatchObject([{ id: 0 }, { id: 10, at: 3_010 }])
  })

  test('with every watched route stopped nothing starts, and nothing is awaited', () => {
    const state = dispatchCase([
      { name: 'model', limiters: [cap('model', 4)] },
      { name: 'tasks', limiters: [cap('open', 10)], whileAnyOf: [0] },
    ])
    state.dispatcher.stop(0, 0)
    state.add(1, work(10))
    state.dispatch()
    expect(state.started).toEqual([])
    expect(state.dispatcher.readyAt(1)).toBe(Infinity)
    expect(state.dispatcher.waiting(1)).toBe(1)
  })
})

test('while held nothing starts; afterwards what waited does, without being told again', () => {
  const state = dispatchCase([{ name: 'a', limiters: [cap('a', 4)] }])
  state.held = true
  state.add(0, work(0))
  state.dispatch()
  expect(state.dispatcher.isIdle(0)).toBe(false)
  expect(state.started).toEqual([])
  state.held = false
  state.dispatch()
  expect(state.started).toHaveLength(1)
})

test('a hold that begins in the middle of a dispatch is obeyed at once', () => {
  const state = dispatchCase([{ name: 'a', limiters: [cap('a', 4)] }])
  const started = state.started.push.bind(state.started)
  state.started.push = (...entries) => {
    state.held = true
    return started(...entries)
  }
  for (let id = 0; id < 4; id += 1) state.add(0, work(id))
  state.dispatch()
  expect(state.started).toHaveLength(1)
})

describe('any limiters, routes and works', () => {
  const shape = fc.record({
    caps: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    adaptive: fc.boolean(),
    /** Requests and tokens a minute on the first limiter's routes. */
    rates: fc.option(
      fc.record({
        requests: fc.integer({ min: 60, max: 6_000 }),
        tokens: fc.integer({ min: 2_000, max: 60_000 }),
      }),
    ),
    routes: fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 4,
    }),
    works: fc.array(
      fc.record({
        route: fc.nat(3),
        group: fc.nat(5),
        depth: fc.nat(3),
        holdMs: fc.nat(30),
        at: fc.nat(60),
        tokens: fc.nat(500),
        throttled: fc.integer({ min: 0, max: 9 }).map((die) => die === 0),
      }),
      { minLength: 1, maxLength: 40 },
    ),
  })

  // The pause of route 0 ends in the instant in which work for another route arrives.
  const dueAtTheSameInstant = {
    caps: [1, 1],
    adaptive: true,
    rates: null,
    routes: [[0], [0], [1]],
    works: [
      { route: 0, group: 0, depth: 0, holdMs: 8, at: 0, tokens: 0, throttled: true },
      { route: 2, group: 0, depth: 0, holdMs: 0, at: 28, tokens: 0, throttled: true },
      { route: 0, group: 0, depth: 0, holdMs: 0, at: 0, tokens: 0, throttled: true },
    ],
  }

  test('no limit is exceeded, every work runs once, and no unit idles in addition to work that could use it', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async ({ caps, adaptive, rates, routes, works }) => {
        const limiters = caps.map((units, at) =>
          adaptive && at === 0
            ? createAdaptiveLimiter({
                name: 'adaptive',
                cap: units,
                decrease: 0.5,
                increase: units > 2 ? null : { units: 1, successes: 2 },
                slowdownTrials: false,
                jitter: () => 0.5,
                cooldownMs: units > 3 ? null : 20,
                longestCooldownMs: 100,
                rampMs: units > 2 ? 50 : 0,
              })
            : cap(`limiter ${at}`, units),
        )
        const options = routes.map((needs, at) => ({
          name: `route ${at}`,
          limiters: [...new Set(needs)].flatMap((need) => limiters[need % limiters.length] ?? []),
        }))
        // Two needs of a route may be the same limiter; a unit of each is taken once.
        for (const option of options) option.limiters = [...new Set(option.limiters)]
        if (rates !== null) {
          const shared = (['requests', 'tokens'] as const).map((counts) =>
            createRateLimiter({ name: counts, counts, perMinute: rates[counts] }),
          )
          for (const { limiters: needed } of options) {
            if (needed.includes(limiters[0] as Limiter)) needed.push(...shared)
          }
        }
        const state = dispatchCase(options, ({ dispatcher, clock }) => {
          for (const limiter of limiters) {
            expect(limiter.inFlight, `${limiter.name} at ${clock.now()}`).toBeLessThanOrEqual(
              limiter.cap,
            )
          }
          options.forEach(({ name }, route) => {
            if (dispatcher.waiting(route) === 0) return
            const idles = dispatcher.readyAt(route) <= clock.now()
            expect(idles, `${name} idles at ${clock.now()}`).toBe(false)
          })
        })
        works.forEach(({ route, at, throttled, tokens, ...rest }, id) => {
          state.clock.after(at, () => {
            state.add(route % options.length, {
              ...rest,
              id,
              tokens: () => tokens,
              outcome: throttled ? { kind: 'throttled', retryAfterMs: null } : { kind: 'ok' },
            })
            state.dispatch()
          })
        })
        await state.clock.runUntilIdle({ maxMs: 1_000_000 })
        expect(state.started.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(
          works.map((_, id) => id),
        )
        expect(limiters.map(({ inFlight }) => inFlight)).toEqual(limiters.map(() => 0))
      }),
      { numRuns: 150, examples: [[dueAtTheSameInstant]] },
    )
  })

  test('no starvation: work of the oldest group starts as soon as its units are free', async () => {
    const state = dispatchCase([
      { name: 'a', limiters: [cap('shared', 2)] },
      { name: 'b', limiters: [cap('other', 2)] },
    ])
    let next = 100
    // Younger work never stops coming.
    const flood = (): void => {
      for (let count = 0; count < 4; count += 1) state.add(0, work((next += 1), { group: 9 }))
      state.dispatch()
      if (state.clock.now() < 500) state.clock.after(5, flood)
    }
    flood()
    state.clock.after(52, () => state.add(0, work(1, { group: 1 })))
    await state.clock.runUntilIdle()
    const old = state.started.find(({ id }) => id === 1)
    expect(old?.at).toBeLessThanOrEqual(60)
  })
})

describe('a route of several choices', () => {
  interface Way {
    units?: number
    weight?: number
    limiters?: readonly Limiter[]
  }

  function pool(...ways: readonly Way[]): RouteOptions {
    return {
      name: 'pool',
      choices: ways.map(({ units = 100, weight = 1, limiters = [cap('way', units)] }) => ({
        limiters,
        weight,
      })),
    }
  }

  function share(state: DispatchCase): number[] {
    const counts = [0, 0, 0]
    for (const { choice } of state.started) counts[choice] = (counts[choice] ?? 0) + 1
    return counts
  }

  test('goes where least is in flight for its weight', () => {
    const state = dispatchCase([pool({}, { weight: 2 }, { weight: 3 })])
    for (let id = 0; id < 60; id += 1) state.add(0, work(id))
    state.dispatch()
    expect(share(state)).toEqual([10, 20, 30])
    expect(state.dispatcher.limit(0)).toBe(300)
  })

  test('goes by turns where nothing is in flight, so that quotas are used evenly', async () => {
    const state = dispatchCase([pool({}, {}, {})])
    for (let id = 0; id < 30; id += 1) {
      state.add(0, work(id))
      state.dispatch()
      await state.clock.advance(20)
    }
    expect(share(state)).toEqual([10, 10, 10])
  })

  test('a full or closed choice is passed over; with all of them full, work waits for any', async () => {
    const state = dispatchCase([pool({ units: 1 }, { units: 2 })])
    for (let id = 0; id < 5; id += 1) state.add(0, work(id, { holdMs: id === 1 ? 100 : 10 }))
    state.dispatch()
    expect([share(state), state.dispatcher.waiting(0)]).toEqual([[1, 2, 0], 2])
    await state.clock.advance(10)
    expect(share(state)).toEqual([1, 4, 0])
  })

  test('work that failed goes another way, and waits for that without holding up anything', async () => {
    const state = dispatchCase([pool({ units: 4 }, { units: 1, weight: 10 })])
    state.add(0, work(0, { holdMs: 50 }))
    state.add(0, work(1, { holdMs: 50 }))
    state.dispatch()
    expect(share(state)).toEqual([1, 1, 0])
    for (let id = 2; id < 5; id += 1) state.add(0, work(id, { avoids: 0 }))
    for (let id = 5; id < 8; id += 1) state.add(0, work(id, { group: 3 }))
    state.dispatch()
    expect(state.started.slice(2).map(({ id, choice }) => [id, choice])).toEqual([
      [5, 0],
      [6, 0],
      [7, 0],
    ])
    expect(state.dispatcher.waiting(0)).toBe(3)
    await state.clock.runUntilIdle()
    expect(state.started.slice(5).map(({ id, choice, at }) => [id, choice, at])).toEqual([
      [2, 1, 50],
      [3, 1, 60],
      [4, 1, 70],
    ])
  })

  test('the choice to avoid is taken when it is the only one left', () => {
    const state = dispatchCase([pool({}, {}, {})])
    state.dispatcher.stop(0, 1)
    state.add(0, work(0, { avoids: 0 }))
    state.dispatch()
    expect(state.started[0]?.choice).toBe(2)
    state.add(0, work(1, { avoids: 2 }))
    state.dispatcher.stop(0, 0)
    state.dispatch()
    expect(state.started[1]?.choice).toBe(2)
    state.dispatcher.stop(0, 2)
    state.add(0, work(2))
    state.dispatch()
    expect([state.started.length, state.dispatcher.readyAt(0)]).toEqual([2, Infinity])
  })

  test('what holds it is what holds the choice that opens first', () => {
    const slow = createRateLimiter({ name: 'slow', counts: 'requests', perMinute: 1 })
    const full = cap('full', 1)
    const state = dispatchCase([pool({ limiters: [full] }, { limiters: [slow] })])
    expect(state.dispatcher.heldBy(0)).toBe(null)
    for (let id = 0; id < 3; id += 1) state.add(0, work(id, { holdMs: 1_000 }))
    state.dispatch()
    expect(state.dispatcher.heldBy(0)?.name).toBe('slow')
  })

  test('whatever choices, weights and stops: no cap is exceeded and no work is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            units: fc.integer({ min: 1, max: 3 }),
            weight: fc.integer({ min: 1, max: 3 }),
          }),
          {
            minLength: 2,
            maxLength: 3,
          },
        ),
        fc.integer({ min: 1, max: 2 }),
        fc.array(
          fc.record({
            avoids: fc.integer({ min: -1, max: 1 }),
            group: fc.nat(3),
            at: fc.nat(40),
            holdMs: fc.nat(20),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        fc.option(fc.nat(40)),
        async (ways, endpointUnits, works, stopAt) => {
          const endpoint = cap('endpoint', endpointUnits)
          const limiters = ways.map(({ units }, at) => cap(`way ${at}`, units))
          const route: RouteOptions = {
            name: 'pool',
            choices: ways.map(({ weight }, at) => ({
              weight,
              // The last one has a separate endpoint.
              limiters:
                at === ways.length - 1
                  ? [limiters[at] as Limiter]
                  : [limiters[at] as Limiter, endpoint],
            })),
          }
          const state = dispatchCase([route], () => {
            for (const limiter of [...limiters, endpoint]) {
              expect(limiter.inFlight).toBeLessThanOrEqual(limiter.cap)
            }
          })
          works.forEach(({ at, ...rest }, id) => {
            state.clock.after(at, () => {
              state.add(0, { ...rest, id, depth: 0 })
              state.dispatch()
            })
          })
          if (stopAt !== null) {
            state.clock.after(stopAt, () => {
              state.dispatcher.stop(0, 0)
              state.dispatch()
            })
          }
          await state.clock.runUntilIdle()
          const late = state.started.filter(
            ({ at, choice }) => choice === 0 && at > (stopAt ?? Infinity),
          )
          expect(late).toEqual([])
          expect(state.started.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(
            works.map((_, id) => id),
          )
          expect(endpoint.inFlight).toBe(0)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('a cap that changes while work waits and is in flight', () => {
  const makers: Record<string, (units: number) => AdjustableLimiter> = {
    concurrency: (units) => createConcurrencyLimiter({ name: 'shared', cap: units }),
    adaptive: (units) => adaptiveOf(units, { rampMs: null }),
    'adaptive, ramping': (units) => adaptiveOf(units, { rampMs: 100 }),
  }

  function adaptiveOf(units: number, { rampMs }: { rampMs: number | null }): AdjustableLimiter {
    return createAdaptiveLimiter({
      name: 'shared',
      cap: units,
      decrease: 0.5,
      increase: null,
      slowdownTrials: false,
      jitter: () => 0.5,
      cooldownMs: 20,
      longestCooldownMs: 100,
      rampMs,
    })
  }

  test.each(Object.keys(makers))('%s: never more in flight than were or may be', async (kind) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.record({ at: fc.nat(200), units: fc.nat(8) }), { maxLength: 6 }),
        fc.array(
          fc.record({
            at: fc.nat(200),
            holdMs: fc.nat(60),
            throttled: fc.nat(9).map((die) => die === 0),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        async (units, changes, works) => {
          const limiter = makers[kind]?.(units) as AdjustableLimiter
          let bound = units
          const state = dispatchCase([{ name: 'a', limiters: [limiter] }], () => {
            expect(limiter.inFlight).toBeLessThanOrEqual(bound)
            // What is over goes down, and does not come back.
            bound = Math.max(limiter.cap, Math.min(bound, limiter.inFlight))
          })
          for (const { at, units: next } of changes) {
            state.clock.after(at, () => {
              bound = Math.max(limiter.inFlight, next)
              state.dispatcher.setCap(limiter, next)
              expect(limiter.cap).toBe(next)
            })
          }
          works.forEach(({ at, holdMs, throttled }, id) => {
            const outcome = throttled
              ? ({ kind: 'throttled', retryAfterMs: null } as const)
              : undefined
            state.clock.after(at, () => {
              state.add(0, work(id, { holdMs, ...(outcome === undefined ? {} : { outcome }) }))
              state.dispatch()
            })
          })
          await state.clock.runUntilIdle()
          // Nothing but the cap holds it any more; raising it is enough.
          bound = Math.max(limiter.inFlight, 9)
          state.dispatcher.setCap(limiter, 9)
          await state.clock.runUntilIdle()
          expect(state.started).toHaveLength(works.length)
          expect(limiter.inFlight).toBe(0)
        },
      ),
      { numRuns: 100 },
    )
  })

  test.each(Object.keys(makers))('%s: raised, it lets go at once what waits', (kind) => {
    const limiter = makers[kind]?.(1) as AdjustableLimiter
    const state = dispatchCase([{ name: 'a', limiters: [limiter] }])
    for (let id = 0; id < 20; id += 1) state.add(0, work(id))
    state.dispatch()
    expect(state.started).toHaveLength(1)
    state.dispatcher.setCap(limiter, 5)
    expect([state.started.length, state.wakings]).toEqual([5, 1])
    state.dispatcher.setCap(limiter, 2)
    expect([state.started.length, limiter.inFlight, limiter.limit]).toEqual([5, 5, 2])
  })

  test('a share that is not a number is refused', () => {
    for (const limiter of [cap('a', 2), adaptiveOf(2, { rampMs: null })]) {
      expect(() => (limiter as AdjustableLimiter).setCap(Number.NaN, 0)).toThrow('limiter')
      expect(() => (limiter as AdjustableLimiter).setCap(-1, 0)).toThrow('from 0 on')
    }
  })

  test('a rate: in no minute more than the larger of the limits that were in force in it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('requests' as const, 'tokens' as const),
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.record({ after: fc.integer({ min: 1, max: 90_000 }), units: fc.nat(900) }), {
          minLength: 1,
          maxLength: 6,
        }),
        (counts, first, changes) => {
          const limiter = createRateLimiter({ name: 'm', counts, perMinute: first })
          const taken: number[] = []
          const limits = [{ at: 0, units: first }]
          let now = 0
          for (const { after, units } of [...changes, { after: 200_000, units: 1 }]) {
            const until = now + after
            for (;;) {
              const at = limiter.readyAt(now, 1)
              if (at > until || taken.length > 5_000) break
              now = Math.max(now, at)
              limiter.take(now, 1)
              taken.push(now)
            }
            now = until
            limiter.setCap(units, now)
            limits.push({ at: now, units })
          }
          taken.forEach((at, index) => {
            const inMinute = taken.slice(0, index + 1).filter((other) => other > at - 60_000 + 1e-3)
            const inForce = limits.filter(({ at: since }, position) => {
              const end = limits[position + 1]?.at ?? Infinity
              return since <= at && end >= at - 60_000
            })
            const most = Math.max(...inForce.map(({ units }) => units))
            // A bucket that was full under the old limit is in it once.
            expect(inMinute.length).toBeLessThanOrEqual(most + Math.ceil(most / 4) + 1)
          })
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a rate of 0 is closed until it is raised; replies that tell more change nothing', async () => {
    const limiter = createRateLimiter({ name: 'm', counts: 'tokens', perMinute: 600 })
    const state = dispatchCase([{ name: 'a', limiters: [limiter] }])
    state.dispatcher.setCap(limiter, 0)
    state.add(0, work(0, { tokens: () => 5 }))
    state.dispatch()
    expect([state.started.length, state.dispatcher.readyAt(0)]).toEqual([0, Infinity])
    state.dispatcher.setCap(limiter, 600)
    await state.clock.advance(1_000)
    expect(state.started).toHaveLength(1)

    const told = createRateLimiter({ name: 'm', counts: 'requests', perMinute: null })
    told.setCap(60, 0)
    const requests = { perMinute: 6_000, remaining: 5_000, closedMs: 0 }
    const limits = { requests, tokens: null }
    told.release(
      told.take(0),
      { kind: 'ok', reply: { latencyMs: 1, tokens: 0, outputTokens: 0, limits } },
      0,
    )
    expect(told.perMinute).toBe(60)
  })
})
