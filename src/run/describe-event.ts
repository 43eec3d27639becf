import type { SchedulerEvent } from '../scheduler/scheduler-event.ts'
import type { StoreEvent } from '../store/open-run.ts'
import type { BatchEvent } from './batch-event.ts'
import { messageOf } from '../util/errors.ts'

/** Number of different provider bugs that are logged with their stacks; later ones take one line. */
const MOST_STACKS = 100

/** The log line of a scheduler event, or null for events that only the panel shows. */
export function createDescriber(): (event: SchedulerEvent) => string | null {
  const told = new Set<string>()
  return (event) => {
    if (event.type !== 'provider-failed') return describeEvent(event)
    const stack = stackOf(event.error)
    // A bug in a provider repeats with every request: it is logged once, for all ways of calling.
    const key = `${event.route} ${stack.split('\n', 2).join('\n')}`
    if (told.has(key)) return null
    if (told.size < MOST_STACKS) told.add(key)
    const text = told.has(key) ? stack : messageOf(event.error)
    return `route ${event.route}: its provider threw an error: ${text}`
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
}

function describeEvent(event: SchedulerEvent): string | null {
  switch (event.type) {
    case 'cell-failed':
      return `row ${event.row}, column ${event.column}: ${event.code}: ${event.message}${event.stops ? ' (stops the run)' : event.kept ? ' (kept as null)' : ' (row dropped)'}`
    case 'condition-failed':
      return `row ${event.row}, column ${event.column}: its skip condition failed and the cell is skipped: ${event.message}`
    case 'secret-removed':
      return `row ${event.row}, column ${event.column}: the answer of ${event.route} repeated a key, which was replaced`
    case 'endpoint-stopped':
      return `${whatOf(event)} stopped: ${messageOf(event.error)}`
    case 'cost-reached':
      return `stopping: ${event.spent} dollars are spent, of at most ${event.limit} (max_cost)`
    case 'outage-began':
      return `${whatOf(event)} does not answer: ${event.code}: ${event.message}`
    case 'outage-ended':
      return `${whatOf(event)} answers again, after ${Math.round(event.awayMs / 1000)} s`
    case 'early-shutdown':
      return `early shutdown: ${Math.round(event.rate * 100)} % of the last ${event.window} cells failed`
    case 'draining':
      return 'stopping: waiting for the requests in flight'
    case 'provider-failed':
    // Summed up by `throttle-notes.ts`.
    case 'request-throttled':
    case 'request-paused':
    case 'row-group-opened':
    case 'row-group-closed':
      break
  }
  return null
}

/** The log line of a batch event. */
export function describeBatchEvent(event: BatchEvent): string {
  switch (event.type) {
    case 'batch-submitted':
      return `route ${event.route}: batch ${event.batch} sent, with ${event.requests} requests`
    case 'batch-progress':
      return `route ${event.route}: batch ${event.batch} is ${event.status}: ${event.done} of ${event.requests} requests done`
    case 'batch-collected': {
      const { route, batch, outcome, answered, failed, again } = event
      return `route ${route}: batch ${batch} ${outcome}: ${answered} requests answered, ${failed} failed, ${again} to be sent again`
    }
    case 'batch-strange':
      return `route ${event.route}: batch ${event.batch} has ${event.results} results that match none of its requests, the first one ${event.id}; they are ignored`
    case 'batches-cancelling':
      return `cancelling ${event.batches} batches`
    case 'batch-stopped':
      return `stopping: ${event.reason}`
    case 'batches-left':
      break
  }
  return `${event.batches} batches with ${event.requests} requests stay at their providers`
}

function whatOf({ endpoint, model }: { endpoint: string; model: string | null }): string {
  return model === null ? `endpoint ${endpoint}` : `model ${model} of endpoint ${endpoint}`
}

/** The log line of a store event, or null for events that are too frequent. */
export function describeStoreEvent(event: StoreEvent): string | null {
  switch (event.type) {
    case 'part-committed': {
      const { part, rows, outcomes } = event
      const { nullKept, dropped, rejected } = outcomes
      return `part ${part} committed: ${rows} rows, of them ${nullKept} kept with a null, ${dropped} dropped, ${rejected} rejected`
    }
    case 'join-finished':
      return `dataset joined: ${event.rows} rows in ${event.files} files`
    case 'processor-warning':
      return event.message
    case 'warning':
    case 'part-file-written':
    case 'join-started':
    case 'join-file-written':
    case 'ledger-committed':
      break
  }
  return null
}
