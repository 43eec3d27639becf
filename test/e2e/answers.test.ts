import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  create,
  type DatasetRecord,
  open,
  type RunOptions,
  type RunResult,
  validate,
} from '../../src/index.ts'
import { createModelServer, type ServerAction } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'
import { stories } from './configs.ts'

/** Answers of a model in a separate form: structured values, code, scores. */
const columns = [
  {
    name: 'cuisine',
    column_type: 'sampler',
    sampler_type: 'category',
    params: { values: ['thai', 'greek'] },
  },
  {
    name: 'dish',
    column_type: 'llm-structured',
    model_alias: 'writer',
    prompt: 'Invent a {{ cuisine }} dish.',
    with_trace: 'all_messages',
    output_format: {
      type: 'object',
      properties: {
        title: { type: 'string' },
        steps: {
          type: 'array',
          items: { type: 'object', properties: { minutes: { type: 'integer' } } },
        },
      },
      required: ['title', 'steps'],
    },
  },
  {
    name: 'headline',
    column_type: 'expression',
    expr: '{{ dish.title }} in {{ dish.steps[0].minutes }} minutes',
  },
  {
    name: 'timer',
    column_type: 'llm-code',
    code_lang: 'python',
    model_alias: 'writer',
    prompt: 'A timer for {{ headline }}.',
  },
  {
    name: 'review',
    column_type: 'llm-judge',
    model_alias: 'writer',
    prompt: 'Rate {{ headline }}.',
    scores: [{ name: 'Taste', description: 'Of the dish.', options: { 1: 'bad', 2: 'good' } }],
  },
]

interface Body {
  messages: { role: string; content: string }[]
  response_format?: unknown
}

/** A server whose first answer to a conversation is bad, and the answer to a correction good. */
function firstBad(bodies: Body[]) {
  return ({ text }: { text: string }): ServerAction => {
    const body = JSON.parse(text) as Body
    bodies.push(body)
    const [first] = body.messages
    const corrected = body.messages.length > 1
    if (first?.content.startsWith('A timer')) {
      return { text: corrected ? 'Sure:\n```py\nwait()\n```\nDone.' : 'wait()' }
    }
    if (first?.content.startsWith('Rate')) {
      return { text: `{"Taste":{"score":${corrected ? '2.0' : '5'},"reasoning":"Sour."},"x":1}` }
    }
    const minutes = corrected ? '"5"' : '"five"'
    return { text: `Here: {title: 'Soup', "steps": [{"minutes": ${minutes}, "y": 1}],}` }
  }
}

interface Made {
  records: DatasetRecord[]
  failures: Record<string, unknown>[]
  result: RunResult
}

async function made(
  script: (call: { text: string }) => ServerAction,
  runConfig: object = {},
  options: Partial<RunOptions> = {},
): Promise<Made> {
  await using desk = await createDesk()
  await using server = await createModelServer({ script })
  const model = { skip_health_check: true }
  const result = await create({
    config: { config: stories({ url: server.url, model, columns }) },
    rows: 4,
    seed: 1n,
    out: desk.path('dishes'),
    runConfig,
    ...options,
  })
  using ledger = new DatabaseSync(desk.path('dishes', 'ledger.sqlite'), { readOnly: true })
  const failures = ledger.prepare('SELECT code, message, raw FROM failure').all()
  const records: DatasetRecord[] = []
  if (result.rows.accepted > 0) {
    await using dataset = await open(desk.path('dishes'))
    for await (const record of dataset.records()) records.push(record)
  }
  return { records, failures, result }
}

test('bad answers are corrected, and the dataset has the good ones', async () => {
  const bodies: Body[] = []
  const { records, failures } = await made(firstBad(bodies))
  expect(failures).toEqual([])
  expect(records).toHaveLength(4)
  for (const record of records) {
    expect(record).toMatchObject({
      dish: { title: 'Soup', steps: [{ minutes: 5 }] },
      headline: 'Soup in 5 minutes',
      timer: 'wait()',
      review: { Taste: { reasoning: 'Sour.', score: '2' } },
    })
    // What the model was told about its answer is in the trace, too.
    expect(JSON.stringify(record['dish__trace'])).toContain('must be an integer; it is')
  }
  const dishes = bodies.filter(({ messages }) => messages[0]?.content.startsWith('Invent'))
  expect(dishes).toHaveLength(8)
  expect(dishes[0]?.response_format).toMatchObject({
    type: 'json_schema',
    json_schema: { name: 'dish', strict: true },
  })
})

test.each([
  ['steps and restarts', { max_conversation_correction_steps: 2, max_conversation_restarts: 1 }, 6],
  ['neither', { max_conversation_correction_steps: 0, max_conversation_restarts: 0 }, 1],
  ['the defaults', {}, 12],
])('an answer that stays bad is asked for as the run config says: %s', async (_, config, asked) => {
  let requests = 0
  const script = ({ text }: { text: string }): ServerAction => {
    if (!text.includes('Invent a')) return {}
    requests += 1
    return { text: '{"title": "Soup"}' }
  }
  const runConfig = { ...config, disable_early_shutdown: true }
  const { failures, result } = await made(script, runConfig)
  expect(result.rows).toMatchObject({ accepted: 0, dropped: 4 })
  expect(requests).toBe(4 * asked)
  const times = asked === 1 ? 'once' : `${asked} times`
  expect(failures).toEqual(
    Array.from({ length: 4 }, () => ({
      code: 'answer-does-not-fit',
      message: `the answer can't be used: the answer lacks "steps" (asked ${times})`,
      raw: '{"title": "Soup"}',
    })),
  )
})

test('a cut answer is a separate failure, with advice', async () => {
  const { failures } = await made(
    ({ text }) =>
      text.includes('Invent a')
        ? { text: '{"title": "Soup", "steps": [', finishReason: 'length' }
        : {},
    { max_conversation_restarts: 1, disable_early_shutdown: true },
  )
  expect(failures[0]).toEqual({
    code: 'answer-cut',
    message:
      'the answer was cut off before it was complete ("length", asked 2 times): its JSON is not complete. Raise max_tokens of the model, or ask for less.',
    raw: '{"title": "Soup", "steps": [',
  })
})

test('a server that refuses the form is asked by the prompt alone', async () => {
  const bodies: Body[] = []
  const { records } = await made((call) => {
    const body = JSON.parse(call.text) as Body
    if (body.response_format !== undefined) {
      return { status: 400, error: "'response_format.type' must be 'text'" }
    }
    return firstBad(bodies)(call)
  })
  expect(records).toHaveLength(4)
})

test('the example of a recipe book runs', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const file = new URL('../../examples/recipe-book/config.yaml', import.meta.url)
  const written = await readFile(file, 'utf8')
  const text = written.replaceAll('https://api.openai.com/v1', server.url)
  const result = await create({
    config: { text },
    rows: 3,
    out: desk.path('recipes'),
    environment: { OPENAI_API_KEY: 'k' },
  })
  expect(result.rows).toMatchObject({ accepted: 3 })
  await using dataset = await open(desk.path('recipes'))
  for await (const record of dataset.records()) {
    expect(record).toMatchObject({
      minutes: expect.any(Number),
      timer: expect.any(String),
      review: { clarity: { score: expect.stringMatching(/^[123]$/) } },
      publish: expect.any(Boolean),
    })
  }
})

test('a schema of Zod is a JSON Schema', async () => {
  const dish = z.object({ title: z.string(), minutes: z.int().optional() })
  const config = {
    model_configs: [{ alias: 'writer', provider: 'openai', model: 'm' }],
    columns: [
      {
        name: 'dish',
        column_type: 'llm-structured',
        model_alias: 'writer',
        prompt: 'A dish.',
        output_format: dish,
      },
      { name: 'title', column_type: 'expression', expr: '{{ dish.titel }}' },
    ],
  }
  const { problems } = await validate({ config: { config }, environment: { OPENAI_API_KEY: 'k' } })
  expect(problems.map(({ code, suggestion }) => [code, suggestion])).toEqual([
    ['prompt-without-references', expect.any(String)],
    ['unknown-field', "Did you mean 'title'?"],
  ])
  const dated = { ...config, columns: [{ ...config.columns[0], output_format: z.date() }] }
  await expect(validate({ config: { config: dated } })).rejects.toThrow(/zod has no JSON Schema/)
})
