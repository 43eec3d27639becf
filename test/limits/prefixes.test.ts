import { describe, expect, test } from 'vitest'
import { create, type RunResult } from '../../src/index.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'

// Questions about long documents, asked of servers that keep the beginnings of prompts.

const documents = 12
const questions = 10

/** Seed rows: each document with its questions, one after the other. */
function seedRows(): string {
  return Array.from({ length: documents * questions }, (_, row) => {
    const document = Math.floor(row / questions)
    const words = `Section ${document}: what was written about item number ${document}. `.repeat(
      100,
    )
    return JSON.stringify({ document: words, question: `What about detail ${row % questions}?` })
  }).join('\n')
}

/** The beginning of a PNG and the document behind it, in base64 as far as anybody looks. */
const pictureOf =
  "iVBORw0KGgoAAAANSUhEUgAA{{ document | replace(' ', '') | replace('.', '') | replace(':', '') | truncate(4000, true, '') }}"

interface Asked {
  servers: readonly ModelServer[]
  providerType?: string
  model?: object
  prefixOrder?: boolean
  /** Of the column that asks. */
  answer?: object
}

const byPrompt = {
  column_type: 'llm-text',
  model_alias: 'reader',
  system_prompt: 'Answer from the document.',
  prompt: '{{ document }}\n\nQuestion: {{ question }}',
}

async function ask({
  servers,
  providerType,
  model = {},
  prefixOrder = true,
  answer = byPrompt,
}: Asked) {
  await using desk = await createDesk()
  await desk.write('seed.jsonl', seedRows())
  await desk.write(
    'ask.js',
    'export default ({ document, question }, { ask }) => ask("reader", document + "\\n" + question)',
  )
  const path = await desk.write('config.json', {
    model_providers: servers.map(({ url }, at) => ({
      name: `p${at}`,
      endpoint: url,
      ...(providerType === undefined ? {} : { provider_type: providerType }),
    })),
    model_configs: [
      {
        alias: 'reader',
        ...(servers.length === 1
          ? { provider: 'p0', model: 'm' }
          : { model: 'm', pool: servers.map((_, at) => ({ provider: `p${at}` })) }),
        skip_health_check: true,
        inference_parameters: { max_parallel_requests: 8 },
        ...model,
      },
    ],
    seed_config: { source: { seed_type: 'local', path: 'seed.jsonl' } },
    columns: [
      { name: 'document', column_type: 'seed-dataset', drop: true },
      { name: 'question', column_type: 'seed-dataset' },
      // Of each document its picture.
      { name: 'picture', column_type: 'expression', expr: pictureOf, drop: true },
      { name: 'answer', ...answer },
    ],
  })
  const result = await create({
    config: path,
    runConfig: { prefix_order: prefixOrder },
    rows: documents * questions,
    out: desk.path('run'),
  })
  expect(result.rows.accepted).toBe(documents * questions)
  const shown = await desk.run(['show', 'run'])
  return { result, shown: shown.stdout }
}

function hitRate({ usage }: RunResult): number {
  return usage.cachedInputTokens / usage.inputTokens
}

async function withServers<T>(
  count: number,
  use: (servers: readonly ModelServer[]) => Promise<T>,
): Promise<T> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => createModelServer({ prefixCache: true, latencyMs: 8 })),
  )
  try {
    return await use(servers)
  } finally {
    await Promise.all(servers.map((server) => server.close()))
  }
}

describe('the share of tokens that servers had kept', () => {
  test('is high in a pool, for rows with the same document go to one server, one of them first', async () => {
    const { result, shown } = await withServers(4, (servers) => ask({ servers }))
    const without = await withServers(4, (servers) => ask({ servers, prefixOrder: false }))
    expect(hitRate(result)).toBeGreaterThanOrEqual(0.8)
    expect(hitRate(without.result)).toBeLessThan(0.6)
    expect(shown).toMatch(/tokens in \(8\d % of them cached\)/)
    // No server is left without work.
    const { choices = [] } = result.usageByRoute[0] ?? {}
    expect(Math.min(...choices.map(({ ok }) => ok))).toBeGreaterThanOrEqual(questions)
  })

  test("is high with Anthropic's API, where beginnings are kept that end with a mark", async () => {
    const marked = { cache_prompt: true }
    const rate = async (model: object, prefixOrder = true) =>
      withServers(1, async (servers) =>
        hitRate((await ask({ servers, providerType: 'anthropic', model, prefixOrder })).result),
      )
    expect(await rate(marked)).toBeGreaterThanOrEqual(0.8)
    expect(await rate(marked, false)).toBeLessThan(0.8)
    expect(await rate({})).toBe(0)
  })

  test('is high for questions about pictures, and for those of functions', async () => {
    const rate = async (answer: object, providerType: string) =>
      withServers(1, async (servers) => {
        const model = { cache_prompt: true }
        return hitRate((await ask({ servers, providerType, model, answer })).result)
      })
    const pictured = {
      column_type: 'llm-text',
      model_alias: 'reader',
      prompt: 'Question: {{ question }}',
      multi_modal_context: [
        { modality: 'image', column_name: 'picture', data_type: 'base64', image_format: 'png' },
      ],
    }
    const byFunction = {
      column_type: 'custom',
      required_columns: ['document', 'question'],
      model_aliases: ['reader'],
      generator: './ask.js',
    }
    expect(await rate(pictured, 'anthropic')).toBeGreaterThanOrEqual(0.8)
    expect(await rate(byFunction, 'anthropic')).toBeGreaterThanOrEqual(0.8)
    expect(await rate(byFunction, 'openai')).toBeGreaterThanOrEqual(0.8)
  })
})
