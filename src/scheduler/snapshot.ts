import type { Limiter } from '../limits/limiter.ts'
import type { CandidateProgress, Candidates } from '../plan/candidates.ts'
import type { GroupSource } from '../plan/group-source.ts'
import type { ByteTally } from '../rows/block.ts'
import type { Clock } from '../util/clock.ts'
import type { JournalGate } from './journal-gate.ts'
import type { RowPeek } from './newest-row.ts'
import type { OpenGroups } from './open-groups.ts'
import type { OutcomeCounts } from './outcome-counts.ts'
import type { PartTracker } from './parts.ts'
import type { BackOff } from './pauses.ts'
import type { Choice, Route, RouteCounters } from './route.ts'
import type { RowStarts } from './row-starts.ts'
import type { ChoiceProgress, RouteProgress, Snapshot } from './scheduler-event.ts'
import type { Sending } from './sending.ts'
import type { Stopping } from './stopping.ts'

export interface SnapshotSources {
  clock: Clock
  routes: readonly Route[]
  sending: Sending
  stopping: Stopping
  journal: JournalGate
  source: GroupSource
  candidates: Candidates | undefined
  counts: OutcomeCounts
  groups: OpenGroups
  starts: RowStarts
  parts: PartTracker
  tally: ByteTally
  peek: RowPeek
}

export function takeSnapshot(sources: SnapshotSources): Snapshot {
  const { clock, counts, groups, parts, sending, source } = sources
  const { requests } = sending
  const now = clock.now()
  const selection = sources.candidates?.progress ?? null
  const undecided = source.rows - counts.decidedRows
  return {
    backOff: backOffAt(requests.backOff, now),
    columns: counts.columns(),
    routes: routeProgress(sources.routes, sending, now),
    rows: {
      decided: counts.decidedRows,
      ...counts.lostRows,
      remaining: selection === null ? undecided : (leftOf(selection) ?? undecided),
      open: groups.rows,
      begun: sources.starts.begun,
    },
    openGroups: groups.size,
    partsWriting: parts.writing,
    backingOff: requests.backingOff,
    bytesHeld: sources.tally.bytes,
    pendingBytes: sources.journal.pendingBytes,
    draining: sources.stopping.draining,
    selection,
    newest: sources.peek.look(),
  }
}

/** Candidates that are still to be made, by the share that was accepted; null before there is one. */
function leftOf({ wanted, kept, decided }: CandidateProgress): number | null {
  if (kept === 0) return null
  return Math.ceil((Math.max(0, wanted - kept) * decided) / kept)
}

function backOffAt(backOff: BackOff | null, now: number): Snapshot['backOff'] {
  if (backOff === null) return null
  const { nextAt, ...last } = backOff
  return { nextMs: Math.max(0, nextAt - now), ...last }
}

function routeProgress(routes: readonly Route[], sending: Sending, now: number): RouteProgress[] {
  const { counters, dispatcher, resources } = sending
  return routes.map(({ name, choices, timeoutMs = null }, position) => {
    const counter = counters[position] as RouteCounters
    const { oldest } = counter.sent
    const held = dispatcher.heldBy(position)
    const open = choices.filter(
      (_, choice) => resources.stateAt({ route: position, choice }).stopped === null,
    )
    const inUse = open.length > 0 ? open : choices
    return {
      name,
      endpoint: [...new Set(choices.map(({ endpoint }) => endpoint))].join(', '),
      inFlight: counter.inFlight,
      oldestMs: oldest === null ? 0 : now - oldest.sentAt,
      timeoutMs,
      limit: dispatcher.limit(position),
      waiting: dispatcher.waiting(position),
      requests: counter.requests,
      succeeded: counter.succeeded,
      cached: counter.cached,
      throttled: counter.throttled,
      failed: counter.failed,
      inputTokens: counter.inputTokens,
      outputTokens: counter.outputTokens,
      cost: counter.cost,
      // Quiet only while all of them are.
      coolDownMs: Math.min(...inUse.map(({ limiters }) => quietMs(limiters, now))),
      requestsPerMinute: sumOfRates(inUse, 'requests'),
      tokensPerMinute: sumOfRates(inUse, 'tokens'),
      heldBy: held !== null && held.closedUntil > now ? 'cool-down' : (held?.counts ?? null),
      outage: resources.outageOf(position),
      stopped: counter.stopped?.message ?? null,
      choices: choices.length === 1 ? [] : choiceProgress(choices, position, sending, now),
    }
  })
}

function choiceProgress(
  choices: readonly Choice[],
  route: number,
  { dispatcher, resources }: Sending,
  now: number,
): ChoiceProgress[] {
  return choices.map(({ label = '', endpoint, limiters }, choice) => ({
    name: label === '' ? endpoint : label,
    ...dispatcher.loadOf(route, choice),
    coolDownMs: quietMs(limiters, now),
    outage: resources.outageAt({ route, choice }),
    stopped: resources.stateAt({ route, choice }).stopped?.message ?? null,
  }))
}

function quietMs(limiters: readonly Limiter[], now: number): number {
  return Math.max(now, ...limiters.map(({ closedUntil }) => closedUntil)) - now
}

/** Null where one of the choices has no such limit. */
function sumOfRates(choices: readonly Choice[], counts: Limiter['counts']): number | null {
  let sum = 0
  for (const { limiters } of choices) {
    const rate = lowestRate(limiters, counts)
    if (rate === null) return null
    sum += rate
  }
  return sum
}

function lowestRate(limiters: readonly Limiter[], counts: Limiter['counts']): number | null {
  const rates = limiters.flatMap((limiter) =>
    limiter.counts === counts && limiter.perMinute !== null ? [limiter.perMinute] : [],
  )
  return rates.length === 0 ? null : Math.min(...rates)
}
