import { addUsage, type Usage } from '../graph/request.ts'
import { addLatencies, type LatencyCounts, latencyQuantile } from '../limits/latencies.ts'
import { counted, dollars, duration, grouped, tokensText } from '../util/format.ts'

/** Requests that went by one choice of a route. */
export interface ChoiceUsage extends Usage {
  /** Its name among the choices: the model, and where it is asked. */
  readonly choice: string
  readonly ok: number
  readonly throttled: number
  readonly failed: number
  /** Given up because a second request for the same was answered first. */
  readonly givenUp: number
  readonly latencies: LatencyCounts
}

export function addChoiceUsage(one: ChoiceUsage, other: ChoiceUsage): ChoiceUsage {
  return {
    choice: one.choice,
    ok: one.ok + other.ok,
    throttled: one.throttled + other.throttled,
    failed: one.failed + other.failed,
    givenUp: one.givenUp + other.givenUp,
    latencies: addLatencies(one.latencies, other.latencies),
    ...addUsage(one, other),
  }
}

/** For people: `m (here): 120 answers, 2 × 429, 1 failed; 4k tokens in, 9k out; half of them within 0.8 s`. */
export function choiceText(usage: ChoiceUsage): string {
  const { choice, ok, throttled, failed, givenUp, cost } = usage
  const outcomes = [
    counted(ok, 'answer'),
    `${grouped(throttled)} × 429`,
    `${grouped(failed)} failed`,
    ...(givenUp > 0 ? [`${grouped(givenUp)} overtaken`] : []),
  ]
  const costs = cost === null ? '' : `, ${dollars(cost)}`
  return `${choice}: ${outcomes.join(', ')}; ${tokensText(usage)}${costs}${latencyText(usage)}`
}

function latencyText({ latencies }: ChoiceUsage): string {
  const half = latencyQuantile(latencies, 0.5)
  const most = latencyQuantile(latencies, 0.95)
  if (half === null || most === null) return ''
  return `; half of them within ${duration(half / 1000)}, 95 % within ${duration(most / 1000)}`
}
