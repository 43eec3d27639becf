import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { decidingPart } from '../graph/request.ts'
import type { BatchApi } from '../models/batch-api.ts'
import type { DeferredRequest, DeferredRequests } from '../rows/deferred-requests.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import type { BatchRequest } from '../store/ledger-batch.ts'
import type { Clock, Timer } from '../util/clock.ts'
import type { createExchangeHash } from './exchange-hash.ts'

/** Requests of one model in a file, ready to be sent. */
export interface SpooledBatch {
  route: string
  /** Ids of its requests begin with it. */
  submission: string
  path: string
  bytes: number
  requests: readonly BatchRequest[]
  /** Dollars it may cost. */
  reserved: number
}

export interface BatchSpoolOptions {
  clock: Clock
  /** Where the files are. */
  directory: string
  /** Null for a route whose requests are sent one by one. */
  apiOf: (route: string) => BatchApi | null
  exchangeHash: ReturnType<typeof createExchangeHash>
  cost: CostLimit | null
  /** Requests of a batch at most; the provider may take fewer. */
  mostRequests: number
  /** Time after which a batch is sent that is not full, in ms. */
  longestWaitMs: number
  newName: () => string
  /** A batch is to be sent. */
  ready: (batch: SpooledBatch) => void
}

/** Collects requests in files until they are enough for a batch. */
export interface BatchSpool extends DeferredRequests {
  /** Takes requests again, up to so many that wait for their answers anywhere. */
  begin(waiting: number): void
  /** Hands on what there is; nothing is taken any more. */
  flush(): void
  /** Gives up what there is. */
  discard(): void
  /** Requests taken and not handed on. */
  readonly size: number
  /** A request was not taken, because the run may not cost more. */
  readonly isShort: boolean
}

/** Requests that wait for an answer at most: rows of the ledger, and none of memory. */
const MOST_WAITING = 500_000
/** Bytes that are written at once. */
const CHUNK = 1 << 20

interface OpenFile {
  route: string
  api: BatchApi
  submission: string
  path: string
  file: number
  bytes: number
  lines: string[]
  unwritten: number
  requests: BatchRequest[]
  reserved: number
  timer: Timer
}

export function createBatchSpool(options: BatchSpoolOptions): BatchSpool {
  const { clock, cost, directory } = options
  const open = new Map<string, OpenFile>()
  let isOpen = false
  let waiting = 0
  let isShort = false

  function fileOf(route: string, api: BatchApi): OpenFile {
    const known = open.get(route)
    if (known !== undefined) return known
    mkdirSync(directory, { recursive: true })
    const submission = options.newName()
    const path = join(directory, `${submission}.jsonl`)
    const made: OpenFile = {
      route,
      api,
      submission,
      path,
      file: openSync(path, 'w'),
      bytes: 0,
      lines: [],
      unwritten: 0,
      requests: [],
      reserved: 0,
      timer: clock.after(options.longestWaitMs, () => handOn(made)),
    }
    open.set(route, made)
    return made
  }

  function write(batch: OpenFile): void {
    writeSync(batch.file, batch.lines.join(''))
    batch.lines = []
    batch.unwritten = 0
  }

  function close(batch: OpenFile): void {
    open.delete(batch.route)
    batch.timer.cancel()
    write(batch)
    closeSync(batch.file)
  }

  function handOn(batch: OpenFile): void {
    close(batch)
    const { route, submission, path, bytes, requests, reserved } = batch
    // Its only request had no form.
    if (requests.length === 0) return
    options.ready({ route, submission, path, bytes, requests, reserved })
  }

  function append(
    api: BatchApi,
    { route, row, column, turn, message }: DeferredRequest,
    reserved: number,
  ): void {
    const most = Math.min(options.mostRequests, api.mostRequests)
    for (;;) {
      const batch = fileOf(route, api)
      const number = batch.requests.length
      const separator = number === 0 ? '' : api.separator
      const line = separator + api.line(requestId(batch.submission, number), message)
      const bytes = Buffer.byteLength(line)
      if (number > 0 && batch.bytes + bytes > api.mostBytes) {
        handOn(batch)
        continue
      }
      const hash = options.exchangeHash({ route }, decidingPart(message))
      batch.requests.push({ number, row, column, turn, hash })
      batch.lines.push(line)
      batch.bytes += bytes
      batch.reserved += reserved
      batch.unwritten += bytes
      if (batch.unwritten >= CHUNK) write(batch)
      if (batch.requests.length >= most) handOn(batch)
      return
    }
  }

  return {
    takes: (route) => options.apiOf(route) !== null,
    add(request) {
      const api = options.apiOf(request.route)
      if (api === null) throw new Error(`requests of ${request.route} are not sent in batches`)
      if (!isOpen || isShort) return
      const { route, message, maxTokens } = request
      const reserved = cost === null ? 0 : cost.reserve(route, message, maxTokens)
      if (reserved === null) {
        isShort = true
        return
      }
      try {
        append(api, request, reserved)
      } catch (error) {
        cost?.release(reserved)
        throw error
      }
      waiting += 1
    },
    get isFull() {
      return !isOpen || isShort || waiting >= MOST_WAITING
    },
    begin(before) {
      isOpen = true
      isShort = false
      waiting = before
    },
    flush() {
      isOpen = false
      for (const batch of open.values()) handOn(batch)
    },
    discard() {
      isOpen = false
      for (const batch of open.values()) {
        close(batch)
        cost?.release(batch.reserved)
      }
    },
    get size() {
      let size = 0
      for (const { requests } of open.values()) size += requests.length
      return size
    },
    get isShort() {
      return isShort
    },
  }
}

/** What the answer to a request is known by. */
function requestId(submission: string, number: number): string {
  return `${submission}_${number}`
}

/** The number of a request of a batch; null for an id that is none of its. */
export function requestNumber(
  id: string,
  { submission, requests }: { submission: string; requests: number },
): number | null {
  const start = `${submission}_`
  if (!id.startsWith(start)) return null
  const digits = id.slice(start.length)
  const number = Number(digits)
  return /^\d{1,9}$/.test(digits) && number < requests ? number : null
}
