import { isRowsmithError, messageOf } from '../util/errors.ts'
import type { RequestEvent, RunEvent } from './run-event.ts'

export type ToldEvent = RunEvent | RequestEvent

type Writers = {
  readonly [Type in ToldEvent['type']]?: (
    event: Extract<ToldEvent, { type: Type }>,
  ) => Record<string, unknown>
}

/**
 * What the events file has of an event, in addition to `time` and `type`. Names of events and fields are
 * stable: programs read them. Progress that is only of use on a screen is not among them.
 */
const writers: Writers = {
  'run-opened': ({ dir, seed, rows, decided, resumed }) => ({ dir, seed, rows, decided, resumed }),
  'config-changed': ({ plan: { rows, cells, requests } }) => ({ rows, cells, requests }),
  'cells-reused': ({ cells, dir }) => ({ cells, dir }),
  'row-group-opened': ({ part, rows, reason }) => ({ part, rows, reason }),
  'row-group-closed': ({ part, rows }) => ({ part, rows }),
  'request-sent': withoutType,
  'request-answered': withoutType,
  'request-failed': withoutType,
  'request-cached': withoutType,
  'request-throttled': ({ route, retryAfterMs }) => ({ alias: route, retryAfterMs }),
  'request-paused': ({ route, column, row, attempts, pauseMs, code }) => ({
    alias: route,
    column,
    row,
    attempts,
    pauseMs,
    code,
  }),
  'outage-began': ({ endpoint, model, code, message }) => ({ endpoint, model, code, message }),
  'outage-ended': ({ endpoint, model, awayMs }) => ({ endpoint, model, awayMs }),
  'endpoint-stopped': ({ endpoint, model, error: { code, message } }) => ({
    endpoint,
    model,
    code,
    message,
  }),
  'cell-failed': ({ column, row, code, message, kept, stops }) => ({
    column,
    row,
    code,
    message,
    outcome: stops ? 'stopped' : kept ? 'null' : 'dropped',
  }),
  'condition-failed': ({ column, row, message }) => ({ column, row, message }),
  'secret-removed': ({ column, row, route }) => ({ column, row, alias: route }),
  'ledger-committed': ({ records, bytes }) => ({ records, bytes }),
  'part-committed': ({ part, rows, outcomes }) => ({ part, rows, ...outcomes }),
  'early-shutdown': ({ rate, window }) => ({ rate, window }),
  'cost-reached': ({ limit, spent }) => ({ limit, spent }),
  'batch-submitted': ({ route, batch, requests }) => ({ alias: route, batch, requests }),
  'batch-progress': ({ route, batch, status, done, requests }) => ({
    alias: route,
    batch,
    status,
    done,
    requests,
  }),
  'batch-collected': ({ route, batch, outcome, answered, failed, again }) => ({
    alias: route,
    batch,
    outcome,
    answered,
    failed,
    again,
  }),
  'batch-strange': ({ route, batch, results, id }) => ({ alias: route, batch, results, id }),
  'batches-cancelling': ({ batches }) => ({ batches }),
  'batch-stopped': ({ reason }) => ({ reason }),
  'batches-left': ({ batches, requests }) => ({ batches, requests }),
  draining: () => ({}),
  finishing: () => ({}),
  'join-finished': ({ files, rows }) => ({ files, rows }),
  warning: ({ problem: { code, message } }) => ({ code, message }),
  'run-ended': ({ end, rows, requests, cost, seconds }) => ({
    end: end.kind,
    reason: end.kind === 'stopped' ? end.reason : null,
    rows,
    requests,
    cost,
    seconds,
  }),
  'run-failed': ({ error }) => ({
    code: isRowsmithError(error) ? error.code : 'internal',
    message: messageOf(error),
  }),
}

/** The types of events that a file may have; `events-left-out` is the file's own. */
export const eventTypes: readonly string[] = [...Object.keys(writers), 'events-left-out']

/** Null for what is only of use on a screen. */
export function eventLine(event: ToldEvent): Record<string, unknown> | null {
  // The table has for each type the function of its event.
  const write = writers[event.type] as ((event: ToldEvent) => Record<string, unknown>) | undefined
  return write === undefined ? null : { type: event.type, ...write(event) }
}

function withoutType({ type: _type, ...fields }: RequestEvent): Record<string, unknown> {
  return fields
}
