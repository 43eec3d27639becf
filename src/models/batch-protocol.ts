import type { RequestError } from '../graph/request-error.ts'
import type { ModelReply } from '../graph/request.ts'
import type {
  BatchApi,
  BatchFile,
  BatchResult,
  BatchStatus,
  FoundBatch,
  Submission,
} from './batch-api.ts'
import type { Asked } from './classify.ts'
import type { RawReply } from './exchange.ts'

/** What a protocol sends for its batches, and how it reads what comes back. */
export interface BatchCalls {
  readonly asked: Asked
  /** Of a reply with a good status: the object it is. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Record<string, unknown>>
  /** The same for a body with a file in its middle. */
  upload(path: string, body: UploadBody): Promise<Record<string, unknown>>
  /** The lines of a file, one after the other. */
  lines(path: string): AsyncIterable<string>
  /** A reply in a result. */
  read(text: string): ModelReply
  /** An error in a result. */
  failed(reply: RawReply): RequestError
}

export interface UploadBody {
  readonly contentType: string
  readonly before: string
  readonly file: BatchFile
  readonly after: string
}

/** The batches of a protocol over HTTP: all that tells one from another. */
export interface BatchProtocol extends Pick<BatchApi, 'mostRequests' | 'mostBytes' | 'separator'> {
  line(id: string, request: { path: string; body: string }): string
  submit(calls: BatchCalls, submission: Submission, file: BatchFile): Promise<string>
  find(calls: BatchCalls, submission: Submission, known: ReadonlySet<string>): Promise<FoundBatch>
  status(calls: BatchCalls, handle: string): Promise<BatchStatus>
  /** What a line of a file of results says; null for one that is no result. */
  result(calls: BatchCalls, line: Record<string, unknown>): BatchResult | null
  /** The path to which a cancellation is posted. */
  cancelPath(handle: string): string
}
