import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { decidingPart } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import type { BatchApi, BatchFile } from '../models/batch-api.ts'
import type { DeferredRequest, DeferredRequests } from '../rows/deferred-requests.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import type { BatchRequest } from '../store/ledger-batch.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { size } from '../util/format.ts'
import type { createExchangeHash } from './exchange-hash.ts'

/** A place where the requests of a model may go in batches. */
export interface BatchPlace {
  name: string
  /** Its share of the requests next to the other places'. */
  weight: number
  api: BatchApi
}

/** Requests of one model in a file, ready to be sent. */
export interface SpooledBatch extends BatchFile {
  route: string
  /** The place of the model to which they go. */
  place: string
  /** Ids of its requests begin with it. */
  submission: string
  requests: readonly BatchRequest[]
  /** Dollars it may cost. */
  reserved: number
}

export interface BatchSpoolOptions {
  clock: Clock
  /** Where the files are. */
  directory: string
  /** Where requests of a route go; empty for one whose requests are sent one by one. */
  placesOf: (route: string) => readonly BatchPlace[]
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
  /** Hands on the collected requests; takes no further ones. */
  flush(): void
  /** Discards the collected requests. */
  discard(): void
  /** Requests that were taken and not handed on. */
  readonly size: number
  /** A request was not taken, because the run may not cost more. */
  readonly isShort: boolean
}

/** Most requests that wait for an answer; they are rows of the ledger and need no memory. */
const MOST_WAITING = 500_000
/** How often a cell may change its request: a cell with random requests would never end. */
const MOST_STRAYS = 2
/** Bytes per write. */
const CHUNK = 1 << 20

interface OpenFile {
  route: string
  place: BatchPlace
  /** The operation of its requests, as in the first one. */
  endpoint: string
  submission: string
  path: string
  file: number
  bytes: number
  lines: string[]
  unwritten: number
  requests: BatchRequest[]
  /** Texts to be embedded count each. */
  inputs: number
  reserved: number
  timer: Timer
}

export function createBatchSpool(options: BatchSpoolOptions): BatchSpool {
  const { clock, cost, directory } = options
  /** Cells that asked something else when their row was opened again: the round, and how often. */
  const strays = new Map<string, { round: number; times: number }>()
  let round = 0
  /** Requests of this session by place. */
  const given = new Map<string, number>()
  const open = new Map<string, OpenFile>()
  let isOpen = false
  let waiting = 0
  let isShort = false

  /** Each batch goes as a whole to the place that has had the fewest requests for its weight. */
  function nextPlace(places: readonly BatchPlace[]): BatchPlace {
    const load = ({ name, weight }: BatchPlace): number => (given.get(name) ?? 0) / weight
    return places.reduce((best, place) => (load(place) < load(best) ? place : best))
  }

  function fileOf(route: string, places: readonly BatchPlace[]): OpenFile {
    const known = open.get(route)
    if (known !== undefined) return known
    mkdirSync(directory, { recursive: true })
    const submission = options.newName()
    const path = join(directory, `${submission}.jsonl`)
    const made: OpenFile = {
      route,
      place: nextPlace(places),
      endpoint: '',
      submission,
      path,
      file: openSync(path, 'w'),
      bytes: 0,
      lines: [],
      unwritten: 0,
      requests: [],
      inputs: 0,
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
    const { route, endpoint, submission, path, bytes, requests, reserved } = batch
    // Its only request had no form.
    if (requests.length === 0) return
    const { name: place } = batch.place
    given.set(place, (given.get(place) ?? 0) + requests.length)
    options.ready({ route, place, endpoint, submission, path, bytes, requests, reserved })
  }

  function noteStray({ row, column }: DeferredRequest): void {
    const key = `${row} ${column}`
    const known = strays.get(key)
    if (known?.round === round) return
    const times = (known?.times ?? 0) + 1
    strays.set(key, { round, times })
    if (times <= MOST_STRAYS) return
    strays.delete(key)
    throw new RequestError(
      'asks-otherwise',
      `The cell asked something else each time its row was opened again. With mode: batch, its function runs once more for each answer and has to ask the same, in the same order. Leave the time and random numbers out of what it asks, or leave out mode: batch.`,
      { kind: 'refused' },
    )
  }

  function append(request: DeferredRequest, reserved: number): void {
    const { route, row, column, turn, message } = request
    const inputs = message.operation === 'embed' ? message.inputs.length : 1
    for (;;) {
      const batch = fileOf(route, options.placesOf(route))
      const { api } = batch.place
      const most = Math.min(options.mostRequests, api.mostRequests)
      const number = batch.requests.length
      const { text, endpoint } = api.line(requestId(batch.submission, number), message)
      const line = number === 0 ? text : api.separator + text
      const bytes = Buffer.byteLength(line)
      if (bytes > api.mostBytes) throw tooLarge(bytes, api)
      const fits =
        endpoint === batch.endpoint &&
        batch.bytes + bytes <= api.mostBytes &&
        batch.inputs + inputs <= api.mostRequests
      if (number > 0 && !fits) {
        handOn(batch)
        continue
      }
      const hash = options.exchangeHash({ route }, decidingPart(message))
      batch.endpoint = endpoint
      batch.requests.push({ number, row, column, turn, hash })
      batch.lines.push(line)
      batch.bytes += bytes
      batch.inputs += inputs
      batch.reserved += reserved
      batch.unwritten += bytes
      if (batch.unwritten >= CHUNK) write(batch)
      if (batch.requests.length >= most) handOn(batch)
      return
    }
  }

  return {
    takes: (route) => options.placesOf(route).length > 0,
    add(request) {
      if (!isOpen || isShort) return
      if (request.hasStrayed) noteStray(request)
      const { route, message, maxTokens } = request
      const { name } = fileOf(route, options.placesOf(route)).place
      const reserved = cost === null ? 0 : cost.reserve(name, message, maxTokens)
      if (reserved === null) {
        isShort = true
        return
      }
      try {
        append(request, reserved)
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
      round += 1
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
      let taken = 0
      for (const { requests } of open.values()) taken += requests.length
      return taken
    },
    get isShort() {
      return isShort
    },
  }
}

function tooLarge(bytes: number, { mostBytes }: BatchApi): RequestError {
  return new RequestError(
    'too-large',
    `The request has ${size(bytes)}, and a batch may have ${size(mostBytes)}. Make the prompt or the media in it smaller, or leave out mode: batch for this model.`,
    { kind: 'refused' },
  )
}

/** The key of the answer to a request. */
function requestId(submission: string, number: number): string {
  return `${submission}_${number}`
}

/** The number of a request in a batch; null for an id of no request. */
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
