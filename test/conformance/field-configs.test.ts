import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { create, validate } from '../../src/index.ts'
import { createModelServer, type ServerAction } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'

// Configs that are used with the ancestor, and what it sent for two rows of each: data beside them.

interface Sent {
  parameters: Record<string, unknown>
  system?: string
  images?: string[]
  /** Without the instructions that are added to it. */
  prompt: string
  answer: string
}

interface Recorded {
  /** Columns of samplers and seeds, as they were drawn there. */
  records: Record<string, unknown>[]
  requests: Sent[]
}

interface Column extends Record<string, unknown> {
  name: string
  column_type: string
}

interface Block {
  type: string
  text?: string
  image_url?: { url: string }
}

const folder = fileURLToPath(new URL('ancestor/field/', import.meta.url))
// Our own data; what is not as described fails the tests that use it.
const { configs } = JSON.parse(readFileSync(`${folder}requests.json`, 'utf8')) as {
  configs: Record<string, Recorded>
}
const keys = { NVIDIA_API_KEY: 'n', OPENAI_API_KEY: 'o', OPENROUTER_API_KEY: 'r' }
const providers = ['vllm', 'nvidia', 'openai', 'openrouter', 'frontier']

interface Dataset extends Record<string, unknown> {
  columns: Column[]
  model_configs: Record<string, unknown>[]
}

function configOf(name: string): Dataset {
  const { data_designer: dataset } = parse(readFileSync(folder + name, 'utf8')) as {
    data_designer: Dataset
  }
  return dataset
}

test.each(Object.keys(configs))('%s is sound as it is', async (name) => {
  await using desk = await createDesk()
  const { columns, model_configs: named } = configOf(name)
  const { problems } = await validate({
    config: folder + name,
    environment: keys,
    providersFile: await desk.write('providers.json', {
      providers: providers.map((provider) => ({ name: provider, endpoint: 'http://127.0.0.1:9' })),
    }),
  })
  const errors = problems.filter(({ level }) => level === 'error')
  // A function in Python is to be written again; its file stands beside no config.
  const own = columns.filter(({ column_type: type }) => type === 'custom')
  // The name of a model that its user is to fill in; the ancestor sends it empty.
  const unnamed = named.filter(({ model }) => model === '')
  expect(errors.map(({ code }) => code)).toEqual([
    ...unnamed.map(() => 'wrong-format'),
    ...own.map(() => 'python-function'),
  ])
})

describe.concurrent('what a model is sent is what the ancestor sends', () => {
  test.each(Object.entries(configs))('%s', async (name, { records, requests }) => {
    await using desk = await createDesk()
    const asked: Sent[] = []
    await using server = await createModelServer({
      script({ text }): ServerAction {
        const sent = sentIn(text)
        const match = requests.find(
          (one) => isSame(one, sent) && !asked.some((other) => other === one),
        )
        asked.push(match ?? sent)
        const { answer = 'answer' } = match ?? {}
        const isImage = /image|flux/.test(String(sent.parameters['model']))
        return isImage ? { message: { content: null, images: [pixel] } } : { text: answer }
      },
    })
    const dataset = configOf(name)
    const columns = dataset.columns
      .filter(({ column_type: type }) => type !== 'sampler')
      .map((column) => (column.column_type === 'custom' ? written(column) : column))
    await desk.write('functions.js', functions)
    await desk.write('rows.jsonl', records.map((one) => JSON.stringify(one)).join('\n'))
    const config = {
      ...dataset,
      columns,
      model_configs: models(dataset),
      model_providers: providers.map((provider) => ({ name: provider, endpoint: server.url })),
      seed_config: { source: { seed_type: 'local', path: desk.path('rows.jsonl') } },
    }
    const { rows } = await create({
      config: await desk.write('config.json', config),
      rows: records.length,
      out: desk.path('run'),
    })
    expect(rows).toMatchObject({ accepted: records.length })
    expect(asked.toSorted(byPrompt)).toEqual(requests.toSorted(byPrompt))
  })
})

/** An image of one pixel, as the ancestor was given. */
const pixel = {
  type: 'image_url',
  image_url: {
    url: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  },
}

/** Its own models, or the built-in ones where it has none, none of them asked beforehand. */
function models({ model_configs: own, columns }: Dataset): object[] {
  if (own.length > 0) {
    return own.map((model) => ({
      ...model,
      model: model['model'] === '' ? 'judge' : model['model'],
      skip_health_check: true,
    }))
  }
  const aliases = new Set(columns.map(({ model_alias: alias }) => alias))
  const builtIn = {
    'openai-text': { model: 'gpt-4.1', temperature: 0.85, top_p: 0.95 },
    'nvidia-text': { model: 'nvidia/nemotron-3-nano-30b-a3b', temperature: 1, top_p: 1 },
  }
  return Object.entries(builtIn)
    .filter(([alias]) => aliases.has(alias))
    .map(([alias, { model, ...parameters }]) => ({
      alias,
      model,
      provider: 'openai',
      skip_health_check: true,
      inference_parameters: parameters,
    }))
}

/** What stands in Python beside these configs, in JavaScript. */
const functions = `
export const parse_ocr_output = ({ raw_ocr_output: text }) => text.toUpperCase()
export const compute_weighted_score = ({ qa_quality_judge: judged }) =>
  Object.values(judged).reduce((sum, { score }) => sum + Number(score), 0)
`

const reads: Record<string, object> = {
  parse_ocr_output: { required_columns: ['raw_ocr_output'], output_type: 'string' },
  compute_weighted_score: { required_columns: ['qa_quality_judge'], output_type: 'int64' },
}

function written({ generator_function: python, ...column }: Column): Column {
  const name = String(python)
  return { ...column, generator: `./functions.js#${name}`, ...reads[name] }
}

/** A request without what is ours: the form of the answer, and that nothing is streamed. */
function sentIn(body: string): Sent {
  const {
    messages,
    stream: _stream,
    response_format: _format,
    tools: _tools,
    tool_choice: _choice,
    ...parameters
  } = JSON.parse(body) as Record<string, unknown> & {
    messages: { role: string; content: string | Block[] }[]
  }
  const system = messages.find(({ role }) => role === 'system')
  const blocks = blocksOf(messages.at(-1)?.content ?? [])
  const images = blocks.flatMap(({ image_url: image }) => (image === undefined ? [] : [image.url]))
  return {
    parameters,
    ...(system === undefined ? {} : { system: textOf(blocksOf(system.content)) }),
    ...(images.length === 0 ? {} : { images }),
    prompt: textOf(blocks),
    answer: '',
  }
}

function blocksOf(content: string | Block[]): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function textOf(blocks: readonly Block[]): string {
  return blocks.map(({ text = '' }) => text).join('')
}

/** Our instructions, too, stand behind the prompt. */
function isSame({ answer: _answer, prompt, ...one }: Sent, sent: Sent): boolean {
  const { answer: _, prompt: said, ...other } = sent
  if (said !== prompt && !said.startsWith(`${prompt}\n\n`)) return false
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

function byPrompt(one: Sent, other: Sent): number {
  const [first, second] = [one, other].map((sent) => JSON.stringify([sent.prompt, sent.answer]))
  return (first ?? '') < (second ?? '') ? -1 : 1
}
