import { setTimeout } from 'node:timers/promises'
import {
  createModelServer,
  type ModelServer,
  type ServerCall,
} from '../../src/testing/model-server.ts'
import type { CellName } from './run-folder.ts'

export interface MeterOptions {
  latencyMs: number | ((call: ServerCall) => number)
  /** Prompts of these cells are refused with a 400 while `refusing` is set. */
  refused?: readonly CellName[]
  /** What a cell is answered; some words by default. */
  answerTo?: (cell: CellName) => string
}

/** A model server of 64 slots that knows which cell each of its requests is for. */
export interface Meter extends AsyncDisposable {
  readonly server: ModelServer
  /** Cells asked for since the last `startSession`, in the order of their requests. */
  readonly asked: readonly CellName[]
  /** Requests answered since the last `startSession`. */
  readonly answered: number
  refusing: boolean
  startSession(): void
  /** Calls back once, while request number `mark` (from 1, over all sessions) is taken in. */
  onRequest(mark: number, callback: () => void): void
  /** Resolves when a client that died has no request here any more. */
  settled(): Promise<void>
}

/** Prompts begin with the name of their cell: `story 17: …`. */
const promptOfCell = /^(\w+) (\d+):/

export async function createMeter({
  latencyMs,
  refused = [],
  answerTo,
}: MeterOptions): Promise<Meter> {
  const refusedCells = new Set(refused)
  let asked: CellName[] = []
  let answeredBefore = 0
  let awaited: { mark: number; callback: () => void } | null = null
  let refusing = true
  const server = await createModelServer({
    latencyMs,
    slots: 64,
    answerWords: 8,
    script({ number, prompt }) {
      const [, column, row] = promptOfCell.exec(prompt) ?? []
      const cell: CellName = `${column ?? prompt} ${Number(row)}`
      asked.push(cell)
      if (awaited !== null && number + 1 >= awaited.mark) {
        awaited.callback()
        awaited = null
      }
      if (refusing && refusedCells.has(cell)) return { status: 400, error: 'no such story' }
      return answerTo === undefined ? undefined : { text: answerTo(cell) }
    },
  })

  function answeredEver(): number {
    return server.counts.statuses.values().reduce((sum, count) => sum + count, 0)
  }

  return {
    server,
    get asked() {
      return asked
    },
    get answered() {
      return answeredEver() - answeredBefore
    },
    get refusing() {
      return refusing
    },
    set refusing(value) {
      refusing = value
    },
    startSession() {
      asked = []
      answeredBefore = answeredEver()
    },
    onRequest(mark, callback) {
      awaited = { mark, callback }
    },
    async settled() {
      for (let requests = -1; server.counts.inFlight > 0 || requests !== server.counts.requests;) {
        requests = server.counts.requests
        await setTimeout(20)
      }
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** Providers and models of a config that uses a server, all of it with one alias. */
export function modelsAt(url: string, concurrency = 64, parameters: object = {}): object {
  return {
    model_providers: [{ name: 'local', endpoint: url }],
    model_configs: [
      {
        alias: 'writer',
        model: 'test',
        provider: 'local',
        // A probe would be one more request than there are cells.
        skip_health_check: true,
        inference_parameters: { max_parallel_requests: concurrency, ...parameters },
      },
    ],
  }
}
