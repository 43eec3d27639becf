import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { RunEvent } from '../../src/run/run-event.ts'
import { type StartOptions, start } from '../../src/run/run.ts'
import type { RunResult } from '../../src/report/run-result.ts'
import type { Run } from '../../src/run/working-run.ts'
import type { BatchServerOptions } from '../../src/testing/batch-server.ts'
import {
  createModelServer,
  type ModelServer,
  type ServerCall,
} from '../../src/testing/model-server.ts'

// Runs some of whose requests go in batches of a local server.

export type Protocol = 'openai' | 'anthropic'

/** A number of its own for each row, so that prompts tell rows apart. */
export const number = {
  name: 'number',
  column_type: 'sampler',
  sampler_type: 'uniform',
  params: { low: 1, high: 1e9, decimal_places: 0 },
  convert_to: 'int',
}

export function textColumn(
  name: string,
  model_alias: string,
  prompt: string,
  further: object = {},
): object {
  return { name, column_type: 'llm-text', model_alias, prompt, ...further }
}

/** Asked at once, then in batches, then at once with the answer of the batch. */
const threeColumns = [
  number,
  textColumn('topic', 'fast', 'topic {{ number }}'),
  textColumn('text', 'slow', 'text of {{ topic }}'),
  textColumn('title', 'fast', 'title of {{ text }}'),
]

export interface BatchCase {
  server: ModelServer
  protocol?: Protocol
  columns?: readonly object[]
  out: string
  rows?: number
  runConfig?: object
  prices?: object
  /** Fields of the model that goes in batches. */
  model?: object
  /** Fields of the config. */
  further?: object
  /** Of the run. */
  options?: Partial<StartOptions>
}

export function configOf({
  server,
  protocol = 'openai',
  columns = threeColumns,
  prices,
  model = {},
  further = {},
}: Omit<BatchCase, 'out'>) {
  const base = { provider: 'local', model: 'small', skip_health_check: true }
  return {
    model_providers: [{ name: 'local', provider_type: protocol, endpoint: server.url }],
    model_configs: [
      { ...base, alias: 'fast' },
      { ...base, alias: 'slow', mode: 'batch', ...model },
    ],
    columns,
    ...(prices === undefined ? {} : { prices }),
    ...further,
  }
}

interface Begun {
  run: Run
  events: RunEvent[]
}

export async function begin(one: BatchCase): Promise<Begun> {
  const events: RunEvent[] = []
  const run = await start({
    config: { config: configOf(one) },
    out: one.out,
    rows: one.rows ?? 10,
    seed: 7n,
    runConfig: { batch_requests: 4, batch_poll: 0.01, ...one.runConfig },
    onEvent: (event) => void events.push(event),
    ...one.options,
  })
  return { run, events }
}

export async function make(one: BatchCase): Promise<{ result: RunResult; events: RunEvent[] }> {
  const { run, events } = await begin(one)
  await using _ = run
  return { result: await run.finished, events }
}

export async function serve(batches: BatchServerOptions = {}): Promise<ModelServer> {
  return createModelServer({ script: answerOf, batches })
}

/** The same answer to the same prompt, so that datasets can be compared. */
function answerOf({ prompt }: Pick<ServerCall, 'prompt'>): { text: string } {
  return { text: `[${prompt}]` }
}

export function bytesOf({ files }: RunResult): string[] {
  return files.map(({ path }) => `${basename(path)} ${readFileSync(path).toString('base64')}`)
}

export function promptsOf({ batches }: ModelServer): string[] {
  return batches.flatMap(({ requests }) => requests.map(({ body }) => body))
}

/** Requests of each batch. */
export function sizesOf({ batches }: ModelServer): number[] {
  return batches.map(({ requests }) => requests.length)
}

export function eventsOf<Type extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: Type,
): Extract<RunEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type)
}
