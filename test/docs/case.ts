import {
  createModelServer,
  type ModelServerOptions,
  type ServerAction,
} from '../../src/testing/model-server.ts'
import type { Desk, Ended } from '../e2e/command.ts'

/** How a reader's model server is written in the pages. */
const shownEndpoint = 'http://localhost:8000/v1'

/** Two columns, one of them written by a model. */
export function tales({
  url = shownEndpoint,
  provider = {},
  model = {},
  columns = [],
}: {
  url?: string
  provider?: object
  model?: object
  columns?: readonly object[]
}): object {
  return {
    model_providers: [{ name: 'local', endpoint: url, ...provider }],
    model_configs: [{ alias: 'writer', provider: 'local', model: 'small-model', ...model }],
    columns: [
      {
        name: 'animal',
        column_type: 'sampler',
        sampler_type: 'category',
        params: { values: ['cat', 'frog'] },
      },
      {
        name: 'tale',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'A tale of a {{ animal }}.',
      },
      ...columns,
    ],
  }
}

export interface Setting {
  desk: Desk
  /** Runs a command to its end; the exit code is checked. */
  run: (command: string, code: number, environment?: Record<string, string>) => Promise<Ended>
}

/** What is printed; null where it can't be made to happen. */
export type Case = (setting: Setting) => Promise<string | null>

/** Says what a command prints when the server does this. */
export function answering(
  script: (number: number) => ServerAction,
  {
    command = 'create tales.json -n 4 --seed 1',
    code = 4,
    config = {},
    server: options = {},
    runConfig = 'max_attempts: 1\n',
  }: {
    command?: string
    code?: number
    config?: Parameters<typeof tales>[0]
    server?: ModelServerOptions
    runConfig?: string
  } = {},
): Case {
  return async ({ desk, run }) => {
    await using server = await createModelServer({
      ...options,
      script: ({ number }) => script(number),
    })
    await desk.write('tales.json', tales({ url: server.url, ...config }))
    await desk.write('run.yaml', runConfig)
    const ended = await run(`${command} --run-config run.yaml`, code)
    return ended.stderr.replaceAll(server.url, shownEndpoint)
  }
}

/** One column that needs no model. */
export const pets = {
  columns: [
    {
      name: 'animal',
      column_type: 'sampler',
      sampler_type: 'category',
      params: { values: ['cat', 'frog'] },
    },
  ],
}
