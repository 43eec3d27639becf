import type { RequestError } from '../graph/request-error.ts'
import type { ModelReply, ModelRequest } from '../graph/request.ts'

/** A request of a batch. */
interface BatchLine {
  readonly text: string
  /** What is asked for there, behind the endpoint's own path; that of all requests of a batch. */
  readonly endpoint: string
}

/** A file of requests: `lines` of a batch API, with its separator between them. */
export interface BatchFile {
  readonly path: string
  readonly bytes: number
  readonly endpoint: string
}

/** A batch as we know it before its provider does. */
export interface Submission {
  /** Ours: at most 40 letters, digits and `-`. Ids of requests begin with it. */
  readonly id: string
  readonly requests: number
  /** Milliseconds since 1970: it was not sent before. */
  readonly since: number
}

/** How a batch ended, whatever the provider calls it. */
export type BatchOutcome = 'completed' | 'failed' | 'expired' | 'cancelled'

/** What a provider says of a batch. */
export interface BatchStatus {
  /** In the provider's words: `validating`, `in_progress`, `ended`. */
  readonly said: string
  /** Null while it is at work. */
  readonly outcome: BatchOutcome | null
  /** Requests with an answer or an error; some providers count them at the end only. */
  readonly done: number
  readonly total: number
  /** Why it was not taken as a whole. */
  readonly error: string | null
  /** Paths of its results, behind the endpoint's own. */
  readonly results: readonly string[]
}

/** What became of one request: `again` was not processed, and cost nothing. */
export type BatchResult =
  | { readonly id: string; readonly reply: ModelReply }
  | { readonly id: string; readonly error: RequestError }
  | { readonly id: string; readonly again: 'expired' | 'cancelled' }

/** What looking for a batch whose submission was not answered has found. */
export type FoundBatch =
  | { readonly kind: 'found'; readonly handle: string }
  /** No batch can be it. */
  | { readonly kind: 'none' }
  /** One may be it, and only its results will tell. */
  | { readonly kind: 'unsure' }

/** Batches of one model. What rejects is a `RequestError`, or the signal's reason. */
export interface BatchApi {
  /** Texts to be embedded count each. */
  readonly mostRequests: number
  readonly mostBytes: number
  /** Between two lines of a file. */
  readonly separator: string
  /** A request as a line of a file. Throws a `RequestError` for one that has no such form. */
  line(id: string, request: ModelRequest): BatchLine
  /** Sends a batch; answers with the provider's name for it. */
  submit(submission: Submission, file: BatchFile, signal: AbortSignal): Promise<string>
  /** Looks for a batch that may have been sent; `known` are batches that it is not. */
  find(submission: Submission, known: ReadonlySet<string>, signal: AbortSignal): Promise<FoundBatch>
  status(handle: string, signal: AbortSignal): Promise<BatchStatus>
  /** Results in the provider's order; of a file that is missing, none. */
  results(status: BatchStatus, signal: AbortSignal): AsyncIterable<BatchResult>
  cancel(handle: string, signal: AbortSignal): Promise<void>
}
