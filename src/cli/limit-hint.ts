import type { RouteProgress } from '../scheduler/scheduler-event.ts'
import { counted } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import type { Moment } from './panel.ts'

/** What is over soon needs no other setting. */
const EARLIEST_MS = 20_000
const FEWEST_SECONDS_LEFT = 60
/** Requests at once where the config says nothing. */
const DEFAULT_AT_ONCE = 4

/** Says once what setting would make a run faster whose endpoint could take more. */
export function createLimitHint(): (moment: Moment) => string | null {
  let isSaid = false
  return ({ snapshot, estimate, elapsedMs }) => {
    if (isSaid || elapsedMs < EARLIEST_MS) return null
    if ((estimate.secondsLeft ?? 0) < FEWEST_SECONDS_LEFT) return null
    const held = snapshot.routes.find(isHeldByDefault)
    if (held === undefined) return null
    isSaid = true
    return `Model ${visibleLine(held.name)} works on ${held.limit} requests at once while ${counted(held.waiting, 'request')} wait. If its endpoint tolerates more, set a larger max_parallel_requests (default: ${DEFAULT_AT_ONCE}) in its inference_parameters.`
  }
}

/** A model of this process gains nothing from more at once, and one that answers 429 wants fewer. */
function isHeldByDefault(route: RouteProgress): boolean {
  const { endpoint, choices, inFlight, limit, waiting, throttled, failed, heldBy } = route
  return (
    /^https?:/.test(endpoint) &&
    choices.length === 0 &&
    limit === DEFAULT_AT_ONCE &&
    inFlight >= limit &&
    waiting > limit &&
    throttled + failed === 0 &&
    heldBy === 'in-flight'
  )
}
