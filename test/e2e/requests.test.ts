import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { commonFields } from '../../src/config/common-fields.ts'
import {
  CellFailure,
  type ColumnKind,
  create,
  defineColumn,
  defineProvider,
  open,
  textMessage,
  textOf,
  validate,
} from '../../src/index.ts'
import { createModelServer, scriptedProvider } from '../../src/testing/index.ts'
import { testVector } from '../../src/testing/wire-replies.ts'

// What kinds and providers of users can do, in whole runs.

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-requests-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const word = {
  name: 'word',
  column_type: 'expression',
  expr: '{{ id }}',
}
const id = { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: { prefix: 'w' } }

function configOf(
  column: object,
  { provider, parameters = {} }: { provider: object; parameters?: object },
): { config: object } {
  return {
    config: {
      seed: 3,
      model_providers: [{ name: 'p', endpoint: 'http://127.0.0.1:9/v1', ...provider }],
      model_configs: [
        {
          alias: 'm',
          provider: 'p',
          model: 'test',
          inference_parameters: { max_parallel_requests: 2, ...parameters },
        },
      ],
      columns: [id, word, column],
    },
  }
}

const vectorSchema = z.strictObject({
  ...commonFields,
  column_type: z.literal('vector'),
  of: z.string(),
})

/** Vectors of another column, up to eight rows in one request. */
const vector: ColumnKind<z.output<typeof vectorSchema>> = defineColumn({
  type: 'vector',
  schema: vectorSchema,
  describe: ({ of }, context) => ({
    by: 'cell',
    pure: false,
    output: 'json',
    references: [{ name: of, path: [...context.path, 'of'] }],
    routes: [{ name: 'm', operation: 'embed', requests: 'shared' }],
    identity: context.modelIdentity('m'),
  }),
  bind: ({ of }, context) => ({
    by: 'cell',
    requests: 'shared',
    route: 'm',
    most: 8,
    prepare: (rows) => ({
      operation: 'embed',
      inputs: rows.map((row) => [
        { type: 'text', text: JSON.stringify(row.get(context.columnId(of))) },
      ]),
    }),
    finish: ({ vectors = [] }) => vectors.map((one) => ({ value: [...one] })),
  }),
})

describe('rows that share a request', () => {
  const column = { name: 'vector', column_type: 'vector', of: 'word' }
  const parameters = { generation_type: 'embedding', encoding_format: 'base64', dimensions: 4 }

  test('are embedded together, and refused ones alone', async () => {
    const sizes: number[] = []
    await using server = await createModelServer({
      latencyMs: 5,
      script({ text, prompt }) {
        const { input } = JSON.parse(text) as { input: string[] }
        sizes.push(input.length)
        return prompt.includes('"w0') ? { status: 400, error: 'no zeros' } : undefined
      },
    })
    const config = configOf(column, { provider: { endpoint: server.url }, parameters })
    const out = join(root, 'vectors')
    const runConfig = { disable_early_shutdown: true }
    const result = await create({
      config,
      out,
      rows: 60,
      plugins: [{ name: 'test', columns: [vector] }],
      runConfig,
    })
    await using dataset = await open(out)
    let records = 0
    for await (const { word: text, vector: value } of dataset.records()) {
      expect(value).toEqual([...testVector(JSON.stringify(text), 4)])
      records += 1
    }
    expect(result.rows).toMatchObject({ accepted: records, dropped: 60 - records, remaining: 0 })
    expect(records).toBeGreaterThan(40)
    expect(Math.max(...sizes)).toBe(8)
    expect(result.requestOutcomes.succeeded).toBeLessThan(30)
    expect(result.usage.inputTokens).toBe(records)
  })

  test('need a model that embeds', async () => {
    const { problems } = await validate({
      config: configOf(column, { provider: {} }),
      plugins: [{ name: 'test', columns: [vector] }],
    })
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      [
        'unsupported-generation-type',
        "Column 'vector' uses the model alias 'm' for embeddings, and that model makes text",
      ],
    ])
  })
})

describe('a reply that asks again', () => {
  const numberSchema = z.strictObject({ ...commonFields, column_type: z.literal('number') })
  const number: ColumnKind<z.output<typeof numberSchema>> = defineColumn({
    type: 'number',
    schema: numberSchema,
    describe: (_config, context) => ({
      by: 'cell',
      pure: false,
      output: 'int64',
      references: [{ name: 'word', path: context.path }],
      routes: [{ name: 'm', operation: 'chat', requests: 'one' }],
      identity: context.modelIdentity('m'),
    }),
    bind: (_config, context) => ({
      by: 'cell',
      requests: 'one',
      route: 'm',
      prepare: (row) => ({
        operation: 'chat',
        messages: [
          textMessage('user', `count ${JSON.stringify(row.get(context.columnId('word')))}`),
        ],
      }),
      finish(reply, row, correction) {
        const said = textOf(reply.content)
        if (/^\d+$/.test(said)) return { value: Number(said) }
        if ((correction?.number ?? 0) >= 2) throw new CellFailure('no-number', `got ${said}`)
        const shown = JSON.stringify(row.get(context.columnId('word')))
        const before = correction?.request.operation === 'chat' ? correction.request.messages : []
        return {
          again: {
            operation: 'chat',
            messages: [...before, textMessage('user', `count ${shown}, and only a number`)],
          },
        }
      },
    }),
  })

  test('is corrected, turn by turn, with all it cost', async () => {
    const provider = scriptedProvider(({ prompt, repetition }) =>
      prompt.includes('only') && repetition === 1 ? '7' : 'about seven',
    )
    const config = configOf(
      { name: 'number', column_type: 'number' },
      { provider: { provider_type: 'scripted' } },
    )
    const out = join(root, 'corrected')
    const result = await create({
      config,
      out,
      rows: 20,
      plugins: [{ name: 'test', columns: [number], providers: [provider] }],
    })
    expect(result).toMatchObject({ rows: { accepted: 20 }, requests: 60 })
    await using dataset = await open(out)
    for await (const record of dataset.records()) expect(record['number']).toBe(7)
  })
})

describe('a provider with a mistake', () => {
  test('fails attempts and not the run; its stack is in the log once', async () => {
    let calls = 0
    const provider = defineProvider({
      type: 'mistaken',
      remote: false,
      open: () => ({
        async send() {
          calls += 1
          if (calls % 2 === 1) throw new TypeError('socket is undefined')
          return {
            content: [{ type: 'text', text: 'x' }],
            reasoning: null,
            finishReason: 'stop',
            usage: {
              inputTokens: 1,
              cachedInputTokens: 0,
              outputTokens: 1,
              reasoningTokens: 0,
              images: 0,
              cost: null,
            },
            model: 'm',
          }
        },
        async probe() {},
        async close() {},
      }),
    })
    const column = { name: 's', column_type: 'llm-text', model_alias: 'm', prompt: '{{ word }}' }
    const out = join(root, 'mistaken')
    const result = await create({
      config: configOf(column, { provider: { provider_type: 'mistaken' } }),
      out,
      rows: 6,
      plugins: [{ name: 'test', providers: [provider] }],
    })
    expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 6 } })
    const log = readFileSync(join(out, 'rowsmith.log'), 'utf8')
    expect(log.match(/TypeError: socket is undefined/g)).toHaveLength(1)
    expect(log).toContain('requests.test.ts')
  })
})
