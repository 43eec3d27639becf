import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { formatPath } from '../../src/config/format-problems.ts'
import { create, open, validate } from '../../src/index.ts'
import { createModelServer, type ServerAction } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'
import { runExample } from '../support/run-example.ts'

interface Case {
  trap: string
  config: string
  /** Rows to make; as many as there are records when left out. */
  rows?: number
  /** All columns of the dataset, in order. */
  columns?: string[]
  records?: Record<string, unknown>[]
  told?: string[]
  /** What every request is answered with. */
  answer?: ServerAction
}

const data = fileURLToPath(new URL('ancestor/data', import.meta.url))
const cases = parse(readFileSync(new URL('traps/cases.yaml', import.meta.url), 'utf8')) as Case[]

const input = ({ config }: Case): { text: string } => ({
  text: config.replaceAll('{data}', data),
})

describe('makes', () => {
  test.each(cases.filter(({ records }) => records).map((one) => [one.trap, one] as const))(
    '%s',
    async (_, one) => {
      const { records: wanted = [], columns, answer = {} } = one
      const rows = one.rows ?? wanted.length
      const { records } = await runExample(input(one), { rows, answer })
      const names = columns ?? Object.keys(records[0] ?? {})
      expect(Object.keys(records[0] ?? {})).toEqual(names)
      expect(records).toEqual(wanted.map((record) => expect.objectContaining(record) as unknown))
    },
  )
})

describe('is told', () => {
  test.each(cases.filter(({ told }) => told).map((one) => [one.trap, one] as const))(
    '%s',
    async (_, one) => {
      const { problems } = await validate({
        config: input(one),
        environment: { NVIDIA_API_KEY: 'k' },
      })
      expect(
        problems.map(({ level, code, path }) => `${level} ${code} ${formatPath(path)}`),
      ).toEqual(one.told)
    },
  )
})

const letters = 'a b c d e f g h i j'.split(' ')

const drawn = (params: object): { config: object } => ({
  config: {
    columns: [{ name: 'c', column_type: 'sampler', sampler_type: 'category', params }],
  },
})

test('T11, weights count by what they are to each other, however their sum is rounded', async () => {
  const made = async (weights: number[]): Promise<unknown[]> =>
    (await runExample(drawn({ values: letters, weights }), { rows: 200 })).records
  const even = await made(letters.map(() => 1))
  for (const weight of [0.1, 3, 1e-300]) expect(await made(letters.map(() => weight))).toEqual(even)
})

test('T47, a seed decides every value, and another one decides on others', async () => {
  const made = async (seed: bigint): Promise<unknown[]> =>
    (await runExample(drawn({ values: letters }), { rows: 50, seed })).records
  expect(await made(1n)).toEqual(await made(1n))
  expect(await made(1n)).not.toEqual(await made(2n))
})

test('T6 and T68, a name that is not a file is told as one, and what is given is never looked for as a file', async () => {
  for (const config of ['nowhere/config.json', 'https://example.org/config.yaml']) {
    await expect(validate({ config })).rejects.toThrow('there is no config file')
  }
  const file = fileURLToPath(new URL('traps/cases.yaml', import.meta.url))
  const { problems } = await validate({ config: { text: file } })
  expect(problems.map(({ code }) => code)).toEqual(['wrong-type'])
})

test('T31, schema_transform reads side columns, quotes of both kinds and nested lists', async () => {
  await using desk = await createDesk()
  const template = {
    thought: '{{ t__reasoning_content }}',
    quoted: `{{ 'say "' ~ t ~ '" and ' ~ "'so'" }}`,
    messages: [
      { role: 'user', content: 'It\'s "{{ n }}"' },
      { role: "{{ 'assistant' }}", content: ['{{ t }}', ["{{ n }}'s"]] },
    ],
    text: '{{ n }}',
  }
  await using server = await createModelServer({
    script: () => ({ message: { content: 'Hi', reasoning_content: 'Hm' } }),
  })
  const config = {
    model_providers: [{ name: 'own', endpoint: server.url }],
    model_configs: [{ alias: 'm', model: 'x', provider: 'own', skip_health_check: true }],
    columns: [
      { name: 'n', column_type: 'expression', expr: '3', dtype: 'int' },
      {
        name: 't',
        column_type: 'llm-text',
        model_alias: 'm',
        prompt: '{{ n }}',
        extract_reasoning_content: true,
      },
    ],
    processors: [{ name: 'chat', processor_type: 'schema_transform', template }],
  }
  const { dir } = await create({ config: { config }, rows: 1, out: desk.path('run') })
  await using dataset = await open(dir)
  expect(await Array.fromAsync(dataset.records({ dataset: 'chat' }))).toEqual([
    {
      thought: 'Hm',
      quoted: `say "Hi" and 'so'`,
      messages: [
        { role: 'user', content: 'It\'s "3"' },
        { role: 'assistant', content: ['Hi', ["3's"]] },
      ],
      // What a template makes is text.
      text: '3',
    },
  ])
})
