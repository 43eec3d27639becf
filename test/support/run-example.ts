import { create, open, type RunOptions } from '../../src/index.ts'
import {
  createModelServer,
  type ServerAction,
  type ServerCall,
} from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'

/** What a run of one of NeMo Data Designer's configs made. */
export interface Made {
  records: Record<string, unknown>[]
  /** Bodies the model server got, the check before the run included. */
  bodies: Record<string, unknown>[]
}

/**
 * Runs a config with a model server behind the names of NeMo Data Designer's providers; every request gets
 * the same answer, where one is given.
 */
export async function runExample(
  config: RunOptions['config'],
  { answer = {}, ...options }: Partial<RunOptions> & { answer?: ServerAction } = {},
): Promise<Made> {
  await using desk = await createDesk()
  const calls: ServerCall[] = []
  await using server = await createModelServer({
    script(call) {
      calls.push(call)
      return answer
    },
  })
  const providersFile = await desk.write('providers.json', {
    providers: ['nvidia', 'openai', 'openrouter'].map((name) => ({ name, endpoint: server.url })),
  })
  const { dir, end, rows } = await create({
    config,
    rows: 30,
    seed: 5n,
    providersFile,
    out: desk.path('run'),
    ...options,
  })
  if (end.kind !== 'complete') throw new Error(`the run ended as ${JSON.stringify({ end, rows })}`)
  await using dataset = await open(dir)
  const records: Made['records'] = []
  for await (const record of dataset.records()) records.push(record)
  return { records, bodies: calls.map(({ text }) => JSON.parse(text) as Record<string, unknown>) }
}
