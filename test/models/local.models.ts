import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { create, open } from '../../src/index.ts'
import { miniLm, onnxProject, pathOf, scratchFolder, smolLm2 } from './fetch-models.ts'

const scratch = await scratchFolder()
afterAll(() => rm(scratch, { recursive: true, force: true }))

const topics = { values: ['tea', 'rain', 'a bicycle'] }
const topic = { name: 'topic', column_type: 'sampler', sampler_type: 'category', params: topics }

/** Makes a dataset and answers its records, with what it took. */
async function made(name: string, config: object, rows: number) {
  const out = join(scratch, name)
  const result = await create({ config: { config, name }, rows, seed: 3n, out })
  await using dataset = await open(result.dir)
  const records: Record<string, unknown>[] = []
  for await (const record of dataset.records()) records.push(record)
  const { seconds, requests, usage } = result
  const spent = `${seconds.toFixed(1)} s, ${requests} requests`
  const tokens = `${usage.inputTokens} tokens in, ${usage.outputTokens} out`
  console.log(`${name}: ${result.rows.accepted} of ${rows} rows, ${spent}, ${tokens}`)
  return { records, rows: result.rows, usage }
}

function model(path: string, inference_parameters: object) {
  return {
    model_providers: [{ name: 'here', provider_type: 'llama-cpp' }],
    model_configs: [{ alias: 'smol', provider: 'here', model: path, inference_parameters }],
  }
}

test('SmolLM2 answers in a chat', async ({ skip }) => {
  const path = pathOf(await smolLm2(), skip)
  const question = 'What is the capital of France? Answer with one word.'
  const { records, rows } = await made(
    'chat',
    {
      ...model(path, { max_tokens: 30, temperature: 0, extra_body: { seed: 1 } }),
      columns: [
        topic,
        { name: 'answer', column_type: 'llm-text', model_alias: 'smol', prompt: question },
      ],
    },
    2,
  )
  expect(rows.accepted).toBe(2)
  for (const { answer } of records) expect(answer).toMatch(/paris/i)
})

test('SmolLM2 is held to a schema by a grammar', async ({ skip }) => {
  const path = pathOf(await smolLm2(), skip)
  const output_format = {
    type: 'object',
    properties: {
      mood: { enum: ['glad', 'sad', 'calm'] },
      stars: { type: 'integer', minimum: 1, maximum: 5 },
      title: { type: 'string', maxLength: 40 },
    },
    required: ['mood', 'stars', 'title'],
    additionalProperties: false,
  }
  const prompt = 'Review {{ topic }}: the mood of the review, one to five stars, and a short title.'
  const { records, rows } = await made(
    'structured',
    {
      ...model(path, { max_tokens: 120, extra_body: { seed: 1 } }),
      columns: [
        topic,
        {
          name: 'review',
          column_type: 'llm-structured',
          model_alias: 'smol',
          prompt,
          output_format,
        },
      ],
    },
    6,
  )
  expect(rows.accepted).toBeGreaterThanOrEqual(5)
  for (const { review } of records) {
    expect(review).toMatchObject({
      mood: expect.stringMatching(/^(?:glad|sad|calm)$/),
      title: expect.any(String),
    })
  }
})

test('SmolLM2 makes vectors', async ({ skip }) => {
  const path = pathOf(await smolLm2(), skip)
  const { records } = await made(
    'llama-embeddings',
    {
      ...model(path, { generation_type: 'embedding' }),
      columns: [
        topic,
        { name: 'vector', column_type: 'embedding', model_alias: 'smol', target_column: 'topic' },
      ],
    },
    6,
  )
  expect(vectorsIn(records).map(({ length }) => length)).toEqual(Array(6).fill(576))
})

test('MiniLM puts what means the same close together', async ({ skip }) => {
  const path = pathOf(await miniLm(), skip)
  const project = pathOf(await onnxProject(), skip)
  const texts = ['A cat sleeps.', 'A kitten is asleep.', 'Stock markets fell sharply.']
  const before = process.cwd()
  // Where the packages of a user's project would be.
  process.chdir(project)
  try {
    const { records } = await made(
      'minilm',
      {
        model_providers: [{ name: 'here', provider_type: 'onnx' }],
        model_configs: [
          {
            alias: 'minilm',
            provider: 'here',
            model: path,
            inference_parameters: { generation_type: 'embedding' },
          },
        ],
        columns: [
          { ...topic, name: 'text', params: { values: texts } },
          {
            name: 'vector',
            column_type: 'embedding',
            model_alias: 'minilm',
            target_column: 'text',
          },
        ],
      },
      30,
    )
    const vectorOf = (text: string): readonly number[] =>
      vectorsIn(records.filter((record) => record['text'] === text))[0] ?? []
    const [cat, kitten, stocks] = texts.map(vectorOf)
    expect(cat).toHaveLength(384)
    const close = cosine(cat ?? [], kitten ?? [])
    const far = cosine(cat ?? [], stocks ?? [])
    console.log(`minilm: cat and kitten ${close.toFixed(3)}, cat and stocks ${far.toFixed(3)}`)
    expect(close).toBeGreaterThan(far + 0.3)
  } finally {
    process.chdir(before)
  }
})

function vectorsIn(records: readonly Record<string, unknown>[]): number[][] {
  // What a column of embeddings has in each cell: a vector, or several of them.
  return records.map(({ vector }) => {
    const value = vector as Iterable<number> | { embeddings: Iterable<number>[] }
    return [...(Symbol.iterator in value ? value : (value.embeddings[0] ?? []))]
  })
}

function cosine(one: readonly number[], other: readonly number[]): number {
  let sum = 0
  for (const [at, value] of one.entries()) sum += value * (other[at] ?? 0)
  return sum / (Math.hypot(...one) * Math.hypot(...other))
}
