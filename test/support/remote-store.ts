import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { storedBytes, toStored } from '../../src/graph/stored-value.ts'
import type { ColumnType } from '../../src/graph/column-type.ts'
import type { Interval } from '../../src/plan/interval.ts'
import type { Journal } from '../../src/rows/journal.ts'
import type { KnownRows } from '../../src/rows/known-rows.ts'
import type { PartStore } from '../../src/scheduler/part-store.ts'
import type { StoredBlock } from '../../src/rows/stored-rows.ts'
import { RowsmithError } from '../../src/util/errors.ts'
import type { HostAnswer, HostMessage, HostRequest, SentRecord } from './store-host.ts'

/** A store whose run folder another process has open. */
export interface RemoteStore extends PartStore {
  readonly process: ChildProcess
  readonly decided: readonly Interval[]
  close(): Promise<void>
}

const host = fileURLToPath(new URL('store-host.ts', import.meta.url))
const recordBytes = 32

/** Starts a process, has it open a run folder, and speaks with it. */
export async function connectStore(directory: string): Promise<RemoteStore> {
  const child = fork(host, [], { serialization: 'advanced' })
  const calls = new Map<number, PromiseWithResolvers<unknown>>()
  let nextId = 0
  let lost: RowsmithError | null = null
  const journal = createRemoteJournal((message) => post(message))

  child.on('message', (answer: HostAnswer) => {
    if ('durable' in answer) return journal.durable(answer.durable)
    const call = calls.get(answer.id)
    calls.delete(answer.id)
    if ('error' in answer) call?.reject(new RowsmithError('storage-failed', answer.error))
    else call?.resolve(answer.result)
  })
  child.on('exit', () => {
    lost = new RowsmithError('storage-failed', 'the process that has the run folder open has ended')
    for (const call of calls.values()) call.reject(lost)
    calls.clear()
    journal.fail(lost)
  })

  function post(message: HostMessage): void {
    // What can't be sent any more is answered by the end of the process.
    if (lost === null && child.connected) child.send(message, () => undefined)
  }

  function ask(request: HostRequest): Promise<unknown> {
    if (lost !== null) return Promise.reject(lost)
    const id = (nextId += 1)
    const call = Promise.withResolvers<unknown>()
    calls.set(id, call)
    post({ id, request })
    return call.promise
  }

  // The shapes are those that the host's `answer` gives for these very calls.
  const opened = (await ask({ call: 'open', directory })) as Pick<
    RemoteStore,
    'settings' | 'decided'
  > & {
    types: ColumnType[]
  }
  journal.types = opened.types

  return {
    process: child,
    settings: opened.settings,
    decided: opened.decided,
    journal: journal.journal,
    unfinishedParts: () => ask({ call: 'unfinishedParts' }) as Promise<number[]>,
    readKnownRows: (rows) => ask({ call: 'readKnownRows', rows }) as Promise<KnownRows>,
    async *readRows(rows, options) {
      const reader = (nextId += 1)
      await ask({ call: 'readRows', reader, rows, options })
      try {
        for (;;) {
          const block = (await ask({ call: 'nextRows', reader })) as StoredBlock | null
          if (block === null) return
          yield block
        }
      } finally {
        await ask({ call: 'stopReading', reader })
      }
    },
    async writePart(content) {
      const { part, rows, blocks } = content
      await ask({ call: 'beginPart', part, rows })
      for await (const { release, ...block } of blocks) {
        await ask({ call: 'addRows', part, block })
        release()
      }
      await ask({ call: 'endPart', part, end: content.end() })
    },
    async close() {
      if (lost === null) await ask({ call: 'close' })
      child.disconnect()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

interface RemoteJournal {
  readonly journal: Journal
  types: readonly ColumnType[]
  durable(sequence: number): void
  fail(error: Error): void
}

function createRemoteJournal(post: (message: HostMessage) => void): RemoteJournal {
  const sent: { sequence: number; bytes: number; durable: (() => void) | null }[] = []
  const callbacks: ((error: Error | null) => void)[] = []
  let types: readonly ColumnType[] = []
  let sequence = 0
  let pendingBytes = 0

  function append(record: SentRecord, bytes: number, durable: (() => void) | null = null): void {
    sequence += 1
    pendingBytes += bytes
    sent.push({ sequence, bytes, durable })
    post({ sequence, journal: record })
  }

  return {
    set types(known: readonly ColumnType[]) {
      types = known
    },
    get types() {
      return types
    },
    durable(upTo) {
      while (sent[0] !== undefined && sent[0].sequence <= upTo) {
        const first = sent.shift()
        pendingBytes -= first?.bytes ?? 0
        first?.durable?.()
      }
      for (const callback of callbacks) callback(null)
    },
    fail(error) {
      for (const callback of callbacks) callback(error)
    },
    journal: {
      cell({ row, column, value }) {
        const stored = toStored(types[column] ?? 'string', value)
        append(
          { kind: 'cell', record: { row, column, value: stored } },
          recordBytes + storedBytes(stored),
        )
      },
      failure(record) {
        append({ kind: 'failure', record }, recordBytes + record.message.length)
      },
      exchange(record, durable) {
        append({ kind: 'exchange', record }, recordBytes + record.reply.length, durable)
      },
      forget(row, column, fromTurn) {
        append({ kind: 'forget', row, column, fromTurn }, recordBytes)
      },
      request(record) {
        append({ kind: 'request', record }, recordBytes)
      },
      get pendingBytes() {
        return pendingBytes
      },
      onDurable: (callback) => void callbacks.push(callback),
    },
  }
}
