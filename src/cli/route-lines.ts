import type { ChoiceProgress, RouteProgress } from '../scheduler/scheduler-event.ts'
import { compact, duration, grouped } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'
import { fit, piece } from './fit-pieces.ts'
import type { Paint } from './terminal.ts'
import { cut } from './width.ts'

/** A line of the panel about a model, or about one of the places where its requests go. */
export interface RouteLine {
  name: string
  /** Lines that matter most stay where not all have room. */
  urgency: number
  text: (width: number) => string
}

export interface RouteLayout {
  style: Paint
  /** Whether each model says its tokens: alone, they are those of the run. */
  tellsTokens: boolean
}

/** Age of a request from which on it is worth a word. */
export const SLOW_MS = 10_000
/** A quiet that is shorter is over before it is read. */
export const SHORT_QUIET_MS = 500

/** The line of each model, with a line for each place of a pool below it. */
export function routeLines(routes: readonly RouteProgress[], layout: RouteLayout): RouteLine[] {
  return routes.flatMap((route) => {
    const urgency = routeUrgency(route)
    return [
      { name: route.name, urgency, text: (width) => routeText(route, layout, width) },
      ...route.choices.map((choice) => ({
        name: `  ${choice.name}`,
        urgency: routeUrgency({ ...choice, waiting: 0 }),
        text: (width: number) => choiceText(choice, layout.style, width),
      })),
    ]
  })
}

function routeUrgency({
  stopped,
  outage,
  coolDownMs,
  inFlight,
  waiting,
}: Pick<RouteProgress, 'stopped' | 'outage' | 'coolDownMs' | 'inFlight' | 'waiting'>): number {
  return (
    (stopped !== null ? 8 : 0) +
    (outage !== null || coolDownMs > 0 ? 4 : 0) +
    (inFlight > 0 ? 2 : 0) +
    (waiting > 0 ? 1 : 0)
  )
}

function routeText(
  route: RouteProgress,
  { style, tellsTokens }: RouteLayout,
  width: number,
): string {
  if (route.stopped !== null) {
    return style('red', cut(`stopped: ${visibleLine(route.stopped)}`, width))
  }
  const { inFlight, limit, waiting, throttled, failed, cached } = route
  const { inputTokens, outputTokens, oldestMs } = route
  const line = fit(
    [
      piece(`${inFlight}/${limit} in flight`),
      ...(inFlight > 0 && oldestMs >= SLOW_MS
        ? [piece(`oldest ${duration(oldestMs / 1000)}`, 1)]
        : []),
      ...(waiting > 0 ? [piece(`${grouped(waiting)} waiting${waitsFor(route)}`, 2)] : []),
      ...ratesText(route).map((text) => piece(text, 6)),
      ...(cached > 0 ? [piece(`${grouped(cached)} from the cache`, 4)] : []),
      ...(throttled > 0 ? [piece(`${grouped(throttled)} × 429`, 4)] : []),
      ...(failed > 0 ? [piece(`${grouped(failed)} failed`, 3)] : []),
      ...(tellsTokens && inputTokens + outputTokens > 0
        ? [piece(`${compact(inputTokens)} tokens in`, 7), piece(`${compact(outputTokens)} out`, 5)]
        : []),
    ],
    width,
  )
  if (route.outage !== null) return style('red', line)
  return throttled + failed > 0 ? style('yellow', line) : line
}

/** The state of one place: its breaker, its quiet, or what is in flight there. */
function choiceText(
  { inFlight, limit, coolDownMs, outage, stopped }: ChoiceProgress,
  style: Paint,
  width: number,
): string {
  if (stopped !== null) return style('red', cut(`stopped: ${visibleLine(stopped)}`, width))
  if (outage !== null) {
    const { sinceMs, code, nextTryMs } = outage
    const next =
      nextTryMs === null ? 'being probed now' : `next try in ${duration(nextTryMs / 1000)}`
    const away = `no answer for ${duration(sinceMs / 1000)} (${visibleLine(code)}), ${next}`
    return style('red', cut(away, width))
  }
  const load = Number.isFinite(limit) ? `${inFlight}/${limit}` : String(inFlight)
  if (coolDownMs <= SHORT_QUIET_MS) return cut(`${load} in flight`, width)
  return style(
    'yellow',
    cut(`${load} in flight, quiet for ${duration(coolDownMs / 1000)} more`, width),
  )
}

/** Units in flight are shown next to it anyway, and a cool-down has a separate line. */
export function waitsFor({ heldBy }: RouteProgress): string {
  return heldBy === 'requests' || heldBy === 'tokens' ? ` for ${heldBy}/min` : ''
}

/** What is allowed in a minute: `at most 600 requests/min, 100 k tokens/min`. */
function ratesText({ requestsPerMinute, tokensPerMinute }: RouteProgress): string[] {
  const rates = [
    ...(requestsPerMinute === null ? [] : [`${compact(requestsPerMinute)} requests/min`]),
    ...(tokensPerMinute === null ? [] : [`${compact(tokensPerMinute)} tokens/min`]),
  ]
  return rates.length === 0 ? [] : [`at most ${rates.join(' and ')}`]
}
