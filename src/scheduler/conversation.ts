import { withAnswerText } from '../graph/answer-tool.ts'
import { CellFailure } from '../graph/failure.ts'
import { CellInterrupted, type InterruptReason } from '../graph/interrupted.ts'
import type { RequestPurpose, TaskContext } from '../graph/kind.ts'
import { replyOf, replyText } from '../graph/reply-text.ts'
import {
  addUsage,
  decidingPart,
  type ModelReply,
  type ModelRequest,
  noUsage,
  type Usage,
} from '../graph/request.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { parseJson, stringifyJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'
import type { Journal, JournaledExchange } from '../rows/journal.ts'
import { requestFailure } from '../rows/cell-outcome.ts'
import type { RequestJob } from './request-job.ts'
import type { Requests } from './requests.ts'

/** What an exchange is with: a model by its alias, or a step by its name. */
export type ExchangePartner = { route: string } | { step: string }

/** What all conversations of a run share. */
export interface ConversationPorts {
  clock: Clock
  requests: Requests
  journal: Journal
  routeOf: (alias: string) => number
  /** Hex SHA-256 of what is asked, and of whom: of the model that an alias stands for. */
  exchangeHash: (partner: ExchangePartner, asked: unknown) => string
  /** Why nothing is sent to a route any more; null while something may be. */
  closedTo: (route: number) => InterruptReason | null
  /** The same for work that stays here. */
  closed: () => InterruptReason | null
  /** Time a function may work by itself, between two requests. */
  localTimeoutMs: number
}

export interface ConversationOptions {
  row: number
  /** The column's id. */
  column: number
  group: number
  depth: number
  /** What was answered in earlier sessions. */
  known: readonly JournaledExchange[]
  /** It began or ceased to work by itself, or asked for something. */
  changed: () => void
  /** Nothing more is sent for it. */
  interrupted: () => void
  /** The function worked longer by itself than it may. */
  timedOut: (failure: CellFailure) => void
}

/** The requests of one cell, each durable before its promise resolves. */
export interface Conversation {
  readonly context: TaskContext
  /** Whether its function works itself: nothing of it is in a line or in flight. */
  readonly works: boolean
  /** Whether a request of it is in a line or between two attempts. */
  readonly waits: boolean
  readonly isInterrupted: boolean
  /** Whether that is because its next answers come another time. */
  readonly isDeferred: boolean
  /** Requests sent. */
  readonly sent: number
  /** Of its replies, those of earlier sessions included. */
  readonly usage: Usage
  /** Whether it failed of a request that was refused or of time, and not of what its replies say. */
  blames(error: unknown): boolean
  waitsFor(route: number): boolean
  interrupt(reason: InterruptReason): void
  /** Its function settled: nothing of it counts any more. */
  end(options: { made: boolean }): void
}

/** A promise of the function that has not settled. */
interface Open {
  /** -1 for a step. */
  route: number
  state: 'waiting' | 'in-flight' | 'local' | 'journal' | 'deferred'
  reject: (reason: Error) => void
}

/** Turns of a conversation under way come before everything that has not started. */
const LIVE_GROUP = -1

export function createConversation(
  ports: ConversationPorts,
  options: ConversationOptions,
): Conversation {
  const { clock, journal, requests } = ports
  const { row, column } = options
  const controller = new AbortController()
  const open = new Set<Open>()
  const refusals = new Set<unknown>()
  const known = new Map(options.known.map((exchange) => [exchange.turn, exchange]))
  let turns = 0
  let sent = 0
  let usage: Usage = noUsage
  let interruption: CellInterrupted | null = null
  let over = false
  let made = false
  let timer: Timer | null = null
  let hasDeferred = false
  let hasStrayed = false

  /** Elsewhere: in a line or in flight. */
  function remote(): number {
    let count = 0
    for (const { state } of open) if (state === 'waiting' || state === 'in-flight') count += 1
    return count
  }

  /** Its time runs while the function itself is at work, and stands while it waits for others. */
  function watch(): void {
    const works = !over && interruption === null && open.size === 0
    if (works && timer === null && ports.localTimeoutMs < Number.POSITIVE_INFINITY) {
      timer = clock.after(ports.localTimeoutMs, () => options.timedOut(timeout()))
    } else if (!works) {
      timer?.cancel()
      timer = null
    }
  }

  function timeout(): CellFailure {
    const failure = timeoutFailure(ports)
    refusals.add(failure)
    return failure
  }

  function changed(): void {
    if (over) return
    watch()
    options.changed()
  }

  /** The exchange of an earlier session at this turn; a different one ends the replay. */
  function replayed(turn: number, hash: string): JournaledExchange | null {
    const exchange = known.get(turn)
    if (exchange === undefined) return null
    if (exchange.hash === hash) {
      usage = addUsage(usage, exchange.usage)
      return exchange
    }
    known.clear()
    hasStrayed = true
    // Where nothing can be asked in their place, they stay for a session in which it can.
    if (ports.closed() === null) journal.forget(row, column, turn)
    return null
  }

  function begin(route: number, reject: (reason: Error) => void): Open {
    const entry: Open = { route, state: route < 0 ? 'local' : 'waiting', reject }
    open.add(entry)
    return entry
  }

  function settle(entry: Open): boolean {
    if (hasDeferred) clock.soon(interruptIfDeferred)
    return open.delete(entry)
  }

  /** Once all that it waits for comes another time, and it had its turn to ask for more. */
  function interruptIfDeferred(): void {
    if (over || open.size === 0) return
    for (const { state } of open) if (state !== 'deferred') return
    interrupt('batch')
  }

  /** Written down whatever became of the cell meanwhile, unless it was made without it. */
  function keep(
    entry: Open,
    exchange: Pick<JournaledExchange, 'turn' | 'hash' | 'reply' | 'usage'>,
    resolve: () => void,
  ): void {
    if (made) return
    entry.state = 'journal'
    journal.exchange({ row, column, ...exchange }, () => {
      if (!settle(entry)) return
      changed()
      resolve()
    })
    changed()
  }

  function request(
    alias: string,
    message: ModelRequest,
    { isCorrection = false }: RequestPurpose = {},
  ): Promise<ModelReply> {
    const turn = turns
    turns += 1
    return settledSafely(() => {
      if (interruption !== null) return Promise.reject(interruption)
      const route = ports.routeOf(alias)
      const hash = ports.exchangeHash({ route: alias }, decidingPart(message))
      const exchange = replayed(turn, hash)
      if (exchange !== null) {
        // Whoever collected it did not have the question.
        const reply = withAnswerText(replyOf(exchange.reply), message)
        requests.keepDeferred({ route, row, column, turn, message }, reply)
        return Promise.resolve(reply)
      }
      const closed = ports.closedTo(route)
      if (closed !== null) interrupt(closed)
      if (interruption !== null) return Promise.reject(interruption)
      return new Promise((resolve, reject) => {
        const entry = begin(route, reject)
        requests.submit(jobOf(entry, { message, turn, hash, isCorrection, resolve }))
        changed()
      })
    })
  }

  interface Asked {
    message: ModelRequest
    turn: number
    hash: string
    isCorrection: boolean
    resolve: (reply: ModelReply) => void
  }

  function jobOf(entry: Open, { message, turn, hash, isCorrection, resolve }: Asked): RequestJob {
    const refuse = (error: unknown): void => {
      if (!settle(entry)) return
      refusals.add(error)
      changed()
      entry.reject(error as Error)
    }
    return {
      route: entry.route,
      row,
      column,
      group: turn === 0 ? options.group : LIVE_GROUP,
      depth: options.depth,
      turn,
      isCorrection,
      hasStrayed,
      wanted: () => open.has(entry),
      abandoned: () => undefined,
      prepare: () => message,
      left() {
        entry.state = 'in-flight'
        sent += 1
      },
      returned() {
        entry.state = 'waiting'
        const closed = ports.closedTo(entry.route)
        if (closed !== null && open.has(entry)) interrupt(closed)
      },
      deferred() {
        if (!open.has(entry)) return
        entry.state = 'deferred'
        hasDeferred = true
        clock.soon(interruptIfDeferred)
      },
      reply(reply) {
        usage = addUsage(usage, reply.usage)
        const exchange = { turn, hash, reply: replyText(reply), usage: reply.usage }
        keep(entry, exchange, () => resolve(reply))
      },
      failed(error, _attempts, spent) {
        if (spent !== null) usage = addUsage(usage, spent)
        refuse(requestFailure(error))
      },
      unprepared: refuse,
    }
  }

  function step(
    name: string,
    input: unknown,
    run: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const turn = turns
    turns += 1
    return settledSafely(() => {
      if (interruption !== null) return Promise.reject(interruption)
      const hash = ports.exchangeHash({ step: name }, input)
      const exchange = replayed(turn, hash)
      if (exchange !== null) return Promise.resolve(parseJson(exchange.reply))
      const closed = ports.closed()
      if (closed !== null) interrupt(closed)
      if (interruption !== null) return Promise.reject(interruption)
      return new Promise((resolve, reject) => {
        const limit =
          ports.localTimeoutMs === Number.POSITIVE_INFINITY
            ? null
            : clock.after(ports.localTimeoutMs, () => fail(timeout()))
        const entry = begin(-1, (reason) => {
          limit?.cancel()
          reject(reason)
        })

        function fail(error: unknown): void {
          limit?.cancel()
          if (!settle(entry)) return
          // It is made anew at the next try, so what was answered before it is good.
          refusals.add(error)
          changed()
          // What the function's own code threw goes back to it as it is.
          reject(error)
        }

        changed()
        Promise.resolve()
          .then(() => run(controller.signal))
          .then((value) => {
            limit?.cancel()
            if (!open.has(entry)) return undefined
            const reply = stringifyJson(value)
            return keep(entry, { turn, hash, reply, usage: noUsage }, () => resolve(value))
          })
          .catch(fail)
      })
    })
  }

  function interrupt(reason: InterruptReason): void {
    if (over || interruption !== null) return
    interruption = new CellInterrupted(reason)
    for (const { reject } of open) reject(interruption)
    open.clear()
    watch()
    // First, so that nothing ends before its function had the time to.
    options.interrupted()
    controller.abort(interruption)
    changed()
  }

  watch()
  return {
    context: { signal: controller.signal, request, step },
    get works() {
      return remote() === 0
    },
    get waits() {
      for (const { state } of open) if (state === 'waiting') return true
      return false
    },
    get isInterrupted() {
      return interruption !== null
    },
    get isDeferred() {
      return interruption?.reason === 'batch'
    },
    get sent() {
      return sent
    },
    get usage() {
      return usage
    },
    blames: (error) => refusals.has(error) || (error instanceof Error && refusals.has(error.cause)),
    waitsFor(route) {
      for (const entry of open) if (entry.state === 'waiting' && entry.route === route) return true
      return false
    },
    interrupt,
    end(how) {
      over = true
      ;({ made } = how)
      interruption ??= new CellInterrupted('aborted')
      // Requests that no one waits for any more leave their lines.
      open.clear()
      watch()
      controller.abort(interruption)
    },
  }
}

/** What a function does not wait for must not end the process when it is rejected. */
function settledSafely<T>(work: () => Promise<T>): Promise<T> {
  let promise: Promise<T>
  try {
    promise = work()
  } catch (error) {
    promise = Promise.reject(error)
  }
  promise.catch(() => undefined)
  return promise
}

export function timeoutFailure({ localTimeoutMs }: { localTimeoutMs: number }): CellFailure {
  return new CellFailure(
    'timeout',
    `the column's own code did not finish within ${localTimeoutMs / 1000} s; if it needs longer, raise local_timeout in the run config`,
  )
}
