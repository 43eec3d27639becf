import { createDispatcher, type Dispatcher, type Lease } from '../../src/limits/dispatcher.ts'
import type { RouteOptions } from '../../src/limits/lanes.ts'
import type { Limiter, LimiterOutcome } from '../../src/limits/limiter.ts'
import type { Waiting } from '../../src/limits/line.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'

/** Work that holds its units for a while. */
export interface TimedWork extends Waiting {
  id: number
  holdMs: number
  outcome?: LimiterOutcome
}

export interface DispatchCase {
  clock: VirtualClock
  dispatcher: Dispatcher<TimedWork>
  started: { id: number; route: number; choice: number; at: number }[]
  /** Wakings by time alone. */
  wakings: number
  held: boolean
  add(route: number, work: TimedWork): void
  dispatch(): void
}

/** A route with one way to go. */
export interface PlainRoute {
  name: string
  limiters: readonly Limiter[]
  whileAnyOf?: readonly number[]
}

/** A dispatcher under virtual time whose works give their units back when their time is over. */
export function dispatchCase(
  routes: readonly (RouteOptions | PlainRoute)[],
  onChange: (state: DispatchCase) => void = () => undefined,
): DispatchCase {
  const clock = createVirtualClock()
  const dispatcher = createDispatcher<TimedWork>({
    clock,
    routes: routes.map((route) =>
      'choices' in route ? route : { ...route, choices: [{ limiters: route.limiters, weight: 1 }] },
    ),
    mayStart: () => !state.held,
    wake() {
      state.wakings += 1
      state.dispatch()
    },
    start(work, lease) {
      const { route, choice } = lease
      state.started.push({ id: work.id, route, choice, at: clock.now() })
      clock.after(work.holdMs, () => giveBack(work, lease))
    },
  })

  function giveBack(work: TimedWork, lease: Lease): void {
    dispatcher.release(lease, work.outcome ?? { kind: 'ok' })
    state.dispatch()
  }

  const state: DispatchCase = {
    clock,
    dispatcher,
    started: [],
    wakings: 0,
    held: false,
    add(route, work) {
      dispatcher.enqueue(route, work)
    },
    dispatch() {
      dispatcher.dispatch(Infinity)
      onChange(state)
    },
  }
  return state
}
