import {
  createDispatcher,
  type Dispatcher,
  type Lease,
  type RouteOptions,
} from '../../src/limits/dispatcher.ts'
import type { LimiterOutcome } from '../../src/limits/limiter.ts'
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
  started: { id: number; route: number; at: number }[]
  /** Wakings by time alone. */
  wakings: number
  held: boolean
  add(route: number, work: TimedWork): void
  dispatch(): void
}

/** A dispatcher under virtual time whose works give their units back when their time is over. */
export function dispatchCase(
  routes: readonly RouteOptions[],
  onChange: (state: DispatchCase) => void = () => undefined,
): DispatchCase {
  const clock = createVirtualClock()
  const dispatcher = createDispatcher<TimedWork>({
    clock,
    routes,
    mayStart: () => !state.held,
    wake() {
      state.wakings += 1
      state.dispatch()
    },
    start(work, lease) {
      state.started.push({ id: work.id, route: lease.route, at: clock.now() })
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
