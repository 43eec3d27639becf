import type { BatchOutcome, BatchResult, BatchStatus, Submission } from './batch-api.ts'
import type { BatchCalls, BatchProtocol } from './batch-protocol.ts'
import { badReply } from './classify.ts'
import { isObject } from './provider-text.ts'

type Body = Record<string, unknown>

const outcomes: Readonly<Record<string, BatchOutcome>> = {
  completed: 'completed',
  failed: 'failed',
  expired: 'expired',
  cancelled: 'cancelled',
}

/** The time that a batch may take; there is no other. */
const window = '24h'
/** What batches are known by in the list of them. */
const mark = 'rowsmith'
/** Clocks of the two sides may differ by so much. */
const SKEW_S = 3600

/** OpenAI's batches: a file of requests is uploaded, a batch names it, and its results are files. */
export const openaiBatches: BatchProtocol = {
  mostRequests: 50_000,
  mostBytes: 200_000_000,
  separator: '\n',

  line: (id, { path, body }) =>
    `{"custom_id":${JSON.stringify(id)},"method":"POST","url":"/v1${path}","body":${body}}`,

  async submit(calls, { id }, file) {
    const boundary = `----${id}`
    const field = (name: string, value: string): string =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const uploaded = await calls.upload('/files', {
      contentType: `multipart/form-data; boundary=${boundary}`,
      before: `${field('purpose', 'batch')}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${id}.jsonl"\r\ncontent-type: application/jsonl\r\n\r\n`,
      file,
      after: `\r\n--${boundary}--\r\n`,
    })
    const made = await calls.ask('POST', '/batches', {
      input_file_id: textAt(calls, uploaded, 'id'),
      endpoint: `/v1${file.endpoint}`,
      completion_window: window,
      metadata: { [mark]: id },
    })
    return textAt(calls, made, 'id')
  },

  async find(calls, submission) {
    for (let after = ''; ;) {
      const page = await calls.ask('GET', `/batches?limit=100${after}`)
      const listed = listAt(page, 'data')
      const own = listed.find(
        ({ metadata }) => isObject(metadata) && metadata[mark] === submission.id,
      )
      if (own !== undefined) return { kind: 'found', handle: textAt(calls, own, 'id') }
      const last = listed.at(-1)
      if (last === undefined || page['has_more'] !== true || isOlder(last, submission)) {
        return { kind: 'none' }
      }
      after = `&after=${encodeURIComponent(textAt(calls, last, 'id'))}`
    }
  },

  async status(calls, handle): Promise<BatchStatus> {
    const batch = await calls.ask('GET', `/batches/${encodeURIComponent(handle)}`)
    const said = textAt(calls, batch, 'status')
    const counts = isObject(batch['request_counts']) ? batch['request_counts'] : {}
    const files = [batch['output_file_id'], batch['error_file_id']]
    return {
      said,
      outcome: outcomes[said] ?? null,
      done: countAt(counts, 'completed') + countAt(counts, 'failed'),
      total: countAt(counts, 'total'),
      error: errorOf(batch, calls),
      results: files.flatMap((id) =>
        typeof id === 'string' && id !== '' ? [`/files/${encodeURIComponent(id)}/content`] : [],
      ),
    }
  },

  result(calls, { custom_id: id, response, error }): BatchResult | null {
    if (typeof id !== 'string') return null
    if (isObject(response)) {
      const status = countAt(response, 'status_code')
      const text = JSON.stringify(response['body'] ?? null)
      if (status >= 200 && status < 300) return { id, reply: calls.read(text) }
      return { id, error: calls.failed({ status, headers: {}, text }) }
    }
    const code = isObject(error) ? error['code'] : null
    if (code === 'batch_expired') return { id, again: 'expired' }
    if (code === 'batch_cancelled') return { id, again: 'cancelled' }
    return {
      id,
      error: calls.failed({ status: 500, headers: {}, text: JSON.stringify({ error }) }),
    }
  },

  cancelPath: (handle) => `/batches/${encodeURIComponent(handle)}/cancel`,
}

function isOlder({ created_at: created }: Body, { since }: Submission): boolean {
  return typeof created === 'number' && created < since / 1000 - SKEW_S
}

function errorOf({ errors }: Body, { asked }: BatchCalls): string | null {
  const [first] = isObject(errors) ? listAt(errors, 'data') : []
  if (first === undefined) return null
  const { message, code, line } = first
  const said = typeof message === 'string' ? message : String(code)
  return asked.redact(typeof line === 'number' ? `line ${line}: ${said}` : said)
}

function listAt(body: Body, field: string): Body[] {
  const list = body[field]
  return Array.isArray(list) ? (list as unknown[]).filter(isObject) : []
}

function countAt(body: Body, field: string): number {
  const value = body[field]
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}

function textAt({ asked }: BatchCalls, body: Body, field: string): string {
  const value = body[field]
  if (typeof value === 'string' && value !== '') return value
  throw badReply(`no ${field}`, JSON.stringify(body), asked)
}
