import { afterAll, describe, expect, test } from 'vitest'
import { open } from '../src/index.ts'
import type { RunResult } from '../src/report/run-result.ts'
import { createModelServer, type ModelServer } from '../src/testing/model-server.ts'
import { createDesk } from './e2e/command.ts'
import {
  bytesOf,
  configOf,
  eventsOf,
  make,
  number,
  promptsOf,
  serve,
  sizesOf,
  textColumn,
} from './support/batch-runs.ts'
import { createMcpServer } from './support/mcp-http.ts'
import { start } from '../src/run/run.ts'

// What columns of each kind ask in batches: the same dataset as by requests of their own.

const desk = await createDesk()
afterAll(() => desk[Symbol.asyncDispose]())

let folders = 0
const newFolder = (): string => desk.path(`run-${folders++}`)

interface Both {
  columns: readonly object[]
  model?: object
  further?: object
  rows?: number
}

/** By batches of a server, and by requests of their own: with the same files. */
async function bothWays(server: ModelServer, { columns, model = {}, ...rest }: Both) {
  const rows = rest.rows ?? 6
  const one = { server, columns, rows, ...rest }
  const batched = await make({ ...one, model, out: newFolder() })
  const sent = sizesOf(server)
  const alone = await make({ ...one, model: { ...model, mode: 'realtime' }, out: newFolder() })
  expect(sizesOf(server)).toEqual(sent)
  expect(batched.result.end).toEqual({ kind: 'complete' })
  expect(bytesOf(batched.result)).toEqual(bytesOf(alone.result))
  return { ...batched, alone: alone.result, sent }
}

async function recordsOf({ dir }: RunResult): Promise<Record<string, unknown>[]> {
  await using dataset = await open(dir)
  return Array.fromAsync(dataset.records())
}

test('embeddings: a request for each row, with vectors or lists of them', async () => {
  await using server = await serve()
  const columns = [
    number,
    textColumn('text', 'fast', 'text of {{ number }}'),
    { name: 'vector', column_type: 'embedding', model_alias: 'slow', target_column: 'text' },
    { name: 'pair', column_type: 'expression', expr: '["a {{ number }}", "b {{ number }}"]' },
    {
      name: 'vectors',
      column_type: 'embedding',
      model_alias: 'slow',
      target_column: 'pair',
      form: 'object',
    },
  ]
  const model = { inference_parameters: { generation_type: 'embedding' } }
  const { sent } = await bothWays(server, { columns, model })
  expect(sent.reduce((sum, size) => sum + size, 0)).toBe(12)
  expect(new Set(server.batches.map(({ endpoint }) => endpoint))).toEqual(
    new Set(['/v1/embeddings']),
  )
})

test('images are made in batches; those that are edited are refused with the reason', async () => {
  await using server = await createModelServer({ batches: {} })
  const image = {
    name: 'picture',
    column_type: 'image',
    model_alias: 'slow',
    prompt: 'A picture of {{ number }}',
  }
  const model = { model: 'gpt-image-1', inference_parameters: { generation_type: 'image' } }
  await bothWays(server, { columns: [number, image], model, rows: 3 })
  expect(server.batches[0]?.endpoint).toBe('/v1/images/generations')
  const edited = {
    ...image,
    name: 'edited',
    multi_modal_context: [{ modality: 'image', column_name: 'picture' }],
  }
  const { result, events } = await make({
    server,
    columns: [number, { ...image, model_alias: 'quick' }, edited],
    model,
    further: {
      model_configs: [
        ...configOf({ server, model }).model_configs,
        { ...configOf({ server }).model_configs[0], ...model, alias: 'quick' },
      ],
    },
    rows: 2,
    out: newFolder(),
  })
  expect(result.rows).toMatchObject({ dropped: 2 })
  expect(eventsOf(events, 'cell-failed')).toMatchObject([
    { code: 'unsupported-request', message: expect.stringContaining('images to be edited') },
    { code: 'unsupported-request' },
  ])
})

test('images in addition to a prompt are part of its line; one too large fails its cell', async () => {
  await using server = await serve()
  const png =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  const columns = [
    number,
    { name: 'shot', column_type: 'expression', expr: png },
    { name: 'there', column_type: 'expression', expr: 'https://example.org/{{ number }}.png' },
    textColumn('seen', 'slow', 'What is on {{ number }}?', {
      multi_modal_context: [
        { modality: 'image', column_name: 'shot', data_type: 'base64', image_format: 'png' },
        { modality: 'image', column_name: 'there', data_type: 'url' },
      ],
    }),
  ]
  await bothWays(server, { columns })
  const [first] = promptsOf(server)
  expect(first).toContain(`data:image/png;base64,${png}`)
  expect(first).toContain('https://example.org/')
})

test('corrections and judges with several requests take as many rounds as they ask', async () => {
  let broken = 0
  await using server = await createModelServer({
    batches: {},
    script({ prompt, text }) {
      if (text.includes('score_of')) return { text: '{"score_of":{"reasoning":"r","score":"2"}}' }
      // The first answer to each is none.
      if (prompt.includes('A story') && !text.includes('"assistant"')) {
        broken += 1
        return { text: '{"title":"T"}' }
      }
      return { text: '{"title":"T","words":3}' }
    },
  })
  const columns = [
    number,
    {
      name: 'story',
      column_type: 'llm-structured',
      model_alias: 'slow',
      prompt: 'A story about {{ number }}',
      output_format: {
        type: 'object',
        properties: { title: { type: 'string' }, words: { type: 'integer' } },
        required: ['title', 'words'],
      },
    },
    {
      name: 'verdict',
      column_type: 'llm-judge',
      model_alias: 'slow',
      prompt: 'Judge {{ story.title }} of {{ number }}',
      scores: [{ name: 'score_of', description: 'd', options: { 1: 'bad', 2: 'good' } }],
    },
  ]
  const { sent } = await bothWays(server, { columns, rows: 3 })
  // An answer that is none, its correction, and the verdict.
  expect(sent).toEqual([3, 3, 3])
  expect(broken).toBe(6)
  expect(promptsOf(server)[0]).toContain('json_schema')
})

test('models held to a form by a tool: its call is the answer, also in a batch', async () => {
  await using server = await createModelServer({
    batches: {},
    script({ text }) {
      const { tools } = JSON.parse(text) as { tools?: { name: string }[] }
      const [tool] = tools ?? []
      if (tool === undefined) return {}
      return {
        message: {
          content: [{ type: 'tool_use', id: 't', name: tool.name, input: { title: 'T' } }],
          stop_reason: 'tool_use',
        },
      }
    },
  })
  const story = {
    name: 'story',
    column_type: 'llm-structured',
    model_alias: 'slow',
    prompt: 'A story about {{ number }}',
    output_format: {
      type: 'object',
      properties: { title: { type: 'string' } },
      required: ['title'],
    },
  }
  const { result } = await make({
    server,
    protocol: 'anthropic',
    columns: [number, story],
    model: { inference_parameters: { output_mode: 'tool_call' } },
    rows: 3,
    out: newFolder(),
  })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 3 } })
  expect((await recordsOf(result)).map((record) => record['story'])).toEqual(
    Array.from({ length: 3 }, () => ({ title: 'T' })),
  )
})

test('a conversation with tools takes a round for each turn, and calls each tool once', async () => {
  await using mcp = await createMcpServer()
  await using server = await createModelServer({
    batches: {},
    script({ text }) {
      const { messages } = JSON.parse(text) as { messages: { role: string; content: unknown }[] }
      const result = messages.find(({ role }) => role === 'tool')
      if (result !== undefined) return { text: `It is ${JSON.stringify(result.content)}.` }
      const input = JSON.stringify({ a: 1, b: 2 })
      const call = { id: 'c', type: 'function', function: { name: 'add', arguments: input } }
      return { message: { content: null, tool_calls: [call] }, finishReason: 'tool_calls' }
    },
  })
  const { result, sent } = await bothWays(server, {
    columns: [number, textColumn('sum', 'slow', 'Sum of {{ number }}', { tool_alias: 'sums' })],
    further: {
      mcp_providers: [{ name: 'helper', provider_type: 'streamable_http', endpoint: mcp.url }],
      tool_configs: [{ tool_alias: 'sums', providers: ['helper'] }],
    },
    rows: 4,
  })
  expect(sent).toEqual([4, 4])
  expect(result.usageByRoute).toContainEqual(
    expect.objectContaining({ route: 'tools:helper', ok: 4 }),
  )
  expect((await recordsOf(result))[0]?.['sum']).toMatch(/It is "3"/)
})

describe('functions', async () => {
  const source = await desk.write(
    'functions.ts',
    `export async function chain({ number }, { ask }) {
      const both = await Promise.all([ask('slow', 'first ' + number), ask('slow', 'second ' + number)])
      return ask('slow', 'third after ' + both.join(' and '))
    }
    let times = 0
    export async function restless({ number }, { ask }) {
      await ask('slow', 'time ' + (times += 1) + ' of ' + number)
      return 'never'
    }
    export function whole(rows) {
      return rows.map(() => 1)
    }`,
  )
  const own = (name: string): object[] => [
    number,
    {
      name: 'text',
      column_type: 'custom',
      generator: `${source}#${name}`,
      required_columns: ['number'],
      model_aliases: ['slow'],
    },
  ]

  test('asks of one after the other, and several at once', async () => {
    await using server = await serve()
    const { sent } = await bothWays(server, { columns: own('chain'), rows: 2 })
    // Two at once of each row, then one that needs both.
    expect(sent).toEqual([4, 2])
  })

  test('one that asks something else each time fails its cells instead of asking for ever', async () => {
    await using server = await serve()
    const { result, events } = await make({
      server,
      columns: own('restless'),
      rows: 2,
      out: newFolder(),
    })
    expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { dropped: 2 } })
    expect(eventsOf(events, 'cell-failed')).toMatchObject([
      { code: 'asks-otherwise' },
      { code: 'asks-otherwise' },
    ])
    expect(sizesOf(server)).toEqual([2, 2, 2])
  })

  test('what batches can not do is refused before the run, with the reason', async () => {
    await using server = await serve()
    const whole = {
      name: 'whole',
      column_type: 'custom',
      generator: `${source}#whole`,
      generation_strategy: 'full_column',
      required_columns: ['number'],
    }
    const refusals: [string, object][] = [
      [
        'column whole is made from many rows at once',
        { columns: [number, whole, textColumn('topic', 'slow', 'x {{ number }}')] },
      ],
      [
        'take no batches',
        { model_providers: [{ name: 'local', provider_type: 'stand-in', endpoint: '' }] },
      ],
    ]
    for (const [reason, further] of refusals) {
      const config = { ...configOf({ server }), ...further }
      const refused = start({ config: { config }, out: newFolder(), rows: 10 })
      await expect(refused, reason).rejects.toThrow(reason)
    }
  })
})

describe('a selection', () => {
  const columns = [number, textColumn('text', 'slow', 'text of {{ number }}')]
  const further = {
    processors: [{ name: 'even', processor_type: 'filter', when: '{{ text[-2] in "02468" }}' }],
    select: { target: 8, max_candidates: 60 },
  }

  test('makes as many candidates as it needs, in rounds', async () => {
    await using server = await serve()
    const { result, alone } = await bothWays(server, { columns, further, rows: 8 })
    expect(result.selection).toMatchObject({ target: 8, accepted: 8 })
    expect(result.selection).toEqual(alone.selection)
    // Not all there may be: about as many as records are missing, and once more for those rejected.
    expect(new Set(promptsOf(server)).size).toBe(promptsOf(server).length)
    expect(promptsOf(server).length).toBeLessThan(40)
  })

  test('uses up its candidates where too few are accepted', async () => {
    await using server = await serve()
    const { result } = await make({
      server,
      columns,
      further: { ...further, select: { target: 8, max_candidates: 9, on_exhausted: 'keep' } },
      rows: 8,
      out: newFolder(),
    })
    expect(result.end).toEqual({ kind: 'complete' })
    expect(promptsOf(server)).toHaveLength(9)
  })
})

test('a pool has batches at each of its choices, and each counts its own', async () => {
  await using one = await serve()
  await using other = await serve()
  const { model_configs: models, model_providers: providers } = configOf({ server: one })
  const { provider: _, ...pooled } = { ...models[1], provider: undefined }
  const { result } = await make({
    server: one,
    columns: [number, textColumn('text', 'slow', 'text of {{ number }}')],
    rows: 12,
    further: {
      model_providers: [...providers, { name: 'far', endpoint: other.url }],
      model_configs: [
        {
          ...pooled,
          pool: [{ provider: 'local' }, { provider: 'far', model: 'large', weight: 2 }],
        },
      ],
      prices: { small: { input: 1e6, output: 0 }, large: { input: 2e6, output: 0 } },
    },
    out: newFolder(),
  })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 12 } })
  expect(sizesOf(one)).toEqual([4])
  expect(sizesOf(other)).toEqual([4, 4])
  // Three words each, at half of the price.
  expect(result.usageByRoute[0]?.choices).toMatchObject([
    { choice: 'small (local)', ok: 4, cost: 6 },
    { choice: 'large (far)', ok: 8, cost: 24 },
  ])
  expect(result.usage.cost).toBe(30)
})
