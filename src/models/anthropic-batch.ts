import type { BatchOutcome, BatchResult, BatchStatus, Submission } from './batch-api.ts'
import type { BatchCalls, BatchProtocol } from './batch-protocol.ts'
import { badReply } from './classify.ts'
import { isObject } from './provider-text.ts'

type Body = Record<string, unknown>

const path = '/messages/batches'
/** Clocks of the two sides may differ by so much. */
const SKEW_MS = 3_600_000

/** Statuses that answers with these errors have. */
const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529,
}

/** Anthropic's batches: one request with all of them, and a file of results. */
export const anthropicBatches: BatchProtocol = {
  mostRequests: 100_000,
  mostBytes: 256_000_000,
  separator: ',\n',

  line: (id, { body }) => `{"custom_id":${JSON.stringify(id)},"params":${body}}`,

  async submit(calls, _submission, file) {
    const made = await calls.upload(path, {
      contentType: 'application/json',
      before: '{"requests":[',
      file,
      after: ']}',
    })
    return idOf(calls, made)
  },

  /** A batch has no name of ours; the ids of its requests are read from its results. */
  async find(calls, submission, known) {
    let kind: 'none' | 'unsure' = 'none'
    for (let after = ''; ;) {
      const page = await calls.ask('GET', `${path}?limit=100${after}`)
      const listed = Array.isArray(page['data']) ? (page['data'] as unknown[]).filter(isObject) : []
      for (const batch of listed) {
        const handle = idOf(calls, batch)
        if (known.has(handle) || !maybe(batch, submission)) continue
        if (batch['processing_status'] !== 'ended') kind = 'unsure'
        else if (await isOwn(calls, handle, submission)) return { kind: 'found', handle }
      }
      const last = listed.at(-1)
      if (last === undefined || page['has_more'] !== true || isOlder(last, submission)) {
        return { kind }
      }
      after = `&after_id=${encodeURIComponent(idOf(calls, last))}`
    }
  },

  async status(calls, handle): Promise<BatchStatus> {
    const batch = await calls.ask('GET', `${path}/${encodeURIComponent(handle)}`)
    const said = batch['processing_status']
    if (typeof said !== 'string') {
      throw badReply('no processing_status', JSON.stringify(batch), calls.asked)
    }
    const counts = countsOf(batch)
    const { expired = 0, canceled = 0, processing = 0 } = counts
    const total = totalOf(counts)
    const outcome: BatchOutcome = canceled > 0 ? 'cancelled' : expired > 0 ? 'expired' : 'completed'
    return {
      said,
      outcome: said === 'ended' ? outcome : null,
      done: total - processing,
      total,
      error: null,
      results: [resultsPath(handle)],
    }
  },

  result(calls, { custom_id: id, result }): BatchResult | null {
    if (typeof id !== 'string' || !isObject(result)) return null
    const { type, message, error } = result
    if (type === 'succeeded') return { id, reply: calls.read(JSON.stringify(message)) }
    if (type === 'expired') return { id, again: 'expired' }
    if (type === 'canceled') return { id, again: 'cancelled' }
    const inner = isObject(error) && isObject(error['error']) ? error['error'] : error
    const word = isObject(inner) ? String(inner['type']) : ''
    const status = statuses[word] ?? 500
    return {
      id,
      error: calls.failed({ status, headers: {}, text: JSON.stringify({ error: inner }) }),
    }
  },

  cancelPath: (handle) => `${path}/${encodeURIComponent(handle)}/cancel`,
}

function resultsPath(handle: string): string {
  return `${path}/${encodeURIComponent(handle)}/results`
}

/** Whether a batch may be the one whose submission was not answered. */
function maybe(batch: Body, submission: Submission): boolean {
  return !isOlder(batch, submission) && totalOf(countsOf(batch)) === submission.requests
}

function isOlder({ created_at: created }: Body, { since }: Submission): boolean {
  return typeof created === 'string' && Date.parse(created) < since - SKEW_MS
}

async function isOwn(calls: BatchCalls, handle: string, { id }: Submission): Promise<boolean> {
  for await (const line of calls.lines(resultsPath(handle))) {
    return line.includes(`"${id}_`)
  }
  return false
}

function countsOf({ request_counts: counts }: Body): Record<string, number> {
  const found: Record<string, number> = {}
  if (!isObject(counts)) return found
  for (const [name, count] of Object.entries(counts))
    if (typeof count === 'number') found[name] = count
  return found
}

function totalOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function idOf({ asked }: BatchCalls, { id, ...rest }: Body): string {
  if (typeof id === 'string' && id !== '') return id
  throw badReply('no id', JSON.stringify(rest), asked)
}
