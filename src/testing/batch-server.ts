import type { IncomingMessage } from 'node:http'
import { systemClock } from '../util/clock.ts'
import { fieldOfForm } from './answer-text.ts'

/** A request of a batch, as the server has it. */
export interface BatchedRequest {
  readonly id: string
  /** What is asked of the model, as JSON. */
  readonly body: string
}

/** A batch that the server was sent. */
export interface ServerBatch {
  readonly handle: string
  readonly protocol: 'openai' | 'anthropic'
  /** Path of what is asked for: `/v1/chat/completions`, `/v1/messages`. */
  readonly endpoint: string
  readonly requests: readonly BatchedRequest[]
  /** Milliseconds since 1970. */
  readonly created: number
  /** How often it was asked for. */
  readonly polls: number
  readonly isCancelled: boolean
}

/** What the result of one request is; a status of 400 and more is an error. */
export type BatchedAnswer = { status: number; body: string } | 'expired' | 'cancelled' | 'missing'

/** What becomes of a batch; everything omitted is as in a good one. */
export interface BatchAction {
  /** How it ends; `completed` by default, `cancelled` once it was cancelled. */
  outcome?: 'completed' | 'failed' | 'expired' | 'cancelled'
  /** Of one that failed as a whole. */
  error?: { code: string; message: string }
  /** In place of what the model would answer; `answered` before the batch was cancelled. */
  answer?: (request: BatchedRequest, position: number) => BatchedAnswer | 'answered' | undefined
  /** Puts the lines of the results into another order, and more or fewer of them there. */
  lines?: (lines: readonly string[]) => readonly string[]
  /** The file of the results is not there. */
  isLost?: boolean
}

/** A call of the batch APIs, before anything is done. */
export interface BatchCall {
  /** From 0, over all calls. */
  readonly number: number
  readonly method: string
  /** `upload`, `create`, `list`, `status`, `results` or `cancel`. */
  readonly step: BatchStep
  readonly path: string
}

/** What a call of a batch API is for. */
export type BatchStep = 'upload' | 'create' | 'list' | 'status' | 'results' | 'cancel'

/** What happens to one call instead of an answer. */
export type BatchCallAction =
  | { status: number; error?: string; headers?: Record<string, string> }
  /** Nothing is done, and the connection is closed. */
  | 'refuse'
  /** All is done, and the connection is closed without an answer. */
  | 'lose'
  /** Half of the answer is sent. */
  | 'cut'

/** How the batch APIs of a model server behave. */
export interface BatchServerOptions {
  /** Batches have ended when they were asked for so often, alone or in the list; 1 by default. */
  polls?: number
  script?: (batch: ServerBatch) => BatchAction | undefined
  onCall?: (call: BatchCall) => BatchCallAction | undefined | Promise<BatchCallAction | undefined>
}

/** An answer of the server, and how it is sent. */
export interface BatchAnswer {
  status: number
  body: string
  headers?: Record<string, string>
  /** The connection is closed: before anything is sent, or in the middle of it. */
  closes?: 'before' | 'within'
}

export interface BatchServer {
  readonly batches: readonly ServerBatch[]
  readonly calls: readonly BatchCall[]
  /** Null for what is no call of theirs. */
  answer(request: IncomingMessage, bytes: Buffer): Promise<BatchAnswer | null>
}

interface OwnBatch extends ServerBatch {
  polls: number
  isCancelled: boolean
  action: BatchAction
}

const ended = ['completed', 'failed', 'expired', 'cancelled']

/** The batch APIs of OpenAI and of Anthropic, of the same batches. */
export function createBatchServer(
  { polls = 1, script, onCall }: BatchServerOptions,
  /** What the model answers to a request. */
  reply: (path: string, body: string) => BatchedAnswer,
): BatchServer {
  const files = new Map<string, string>()
  const batches: OwnBatch[] = []
  const calls: BatchCall[] = []

  async function answer(request: IncomingMessage, bytes: Buffer): Promise<BatchAnswer | null> {
    const { method = 'GET', url = '/' } = request
    const path = (url.split('?', 1)[0] ?? '/').replace(/^.*\/v1(?=\/)/, '')
    const step = stepOf(method, path)
    if (step === null) return null
    const call = { number: calls.length, method, step, path }
    calls.push(call)
    const action = await onCall?.(call)
    if (action === 'refuse') return { status: 0, body: '', closes: 'before' }
    if (typeof action === 'object') {
      const { status, error = `scripted ${status}`, headers = {} } = action
      return { status, body: errorBody(error), headers }
    }
    const found = take(step, path, new URLSearchParams(url.split('?')[1]), bytes)
    if (action === 'lose') return { ...found, closes: 'before' }
    return action === 'cut' ? { ...found, closes: 'within' } : found
  }

  function take(step: BatchStep, path: string, query: URLSearchParams, bytes: Buffer): BatchAnswer {
    const isOpenai = !path.startsWith('/messages')
    if (step === 'upload') return good(upload(bytes.toString('utf8')))
    if (step === 'create') return isOpenai ? createOfFile(bytes) : createOfBody(bytes)
    if (step === 'list') return good(list(isOpenai, query))
    if (step === 'results' && isOpenai) return fileAt(path.split('/')[2] ?? '')
    const batch = batches.find(({ handle }) => path.split('/').includes(handle))
    if (batch === undefined) return notFound(path)
    if (step === 'results') {
      if (batch.action.isLost === true) return notFound(path)
      return { status: 200, body: resultsOf(batch).join('\n') }
    }
    if (step === 'cancel') batch.isCancelled = true
    else batch.polls += 1
    return good(shown(batch))
  }

  function upload(form: string): object {
    const start = form.indexOf('filename=')
    const content = form.slice(form.indexOf('\r\n\r\n', start) + 4, form.lastIndexOf('\r\n--'))
    if (fieldOfForm(form, 'purpose') !== 'batch') throw new Error('the purpose is not batch')
    const id = `file-${files.size}`
    files.set(id, content)
    return { id, object: 'file', purpose: 'batch', bytes: Buffer.byteLength(content) }
  }

  function createOfFile(bytes: Buffer): BatchAnswer {
    const { input_file_id: file, ...given } = JSON.parse(bytes.toString('utf8')) as {
      input_file_id: string
      endpoint: string
      metadata: Record<string, string>
    }
    const content = files.get(file)
    if (content === undefined) return notFound(file)
    const lines = content.split('\n').filter((line) => line !== '')
    const { endpoint, metadata } = given
    const requests: BatchedRequest[] = []
    for (const line of lines) {
      const { custom_id: id, url, body } = JSON.parse(line) as Record<string, unknown>
      if (url !== endpoint) return badRequest(`a line of ${String(url)} in a batch of ${endpoint}`)
      requests.push({ id: String(id), body: JSON.stringify(body) })
    }
    const batch = add('openai', endpoint, requests)
    metadatas.set(batch.handle, metadata)
    return good(shown(batch))
  }

  function createOfBody(bytes: Buffer): BatchAnswer {
    const { requests } = JSON.parse(bytes.toString('utf8')) as {
      requests: { custom_id: string; params: unknown }[]
    }
    const own = requests.map(({ custom_id: id, params }) => ({ id, body: JSON.stringify(params) }))
    return good(shown(add('anthropic', '/v1/messages', own)))
  }

  const metadatas = new Map<string, Record<string, string>>()

  function add(
    protocol: ServerBatch['protocol'],
    endpoint: string,
    requests: readonly BatchedRequest[],
  ): OwnBatch {
    const made = {
      handle: `${protocol === 'openai' ? 'batch' : 'msgbatch'}_${batches.length}`,
      protocol,
      endpoint,
      requests,
      created: systemClock.wallTime(),
      polls: 0,
      isCancelled: false,
    }
    const batch: OwnBatch = { ...made, action: script?.(made) ?? {} }
    batches.push(batch)
    return batch
  }

  function list(isOpenai: boolean, query: URLSearchParams): object {
    const own = batches.filter(({ protocol }) => (protocol === 'openai') === isOpenai).reverse()
    const behind = query.get(isOpenai ? 'after' : 'after_id')
    const from = behind === null ? 0 : own.findIndex(({ handle }) => handle === behind) + 1
    const limit = Number(query.get('limit') ?? 20)
    const page = own.slice(from, from + limit)
    for (const batch of page) batch.polls += 1
    return { object: 'list', data: page.map(shown), has_more: from + limit < own.length }
  }

  function outcomeOf({ polls: asked, isCancelled, action }: OwnBatch): string | null {
    if (isCancelled) return 'cancelled'
    return asked >= polls ? (action.outcome ?? 'completed') : null
  }

  function shown(batch: OwnBatch): object {
    return batch.protocol === 'openai' ? openaiBatch(batch) : anthropicBatch(batch)
  }

  function openaiBatch(batch: OwnBatch): object {
    const { handle, endpoint, action, created, requests } = batch
    const status = outcomeOf(batch) ?? (batch.polls === 0 ? 'validating' : 'in_progress')
    const isOver = ended.includes(status)
    const { good: answered, bad } = isOver ? sorted(batch) : { good: [], bad: [] }
    const fileOf = (kind: string, lines: readonly string[]): string | null => {
      if (lines.length === 0 || status === 'failed') return null
      const id = `file-${kind}-${handle}`
      if (action.isLost !== true) files.set(id, lines.join('\n'))
      return id
    }
    return {
      id: handle,
      object: 'batch',
      endpoint,
      status,
      created_at: Math.floor(created / 1000),
      output_file_id: fileOf('output', answered),
      error_file_id: fileOf('error', bad),
      request_counts: { total: requests.length, completed: answered.length, failed: bad.length },
      errors: status === 'failed' ? { object: 'list', data: [action.error ?? {}] } : null,
      metadata: metadatas.get(handle) ?? null,
    }
  }

  function anthropicBatch(batch: OwnBatch): object {
    const { handle, created, requests } = batch
    const isOver = outcomeOf(batch) !== null
    const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
    if (!isOver) counts.processing = requests.length
    else {
      for (const [position, request] of requests.entries()) {
        const own = answerOf(batch, request, position)
        if (own === 'expired') counts.expired += 1
        else if (own === 'cancelled') counts.canceled += 1
        else if (typeof own === 'object' && own.status < 400) counts.succeeded += 1
        else counts.errored += 1
      }
    }
    return {
      id: handle,
      type: 'message_batch',
      processing_status: isOver ? 'ended' : batch.isCancelled ? 'canceling' : 'in_progress',
      request_counts: counts,
      created_at: new Date(created).toISOString(),
      results_url: isOver ? `/v1/messages/batches/${handle}/results` : null,
    }
  }

  function answerOf(batch: OwnBatch, request: BatchedRequest, position: number): BatchedAnswer {
    const own = batch.action.answer?.(request, position)
    if (own !== undefined && own !== 'answered') return own
    if (own === undefined && batch.isCancelled) return 'cancelled'
    return reply(batch.endpoint.replace(/^\/v1/, ''), request.body)
  }

  function resultsOf(batch: OwnBatch): readonly string[] {
    const lines = batch.requests.flatMap((request, position) => {
      const line = anthropicLine(request.id, answerOf(batch, request, position))
      return line === null ? [] : [line]
    })
    return batch.action.lines?.(lines) ?? lines
  }

  /** Lines of the two files that OpenAI has. */
  function sorted(batch: OwnBatch): { good: readonly string[]; bad: string[] } {
    const answered: string[] = []
    const bad: string[] = []
    for (const [position, { id, body }] of batch.requests.entries()) {
      const own = answerOf(batch, { id, body }, position)
      if (own === 'missing') continue
      const isGood = typeof own === 'object' && own.status < 400
      ;(isGood ? answered : bad).push(openaiLine(id, own))
    }
    return { good: batch.action.lines?.(answered) ?? answered, bad }
  }

  function fileAt(id: string): BatchAnswer {
    const content = files.get(id)
    return content === undefined ? notFound(id) : { status: 200, body: content }
  }

  return { batches, calls, answer }
}

function openaiLine(id: string, answer: Exclude<BatchedAnswer, 'missing'>): string {
  if (typeof answer === 'string') {
    const code = `batch_${answer}`
    const error = { code, message: 'This request was not executed.' }
    return JSON.stringify({ id: `out_${id}`, custom_id: id, response: null, error })
  }
  const { status, body } = answer
  const response = { status_code: status, request_id: 'r', body: JSON.parse(body) as unknown }
  return JSON.stringify({ id: `out_${id}`, custom_id: id, response, error: null })
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

function anthropicLine(id: string, answer: BatchedAnswer): string | null {
  if (answer === 'missing') return null
  if (answer === 'expired') return JSON.stringify({ custom_id: id, result: { type: 'expired' } })
  if (answer === 'cancelled') {
    return JSON.stringify({ custom_id: id, result: { type: 'canceled' } })
  }
  const { status, body } = answer
  const value = JSON.parse(body) as { error?: { message?: string } }
  if (status < 400) {
    return JSON.stringify({ custom_id: id, result: { type: 'succeeded', message: value } })
  }
  const { message = '' } = value.error ?? {}
  const error = { type: errorTypes[status] ?? 'api_error', message }
  const result = { type: 'errored', error: { type: 'error', error } }
  return JSON.stringify({ custom_id: id, result })
}

function stepOf(method: string, path: string): BatchStep | null {
  if (method === 'POST' && path === '/files') return 'upload'
  if (method === 'GET' && /^\/files\/[^/]+\/content$/.test(path)) return 'results'
  const own = /^(?:\/messages)?\/batches(?:\/([^/]+)(?:\/(results|cancel))?)?$/.exec(path)
  if (own === null) return null
  const [, handle, rest] = own
  if (handle === undefined) return method === 'POST' ? 'create' : 'list'
  if (rest === undefined) return 'status'
  return rest === 'cancel' ? 'cancel' : 'results'
}

function good(body: object): BatchAnswer {
  return { status: 200, body: JSON.stringify(body) }
}

function notFound(what: string): BatchAnswer {
  return { status: 404, body: errorBody(`no ${what}`) }
}

function badRequest(message: string): BatchAnswer {
  return { status: 400, body: errorBody(message) }
}

function errorBody(message: string): string {
  return JSON.stringify({ error: { message, type: 'scripted', code: 'scripted' } })
}
