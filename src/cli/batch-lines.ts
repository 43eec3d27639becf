import type { RunSummary } from '../report/run-summary.ts'
import type { BatchEvent } from '../run/batch-event.ts'
import type { WaitingBatches } from '../scheduler/scheduler-event.ts'
import { counted, duration, grouped } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'

/** What waits for a provider, where, and since when. */
export function waitingText({ route, batches, ...of }: WaitingBatches): string {
  const { requests, done, sinceMs, status } = of
  const answered = done > 0 ? `, ${grouped(done)} done` : ''
  return `${route}: ${batchesOf(batches, requests)} at the provider for ${duration(sinceMs / 1000)} (${status}${answered})`
}

/** What a batch event says to a person; null for what the progress shows. */
export function batchText(event: BatchEvent): string | null {
  switch (event.type) {
    case 'batch-submitted':
      return `${visibleLine(event.route)}: batch ${visibleLine(event.batch)} sent, with ${counted(event.requests, 'request')}.`
    case 'batch-collected': {
      const { route, batch, outcome, answered, failed, again } = event
      const rest = [
        ...(failed > 0 ? [`${grouped(failed)} failed`] : []),
        ...(again > 0 ? [`${grouped(again)} to be sent again`] : []),
      ]
      return `${visibleLine(route)}: batch ${visibleLine(batch)} ${outcome}: ${[`${grouped(answered)} answered`, ...rest].join(', ')}.`
    }
    case 'batch-strange':
      return `${visibleLine(event.route)}: batch ${visibleLine(event.batch)} has ${counted(event.results, 'result')} that match none of its requests (the first: ${visibleLine(event.id)}); ignored.`
    case 'batches-left':
      return `${batchesOf(event.batches, event.requests)} ${event.batches === 1 ? 'stays' : 'stay'} with the provider, at work and paid for; the same command collects what is answered, and with --cancel-batches it cancels ${event.batches === 1 ? 'it' : 'them'}.`
    case 'batch-stopped':
      return `Stopping: ${visibleLine(event.reason)}`
    case 'batches-cancelling':
    case 'batch-progress':
      break
  }
  return null
}

/** A batch of a stored run. */
export function storedBatchText(
  { route, batch, submission, requests, submitted }: RunSummary['batches'][number],
  now: number,
): string {
  const which =
    batch === null
      ? `${visibleLine(submission)}, which may not have been sent`
      : `batch ${visibleLine(batch)}`
  const since = new Date(submitted).toISOString().slice(0, 19).replace('T', ' ')
  return `${visibleLine(route)}: ${which}, with ${counted(requests, 'request')}, is not collected yet; sent ${since} UTC (${duration((now - submitted) / 1000)} ago)`
}

function batchesOf(batches: number, requests: number): string {
  return `${grouped(batches)} ${batches === 1 ? 'batch' : 'batches'} with ${counted(requests, 'request')}`
}
