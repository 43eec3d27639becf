import type { RouteProgress, Snapshot } from '../scheduler/scheduler-event.ts'
import { waitingText } from './batch-lines.ts'
import { SHORT_QUIET_MS, SLOW_MS } from './route-lines.ts'
import { counted, duration, size } from '../util/format.ts'

/** Routes named; the others are counted. */
const MOST_ROUTES = 3
/** Bytes on the way to the ledger from which on the disk is what is waited for. */
const MUCH_PENDING = 16 * 2 ** 20

export interface Standing {
  snapshot: Snapshot
  /** Ms since anything ended: a request, a cell, a row. */
  stillMs: number
  /** Ms since stopping was asked for. */
  drainingMs: number
}

/** What keeps a run that seems to stand still, in words. */
export function waitsOf({ snapshot, stillMs, drainingMs }: Standing): string[] {
  const { routes, backingOff, backOff, partsWriting, pendingBytes, rows } = snapshot
  const inFlight = routes.reduce((sum, route) => sum + route.inFlight, 0)
  const texts = snapshot.draining && inFlight > 0 ? [drainText(routes, inFlight, drainingMs)] : []
  const away = snapshot.draining ? [] : awayTexts(routes)
  if (!snapshot.draining) texts.push(...quietTexts(routes), ...away)
  // Requests that wait for an endpoint to come back are no news in addition to that.
  if (backingOff > 0 && backOff !== null && away.length === 0) {
    const when = backOff.nextMs >= 500 ? `in ${duration(backOff.nextMs / 1000)}` : 'now'
    // The code alone: on every line of a log the words would drown the rest.
    texts.push(
      `${counted(backingOff, 'request')} failed (last: ${backOff.route}, ${backOff.code}) and will be tried again, the first ${when}`,
    )
  }
  if (inFlight > 0 && stillMs >= SLOW_MS && !snapshot.draining)
    texts.push(silentText(routes, stillMs))
  if (pendingBytes >= MUCH_PENDING)
    texts.push(`the disk: ${size(pendingBytes)} on the way to the ledger`)
  if (partsWriting > 0 && inFlight === 0) texts.push(`writing ${counted(partsWriting, 'part')}`)
  texts.push(...limited((snapshot.batches ?? []).map(waitingText)))
  if (texts.length === 0 && stillMs >= SLOW_MS) {
    texts.push(
      `nothing has ended for ${duration(stillMs / 1000)}; ${counted(rows.open, 'row')} in work`,
    )
  }
  return texts
}

/** Endpoints that asked for a pause. */
function quietTexts(routes: readonly RouteProgress[]): string[] {
  const quiet = routes.filter(
    ({ coolDownMs, stopped }) => coolDownMs > SHORT_QUIET_MS && stopped === null,
  )
  return limited(
    quiet.map(
      ({ name, coolDownMs }) => `${name} asked for a pause: ${duration(coolDownMs / 1000)} left`,
    ),
  )
}

/** Endpoints that are away, each once. */
function awayTexts(routes: readonly RouteProgress[]): string[] {
  const outages = routes.flatMap(({ outage }) => (outage === null ? [] : [outage]))
  const texts = outages.map(({ endpoint, sinceMs, nextTryMs, code }) => {
    const next =
      nextTryMs === null ? 'being probed now' : `next try in ${duration(nextTryMs / 1000)}`
    return `${endpoint} has not answered for ${duration(sinceMs / 1000)} (${code}); ${next}`
  })
  return limited([...new Set(texts)])
}

function drainText(routes: readonly RouteProgress[], inFlight: number, drainingMs: number): string {
  const busy = routes.filter((route) => route.inFlight > 0)
  const oldest = Math.max(...busy.map(({ oldestMs }) => oldestMs))
  const names = limited(busy.map((route) => `${route.name} ${route.inFlight}`)).join(', ')
  const limits = busy.map(({ timeoutMs }) => timeoutMs ?? Number.POSITIVE_INFINITY)
  const most = Math.max(...limits) - drainingMs
  const bound = Number.isFinite(most) && most > 0 ? `; at most ${duration(most / 1000)} more` : ''
  return `stopping: waiting for ${counted(inFlight, 'request')} in flight (${names}), oldest ${duration(oldest / 1000)}${bound}`
}

/** Nothing returned for long, though requests are out. */
function silentText(routes: readonly RouteProgress[], stillMs: number): string {
  const busy = routes.filter(({ inFlight }) => inFlight > 0)
  const texts = busy.map(
    ({ name, inFlight, oldestMs, timeoutMs }) =>
      `${name} (${counted(inFlight, 'request')}, the oldest for ${duration(oldestMs / 1000)}${timeoutMs === null ? '' : ` of ${duration(timeoutMs / 1000)}`})`,
  )
  return `no answer for ${duration(stillMs / 1000)}: waiting for ${limited(texts).join(', ')}`
}

function limited(texts: readonly string[]): string[] {
  if (texts.length <= MOST_ROUTES) return [...texts]
  return [...texts.slice(0, MOST_ROUTES), `${texts.length - MOST_ROUTES} more`]
}
