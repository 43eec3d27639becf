import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { OutputMode } from '../../src/config/output-mode.ts'
import { create, type DatasetRecord, open, type RunOptions } from '../../src/index.ts'
import { testKinds } from '../crash/kinds.ts'
import { createModelServer, type ServerAction } from '../../src/testing/model-server.ts'
import { startSession } from '../crash/process.ts'
import { noUsage } from '../../src/graph/request.ts'
import { createDesk } from './command.ts'
import { stories } from './configs.ts'

interface Body {
  messages: { role: string; content: string }[]
  response_format?: { type: OutputMode }
  tool_choice?: object
}

interface Asked {
  mode: OutputMode
  body: Body
}

const columns = [
  {
    name: 'dish',
    column_type: 'llm-structured',
    model_alias: 'writer',
    prompt: 'A dish of {{ number }}.',
    with_trace: 'all_messages',
    output_format: {
      type: 'object',
      properties: { n: { type: 'integer' }, note: { type: 'string' } },
      required: ['n'],
    },
  },
]

/** A server that takes one mode only, and notes what it is asked. */
async function serverOf(mode: OutputMode, textOf: (asked: Asked) => string) {
  const asked: Asked[] = []
  const watch = { call: (_number: number): void => undefined }
  const server = await createModelServer({
    script({ text }): ServerAction {
      const body = JSON.parse(text) as Body
      const own = body.response_format?.type ?? (body.tool_choice ? 'tool_call' : 'prompt')
      asked.push({ mode: own, body })
      watch.call(asked.length)
      if (own !== mode) return { status: 400, error: `Unknown field (${own})` }
      const answer = textOf({ mode: own, body })
      if (own !== 'tool_call') return { text: answer }
      const call = { id: 'c', function: { name: 'dish', arguments: answer } }
      return { message: { content: null, tool_calls: [call] }, delayMs: 2 }
    },
  })
  return { asked, server, watch, [Symbol.asyncDispose]: () => server.close() }
}

function configOf(url: string, parallel = 4): { columns: { name: string }[] } & object {
  const config = stories({ url, parallel, model: { skip_health_check: true }, columns })
  const made = config as { columns: { name: string }[] }
  return { ...made, columns: made.columns.filter(({ name }) => name !== 'story') }
}

function optionsOf(url: string, out: string): RunOptions & { out: string } {
  return { config: { config: configOf(url) }, rows: 12, seed: 1n, out }
}

async function recordsOf(directory: string): Promise<DatasetRecord[]> {
  await using dataset = await open(directory)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

test.each(['json_schema', 'tool_call', 'json_object', 'prompt'] as const)(
  'with a server that takes %s alone, answers are corrected, and everything tells of it',
  async (mode) => {
    await using desk = await createDesk()
    // The second answer of a conversation fits; what may be absent is null.
    await using model = await serverOf(mode, ({ body }) =>
      body.messages.length > 1 ? '{"n": "7", "note": null}' : '{"n": "seven"}',
    )
    const result = await create(optionsOf(model.server.url, desk.path('run')))
    const tried = ['json_schema', 'tool_call', 'json_object', 'prompt'].indexOf(mode)
    expect(result).toMatchObject({
      rows: { accepted: 12 },
      // A refusal is counted once, whoever else got it.
      requestOutcomes: { succeeded: 24, throttled: 0, failed: tried, givenUp: 0 },
      outputModes: [{ model: 'test', mode, left: { length: tried } }],
      usageByRoute: [{ route: 'writer', corrections: 12, toolCalls: 0 }],
    })
    const { byMode, inputTokens, outputTokens } = result.usageByRoute[0] ?? {}
    expect(byMode).toEqual({
      [mode]: { answers: 24, ...noUsage, inputTokens, outputTokens },
    })
    expect(model.asked.slice(0, tried).map((one) => one.mode)).toEqual(
      ['json_schema', 'tool_call', 'json_object'].slice(0, tried),
    )
    expect(model.asked).toHaveLength(24 + tried)
    for (const { dish, dish__trace: trace } of await recordsOf(desk.path('run'))) {
      expect(dish).toEqual({ n: 7 })
      expect(trace).toMatchObject([
        { role: 'user' },
        { role: 'assistant', content: [{ type: 'text', text: '{"n": "seven"}' }] },
        { role: 'user', content: [{ text: expect.stringContaining('must be an integer') }] },
        { role: 'assistant', output_mode: mode },
      ])
    }
    const summary: unknown = JSON.parse(await readFile(desk.path('run', 'run.json'), 'utf8'))
    expect(summary).toMatchObject({ outputModes: result.outputModes })
    expect(await readFile(desk.path('run', 'report.html'), 'utf8')).toContain('Answers of a form')
  },
)

test('a part that is stored as JSON may have any fields, and its keyword is not for servers', async () => {
  await using desk = await createDesk()
  await using model = await serverOf('json_schema', () => '{"n": 1, "tags": {"any": [1.50]}}')
  const config = configOf(model.server.url)
  const tags = { type: 'object', 'x-data-designer-storage': 'json' }
  const form = { type: 'object', properties: { n: { type: 'integer' }, tags }, required: ['n'] }
  const own = config.columns.map((column) =>
    column.name === 'dish' ? { ...column, output_format: form } : column,
  )
  const out = desk.path('run')
  await create({ config: { config: { ...config, columns: own } }, rows: 1, out })
  expect(await recordsOf(out)).toMatchObject([{ dish: { n: 1, tags: { any: [1.5] } } }])
  const [asked] = model.asked
  expect(asked?.body.messages[0]?.content).toContain('x-data-designer-storage')
  // It has no strict form: an object of any fields would be an empty one.
  const schema = { ...form, properties: { ...form.properties, tags: { type: 'object' } } }
  expect(asked?.body.response_format).toEqual({
    type: 'json_schema',
    json_schema: { name: 'dish', schema },
  })
})

test('an answer that was cut is reported as that in every mode', async () => {
  for (const mode of ['json_schema', 'tool_call', 'json_object', 'prompt'] as const) {
    await using desk = await createDesk()
    await using server = await createModelServer({
      script: () =>
        mode === 'tool_call'
          ? {
              message: {
                content: null,
                tool_calls: [{ id: 'c', function: { name: 'dish', arguments: '{"n": ' } }],
              },
              finishReason: 'length',
            }
          : { text: '{"n": ', finishReason: 'length' },
    })
    const config = stories({
      url: server.url,
      model: { skip_health_check: true, inference_parameters: { output_mode: mode } },
      columns,
    }) as { columns: { name: string }[] }
    const own = { ...config, columns: config.columns.filter(({ name }) => name !== 'story') }
    const runConfig = { max_conversation_restarts: 0, disable_early_shutdown: true }
    await create({ config: { config: own }, rows: 1, out: desk.path('run'), runConfig })
    await using dataset = await open(desk.path('run'))
    expect((await dataset.summary()).failures).toMatchObject([{ code: 'answer-cut' }])
  }
})

test('killed and gone on with, a run does not find it out again; a mode that is given is another column', async () => {
  await using desk = await createDesk()
  await using model = await serverOf('tool_call', () => '{"n": 1}')
  const out = desk.path('run')
  const session = {
    config: configOf(model.server.url),
    rows: 60,
    out,
    runConfig: { buffer_size: 20, part_rows: 20 },
    receipts: desk.path('receipts'),
  }
  const running = startSession(session)
  model.watch.call = (number) => {
    if (number === 30) running.process.kill('SIGKILL')
  }
  expect(await running.ended).toMatchObject({ by: 'SIGKILL' })
  model.watch.call = () => undefined
  const before = model.asked.length
  const config = configOf(model.server.url)
  const plugins = [{ name: 'test', columns: testKinds(session.receipts) }]
  const result = await create({ config: { config }, out, plugins })
  expect(result).toMatchObject({
    rows: { accepted: 60 },
    requestOutcomes: { failed: 1 },
    outputModes: [{ mode: 'tool_call', left: [{ mode: 'json_schema', refused: true }] }],
  })
  expect(new Set(model.asked.slice(before).map(({ mode }) => mode))).toEqual(new Set(['tool_call']))

  // What was found is not part of the column; what is given is.
  const given = stories({
    url: model.server.url,
    model: { inference_parameters: { output_mode: 'tool_call' } },
    columns,
  })
  const changed = { ...config, ...pick(given) }
  await expect(create({ config: { config: changed }, out, plugins })).rejects.toThrow(/dish/)
})

function pick(config: object): object {
  const { model_configs } = config as { model_configs: unknown }
  return { model_configs }
}
