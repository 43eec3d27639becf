import type { DatasetRecord } from '../export/records.ts'
import type { Graph } from '../graph/graph.ts'
import type { joinedColumns } from '../check/stored-passes.ts'
import type { RunResult } from '../report/run-result.ts'
import type { Snapshot } from '../scheduler/scheduler-event.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Change } from '../util/change.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { finish } from './finish.ts'
import type { JudgeSummaries } from './judge-summaries.ts'
import type { Listener } from './listener.ts'
import type { RunLog } from './log.ts'
import { recordsOfRun } from './run-records.ts'
import type { RowMaker } from './select-rows.ts'

/** A running run. */
export interface Run extends AsyncDisposable {
  readonly directory: string
  readonly seed: bigint
  readonly resumed: boolean
  /** Resolves when the run ended by itself or was stopped; rejects when it can't continue. */
  readonly finished: Promise<RunResult>
  /**
   * Records in row order while the run works: those of a part once all of its rows are decided, the
   * rest when the run has ended. Where processors make other records, all of them at the end.
   */
  records(): AsyncIterable<DatasetRecord>
  /** The state now; null before rows are made and after. */
  progress(): Snapshot | null
  /** Sends nothing more and ends when the requests in flight have returned. */
  drain(): void
  /** Ends at once and cancels the requests in flight. */
  abort(): void
}

/** What a run works with. */
interface Work {
  store: RunStore
  graph: Graph
  maker: RowMaker
  /** Null where no one will see them. */
  summaries: JudgeSummaries | null
  listener: Listener
  /** Tells of every part that is written. */
  parts: Change
  joined: ReturnType<typeof joinedColumns>
  file: RunLog
  seconds: () => number
}

/** Begins the work of a run that is opened; what was opened is closed when it has ended. */
export function runOf(
  { store, graph, maker, summaries, listener, parts, joined, file, seconds }: Work,
  opened: AsyncDisposableStack,
  resumed: boolean,
  signal: AbortSignal | undefined,
): Run {
  let working = true
  let isOver = false
  const finishing = new AbortController()
  function stopFinishing(): void {
    finishing.abort(new RowsmithError('interrupted', 'the datasets are not made yet'))
  }
  const drain = (): void => {
    maker.drain()
    summaries?.drain()
    stopFinishing()
  }
  const abort = (): void => {
    maker.abort()
    summaries?.abort()
    stopFinishing()
  }
  signal?.addEventListener('abort', drain, { once: true })
  if (signal?.aborted) drain()

  async function work(): Promise<RunResult> {
    try {
      const ended = await maker.run()
      listener.emit({ type: 'finishing' })
      const result = await finish(store, {
        graph,
        ended,
        selection: maker.selection(),
        summaries,
        signal: finishing.signal,
        seconds,
        warn: (problem) => listener.emit({ type: 'warning', problem }),
      })
      const { columns: _, judges: _judges, agreement: _agreement, ...told } = result
      file.write(`ended: ${JSON.stringify(told)}`)
      const { end, rows, requests, usage } = result
      listener.emit({
        type: 'run-ended',
        end,
        rows,
        requests,
        cost: usage.cost,
        seconds: result.seconds,
      })
      if (listener.failure !== null) throw listener.failure.error
      return result
    } catch (error) {
      file.write(
        `failed: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
      )
      listener.emit({ type: 'run-failed', error })
      throw error
    } finally {
      working = false
      signal?.removeEventListener('abort', drain)
      await opened.disposeAsync()
      isOver = true
      parts.tell()
    }
  }

  const finished = work()
  // Whoever does not wait for it learns of a failure when the run is disposed of.
  finished.catch(() => undefined)
  return {
    directory: store.directory,
    seed: store.settings.seed,
    resumed,
    finished,
    records: () =>
      recordsOfRun({
        directory: store.directory,
        isOver: () => isOver,
        changed: parts.next,
        joined,
        finished,
      }),
    progress: () => (working ? maker.snapshot() : null),
    drain,
    abort,
    async [Symbol.asyncDispose]() {
      if (working) abort()
      await finished.catch(() => undefined)
    },
  }
}
