import type { TaskGenerator } from '../graph/kind.ts'
import {
  addUsage,
  type ModelReply,
  type ModelRequest,
  noUsage,
  type Usage,
} from '../graph/request.ts'
import type { Dispatcher, Lease } from '../limits/dispatcher.ts'
import { BlockRow } from './block.ts'
import type { OpenGroup } from './open-group.ts'
import { type Outcome, requestFailure } from './outcome.ts'
import type { Job, Requests } from './requests.ts'

/** A cell whose generator sends any number of requests, or none. */
interface TaskCell {
  group: OpenGroup
  offset: number
  /** The column's id. */
  column: number
  depth: number
  generator: TaskGenerator
  /** Position of the line it waits in to start. */
  startRoute: number
  /** `attempts` is the number of requests sent, at least 1. */
  ended: (outcome: Outcome, attempts: number) => void
  /** It leaves without an answer: its row was dropped, or it was told to stop. */
  abandoned: () => void
}

export interface TasksOptions {
  requests: Requests
  dispatcher: () => Dispatcher<Job>
  routeOf: (alias: string) => number
  signal: AbortSignal
  /** The run has ended: what comes back now belongs to nobody. */
  isOver: () => boolean
  changed: () => void
  fatal: (error: unknown) => void
}

export interface Tasks {
  queue(cell: TaskCell): void
  /** Tasks at work themselves, not waiting for a reply. */
  readonly active: number
}

/** Turns of a conversation under way come before everything that has not started. */
const LIVE_GROUP = -1

export function createTasks(options: TasksOptions): Tasks {
  const { requests, signal } = options
  let active = 0

  function queue(cell: TaskCell): void {
    options.dispatcher().enqueue(cell.startRoute, {
      group: cell.group.number,
      depth: cell.depth,
      start(lease) {
        if (cell.group.isOpen(cell.offset)) return start(cell, lease)
        options.dispatcher().release(lease, { kind: 'unused' })
        cell.abandoned()
      },
    })
  }

  function start(cell: TaskCell, lease: Lease): void {
    const { group, generator } = cell
    const row = new BlockRow(group.block, cell.offset)
    let sent = 0
    let outstanding = 0
    let usage: Usage = noUsage
    active += 1

    /** A task with a request outstanding waits like any request, in a line or on the wire. */
    function settled<T>(resolve: (value: T) => void): (value: T) => void {
      return (value) => {
        outstanding -= 1
        if (outstanding === 0) active += 1
        resolve(value)
      }
    }

    function request(alias: string, message: ModelRequest): Promise<ModelReply> {
      return new Promise((resolve, reject) => {
        const route = options.routeOf(alias)
        const turn = sent
        sent += 1
        outstanding += 1
        if (outstanding === 1) active -= 1
        const accept = settled(resolve)
        const refuse = settled(reject)
        requests.submit({
          route,
          row: row.index,
          column: cell.column,
          group: turn === 0 ? group.number : LIVE_GROUP,
          depth: cell.depth,
          wanted: () => true,
          abandoned: () => undefined,
          prepare: () => message,
          reply: (reply) => {
            usage = addUsage(usage, reply.usage)
            accept(reply)
          },
          failed: (error, _attempts, spent) => {
            if (spent !== null) usage = addUsage(usage, spent)
            refuse(requestFailure(error))
          },
          unprepared: refuse,
        })
        options.changed()
      })
    }

    function ended(outcome: Outcome): void {
      if (options.isOver()) return
      // What a task throws when it is told to stop says nothing about its cell.
      if (signal.aborted && 'error' in outcome) cell.abandoned()
      else cell.ended(outcome, Math.max(1, sent))
      options.dispatcher().release(lease, { kind: 'result' in outcome ? 'ok' : 'failed' })
      // Last, so that nothing ends while the consequences of a task are drawn.
      active -= 1
      options.changed()
    }

    Promise.resolve()
      .then(() => generator.run(row, { signal, request }))
      .then(
        (result) => ended({ result, usage }),
        (error: unknown) => ended({ error, usage }),
      )
      .catch(options.fatal)
  }

  return {
    queue,
    get active() {
      return active
    },
  }
}
