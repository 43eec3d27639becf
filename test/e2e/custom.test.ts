import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  create,
  type CustomContext,
  type DatasetRecord,
  defineCustom,
  open,
  preview,
  type Problem,
  validate,
} from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, type Desk } from './command.ts'

const source = `
import { shout } from './helper.ts'

interface Question { question: string }

export const reply = {
  requiredColumns: ['question'],
  modelAliases: ['writer'],
  sideEffectColumns: { critique: 'string', turns: 'int64' },
  async generate({ question }: Question, context: any) {
    const draft = await context.ask('writer', 'draft: ' + question)
    const critique = await context.ask('writer', 'critique: ' + draft)
    return { reply: [draft, critique].join(' | '), critique, turns: 2 }
  },
}

export const loud = {
  requiredColumns: ['question'],
  pure: true,
  generate: ({ question }: Question): string => shout(question),
}

export function rank(rows: { n: number }[]): number[] {
  return rows.map(({ n }) => rows.filter((other) => other.n < n).length)
}

export function scaled(row: { n: number }, context: any): number {
  return row.n * context.params.factor
}
`

const question = {
  name: 'question',
  column_type: 'sampler',
  sampler_type: 'category',
  params: { values: ['why', 'how'] },
}
const n = {
  name: 'n',
  column_type: 'sampler',
  sampler_type: 'uniform',
  params: { low: 0, high: 9, sampler_type: 'uniform' },
}

function models(url = 'http://127.0.0.1:9/v1') {
  return {
    model_configs: [{ alias: 'writer', model: 'm', provider: 'p' }],
    model_providers: [{ name: 'p', endpoint: url }],
  }
}

function custom(name: string, generator: unknown, fields: object = {}): object {
  return { name, column_type: 'custom', generator, ...fields }
}

async function project(text = source): Promise<Desk> {
  const desk = await createDesk()
  await desk.write('columns.ts', text)
  await desk.write('helper.ts', 'export const shout = (text: string) => text.toUpperCase()')
  return desk
}

function config(columns: readonly object[], url?: string): object {
  return { seed: 4, ...models(url), columns: [question, n, ...columns] }
}

async function recordsOf(directory: string): Promise<DatasetRecord[]> {
  await using dataset = await open(directory)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

function failuresOf(directory: string): string[] {
  using database = new DatabaseSync(join(directory, 'ledger.sqlite'), { readOnly: true })
  return database
    .prepare('SELECT DISTINCT code, message FROM failure ORDER BY code, message')
    .all()
    .map(({ code, message }) => `${String(code)}: ${String(message)}`)
}

function brief(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ code, path, message, suggestion }) =>
      `${code} @ ${path.join('.')}: ${message}${suggestion === undefined ? '' : ` > ${suggestion}`}`,
  )
}

describe('a config with functions of a file', () => {
  const columns = [
    custom('reply', './columns.ts#reply'),
    custom('loud', './columns.ts#loud'),
    custom('rank', './columns.ts#rank', {
      generation_strategy: 'full_column',
      required_columns: ['n'],
      output_type: 'int64',
    }),
    custom('scaled', './columns.ts#scaled', {
      required_columns: ['n'],
      output_type: 'float64',
      generator_params: { factor: 10 },
      pure: true,
    }),
    { name: 'seen', column_type: 'expression', expr: '{{ critique | length }} {{ turns + 1 }}' },
  ]

  test('rows, cells, whole columns and side columns', async () => {
    await using desk = await project()
    await using server = await createModelServer({
      script: ({ prompt }) => ({ text: `<${prompt}>` }),
    })
    const file = await desk.write('config.json', config(columns, server.url))
    expect((await validate({ config: file })).problems).toEqual([])
    expect(server.counts.requests).toBe(0)

    const out = desk.path('run')
    const result = await create({ config: file, out, rows: 6 })
    expect(result.rows).toMatchObject({ accepted: 6 })
    expect(result.requests).toBe(12)
    const records = await recordsOf(out)
    const asked = (row: DatasetRecord): string => String(row['question'])
    const numbers = records.map((record) => Number(record['n']))
    expect(records).toEqual(
      records.map((record, at) => ({
        question: asked(record),
        n: numbers[at],
        reply: `<draft: ${asked(record)}> | <critique: <draft: ${asked(record)}>>`,
        critique: `<critique: <draft: ${asked(record)}>>`,
        turns: 2,
        loud: asked(record).toUpperCase(),
        rank: numbers.filter((other) => other < (numbers[at] ?? 0)).length,
        scaled: (numbers[at] ?? 0) * 10,
        seen: `${`<critique: <draft: ${asked(record)}>>`.length} 3`,
      })),
    )
    // Nothing is asked again, and functions are found again from the run folder alone.
    const before = server.counts.requests
    await create({ config: file, out, rows: 6 })
    expect(server.counts.requests).toBe(before)
    await using dataset = await open(out)
    expect((await dataset.report()).columns.find(({ name }) => name === 'turns')).toMatchObject({
      type: 'int64',
    })
  })

  test('an edited function, or a file it imports, is another column', async () => {
    await using desk = await project()
    const file = await desk.write('config.json', config([columns[1] ?? {}]))
    // A process has what it imported once permanently.
    const run = (rows: string) =>
      desk.start(['create', file, '-n', rows, '--out', desk.path('run')]).ended
    expect(await run('2')).toMatchObject({ code: 0 })
    expect(await run('3')).toMatchObject({ code: 0 })
    await desk.write('helper.ts', 'export const shout = (text: string) => text.toLowerCase()')
    const refused = await run('4')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(
      /columns\.loud\.source\n {4}- content [0-9a-f]{12}…\n {4}\+ content [0-9a-f]{12}…\n/,
    )
    await desk.write('helper.ts', 'export const shout = (text: string) => text.toUpperCase()')
    expect(await run('4')).toMatchObject({ code: 0 })
  })

  test('in one process, an edited file is loaded anew; a file it imports can not be', async () => {
    await using desk = await project()
    const file = await desk.write('config.json', config([columns[1] ?? {}]))
    const first = await preview({ config: file, rows: 1 })
    expect(String(first.records[0]?.['loud'])).toMatch(/^[A-Z]+$/)
    await desk.write('columns.ts', source.replace('shout(question)', '`${shout(question)}!`'))
    const second = await preview({ config: file, rows: 1 })
    expect(String(second.records[0]?.['loud'])).toMatch(/^[A-Z]+!$/)
    await desk.write('helper.ts', 'export const shout = (text: string) => text')
    expect(brief((await validate({ config: file })).problems)).toEqual([
      `generator-changed @ columns.2.generator: Column 'loud' can't be loaded: ${desk.path('helper.ts')} changed since this process loaded it > Start the program again.`,
    ])
  })
})

test('functions of a program', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ prompt }) => ({ text: `<${prompt}>` }),
  })
  const twice = defineCustom({
    requiredColumns: ['question'],
    modelAliases: ['writer'],
    async generate(row: { question: string }, context) {
      const first = await context.ask('writer', row.question, { system: 'Be brief.' })
      const steps = await context.step('count', { of: first }, async () => ({
        letters: first.length,
      }))
      return `${first} has ${steps.letters}`
    },
  })
  const add = (by: number) => (row: { n: number }) => row.n + by
  const numbers = { required_columns: ['n'], output_type: 'float64', pure: true }
  const made = config(
    [custom('twice', twice), custom('one', add(1), numbers), custom('two', add(2), numbers)],
    server.url,
  )
  const out = desk.path('run')
  await create({ config: { config: made }, out, rows: 2 })
  const records = await recordsOf(out)
  expect(records.map((record) => record['twice'])).toEqual(
    records.map(({ question: asked }) => `<${String(asked)}> has ${String(asked).length + 2}`),
  )
  expect(records.map((record) => Number(record['two']) - Number(record['one']))).toEqual([
    expect.closeTo(1),
    expect.closeTo(1),
  ])
  await create({ config: { config: made }, out, rows: 3 })
  const other = config([
    custom('twice', () => 'x', { required_columns: ['question'] }),
    custom('one', add(1), numbers),
    custom('two', add(2), numbers),
  ])
  await expect(create({ config: { config: other }, out, rows: 4 })).rejects.toMatchObject({
    code: 'fingerprint-changed',
  })
  // The config that the run folder keeps, in a program without the functions.
  const lone = { text: JSON.stringify(config([custom('one', 'function:add', numbers)])) }
  expect(brief((await validate({ config: lone })).problems)).toEqual([
    "column-not-loaded @ columns.2.generator: Column 'one' can't be loaded: a program passed its function, and it is not available here > Continue the run from that program, or move the function to a file.",
  ])
})

describe('what is wrong beforehand', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await project()
    await desk.write('throws.ts', 'const a: any = null\nexport const b = a.field\n')
    await desk.write('syntax.ts', 'export const a = ;\n')
    await desk.write('lost.ts', "import { defineCustom } from 'rowsmith'\n")
    await desk.write('empty.ts', '')
    await desk.write(
      'wrong.ts',
      `export const typo = { requiredColumn: ['a'], generate() {} }
       export const type = { outputType: 'int', generate() {} }
       export const text = 'text'`,
    )
    return () => desk[Symbol.asyncDispose]()
  })

  test.each<[string, object, string]>([
    [
      'a file that is near',
      { generator: './colums.ts#reply' },
      "generator-missing @ columns.2.generator: Column 'own' can't be loaded: there is no file <desk>/colums.ts > Did you mean './columns.ts'?",
    ],
    [
      'a file without its ending',
      { generator: './columns#reply' },
      "generator-missing @ columns.2.generator: Column 'own' can't be loaded: there is no file <desk>/columns > Did you mean './columns.ts'?",
    ],
    [
      'an export that is near',
      { generator: './columns.ts#replay' },
      "generator-missing @ columns.2.generator: Column 'own' can't be loaded: ./columns.ts exports no 'replay'; it exports loud, rank, reply, scaled > Did you mean './columns.ts#reply'?",
    ],
    [
      'no export',
      { generator: './columns.ts' },
      "generator-missing @ columns.2.generator: Column 'own' can't be loaded: ./columns.ts has no default export; it exports loud, rank, reply, scaled > Add the function's name to the file: ./columns.ts#loud.",
    ],
    [
      'a file without any',
      { generator: './empty.ts#f' },
      "generator-missing @ columns.2.generator: Column 'own' can't be loaded: ./empty.ts exports no 'f'; it exports nothing > Add the function's name to the file: ./empty.ts#name.",
    ],
    [
      'a file that throws',
      { generator: './throws.ts#b' },
      "generator-broken @ columns.2.generator: Column 'own' can't be loaded: ./throws.ts can't be imported: Cannot read properties of null (reading 'field') (throws.ts:2:20) > Run node <desk>/throws.ts to see where it fails.",
    ],
    [
      'a file that is no code',
      { generator: './syntax.ts#a' },
      "generator-broken @ columns.2.generator: Column 'own' can't be loaded: ./syntax.ts can't be imported: Expression expected (syntax.ts:1) > Run node <desk>/syntax.ts to see where it fails.",
    ],
    [
      'no rowsmith beside the file',
      { generator: './lost.ts#a' },
      "generator-broken @ columns.2.generator: Column 'own' can't be loaded: ./lost.ts can't be imported: Cannot find package 'rowsmith' imported from <desk>/lost.ts > Install it next to the config (npm install rowsmith), or export a plain function and use 'import type'.",
    ],
    [
      'what is not a function',
      { generator: './wrong.ts#text' },
      "generator-invalid @ columns.2.generator: Column 'own' can't be loaded: ./wrong.ts#text is a string, and no function > Export a function, or defineCustom({ generate, … }).",
    ],
    [
      'a mistyped field beside the function',
      { generator: './wrong.ts#typo' },
      "generator-invalid @ columns.2.generator: Column 'own' can't be loaded: the declaration of ./wrong.ts#typo is wrong: The config has no field 'requiredColumn'. Did you mean 'requiredColumns'?",
    ],
    [
      'a Python function',
      { generator_function: 'parse_output' },
      "python-function @ columns.2.generator_function: Column 'own' can't be loaded: generator_function names the Python function 'parse_output' > Write the function in TypeScript and name it with generator: ./columns.ts#parse_output; the arguments of its decorator (required_columns, side_effect_columns, model_aliases) become fields of the column.",
    ],
    [
      'no function',
      {},
      "missing-field @ columns.2.generator: Column 'own' can't be loaded: it names no function > Write generator: ./columns.ts#name.",
    ],
    [
      'a column that is none',
      { generator: './columns.ts#loud', required_columns: ['questions'] },
      "unknown-reference @ columns.2.required_columns.0: Column 'own' refers to 'questions', which is not a column > Did you mean 'question'?",
    ],
    [
      'an alias that is none',
      { generator: './columns.ts#rank', model_aliases: ['writr'] },
      "unknown-model @ columns.2.model_aliases.0: Column 'own' uses the model alias 'writr', which is not configured > Did you mean 'writer'?",
    ],
    [
      'a whole column that asks',
      {
        generator: './columns.ts#rank',
        generation_strategy: 'full_column',
        model_aliases: ['writer'],
      },
      "models-not-possible @ columns.2.model_aliases: Column 'own' has model_aliases, and its function gets whole columns, which ask no models here > Send requests cell by cell, and use another column for work that needs all rows.",
    ],
    [
      'a pure function that asks',
      { generator: './columns.ts#rank', pure: true, model_aliases: ['writer'] },
      "models-not-possible @ columns.2.model_aliases: Column 'own' has model_aliases, and its function is pure: its cells are made again, and every request would be paid again > Leave pure out.",
    ],
    [
      'a type that is none',
      { generator: './columns.ts#rank', output_type: 'sting' },
      "wrong-word @ columns.2.output_type: 'output_type' of column 'own' is not a word that is known there > Did you mean 'string'?",
    ],
    [
      'a pure function that always throws',
      { generator: './columns.ts#loud', required_columns: [] },
      "fails-on-sample @ columns.2: Column 'own' fails in all of 50 sampled rows: the function reads the column 'question', which is not in its required_columns: it has none > Each row in which it fails is dropped.",
    ],
  ])('%s', async (_name, fields, expected) => {
    const own = { name: 'own', column_type: 'custom', ...fields }
    const file = await desk.write('config.json', config([own]))
    const { problems } = await validate({ config: file })
    expect(brief(problems).map((text) => text.replaceAll(desk.directory, '<desk>'))).toEqual([
      expected,
    ])
  })
})

describe('what goes wrong in a cell', () => {
  const failing: Record<string, [code: string, expected: string, fields?: object]> = {
    throws: [
      'throw new TypeError("no such thing")',
      'generator-error: no such thing (columns.ts:2:7)',
    ],
    rejects: ['await null\nthrow "a text"', 'generator-error: a text'],
    nothing: [
      '',
      "no-value: the function gave nothing for 'own'; expected a value of type string, or null",
    ],
    type: ['return 3', "wrong-type: for 'own', expected a value of type string, got the number 3"],
    undeclared: [
      'return row.n',
      "undeclared-column: the function reads the column 'n', which is not in its required_columns: it has question",
    ],
    mistyped: [
      'return row.questions',
      "undeclared-column: the function reads 'questions', which is no column of its row: it has question; did you mean 'question'?",
    ],
    alias: [
      'return context.ask("writr", "x")',
      "undeclared-alias: the function asks the model alias 'writr', which is not in its model_aliases: it names writer; did you mean 'writer'?",
    ],
    operation: [
      'return context.request("writer", { operation: "embed", inputs: [] })',
      "wrong-request: a request to the model alias 'writer' has operation 'chat', got \"embed\"",
    ],
    messages: [
      'return context.request("writer", { operation: "chat", messages: ["x"] })',
      "wrong-request: a request to the model alias 'writer' needs messages, each with a role and a list as content, such as textMessage('user', '…')",
    ],
    side: [
      'return { own: "x", othr: 1 }',
      "no-value: the function gave nothing for 'other'; it returns an object with 'own', 'other', and this one has own, othr",
      { side_effect_columns: { other: 'int64' } },
    ],
    sideType: [
      'return { own: "x", other: "y" }',
      `wrong-type: for 'other', expected a value of type int64, got the text "y"`,
      { side_effect_columns: { other: 'int64' } },
    ],
    sides: [
      'return "x"',
      "wrong-type: with side columns the function returns an object with 'own', 'other', got a string",
      { side_effect_columns: ['other'] },
    ],
    refused: [
      'try { await context.ask("writer", "no") } catch (cause) { throw new Error("given up", { cause }) }',
      'bad-request: given up (columns.ts:2:65)',
    ],
    unwatched: [
      'context.ask("writr", "x"); context.ask("writer", "no"); await 0; return 1',
      "wrong-type: for 'own', expected a value of type string, got the number 1",
    ],
    hangs: [
      'await new Promise(() => {})',
      "timeout: the column's own code did not finish within 1 s; if it needs longer, raise local_timeout in the run config",
    ],
  }

  test.each(Object.keys(failing))('%s', async (name) => {
    const [code = '', expected = '', fields = {}] = failing[name] ?? []
    // Only in one of two rows: what fails in all of them is found before the run.
    const good = Object.keys(fields).length === 0 ? '"good"' : '{ own: "good", other: 1 }'
    await using desk = await project(
      `export async function f(row: any, context: any) { if (context.row === 0) return ${good.replace('1', name === 'sides' ? '"1"' : '1')}\n${code}\n}`,
    )
    await using server = await createModelServer({
      script: ({ prompt }) => (prompt === 'no' ? { status: 400, error: 'no' } : {}),
    })
    const own = custom('own', './columns.ts#f', {
      required_columns: ['question'],
      model_aliases: ['writer'],
      ...fields,
    })
    const file = await desk.write('config.json', config([own], server.url))
    const out = desk.path('run')
    const result = await create({ config: file, out, rows: 2, runConfig: { local_timeout: 1 } })
    expect(result.rows).toMatchObject({ accepted: 1, dropped: 1 })
    expect(failuresOf(out)).toEqual([expected])
  })

  test('of a whole column: one value, no list, too short a list', async () => {
    await using desk = await project(`
      export const one = (rows: any[]) => rows.map((_, at) => (at === 1 ? new Error('not this') : at))
      export const none = () => undefined
      export const short = () => [1]
    `)
    const whole = {
      generation_strategy: 'full_column',
      output_type: 'int64',
      on_failure: 'null',
    }
    const names = ['one', 'none', 'short']
    const columns = names.map((name) => custom(name, `./columns.ts#${name}`, whole))
    const file = await desk.write('config.json', config(columns))
    const out = desk.path('run')
    const told = new Set<string>()
    await create({
      config: file,
      out,
      rows: 3,
      onEvent(event) {
        if (event.type === 'cell-failed') told.add(event.message)
      },
    })
    const records = await recordsOf(out)
    expect(names.map((name) => records.map((record) => record[name]))).toEqual([
      [0, null, 2],
      [null, null, null],
      [null, null, null],
    ])
    expect([...told].toSorted()).toEqual([
      'not this (columns.ts:2:75)',
      'the function of a whole column returns a list with one value for each of its 3 rows, got a list of 1',
      'the function of a whole column returns a list with one value for each of its 3 rows, got nothing',
    ])
  })
})

test('a check of the config calls pure functions, and others until they ask for something', async () => {
  await using desk = await project(`
    import { appendFileSync } from 'node:fs'
    const note = (what: string) => appendFileSync('NOTES', what + '\\n')
    export const pure = { pure: true, generate: () => { note('pure'); return 'x' } }
    export const costly = async () => { note('costly'); return 'x' }
    export const whole = { generationStrategy: 'full_column', generate: (rows: any[]) => { note('whole'); return rows } }
    export const asks = { modelAliases: ['writer'], async generate(_row: any, context: any) {
      note('asks')
      const text = await context.ask('writer', 'x')
      note('asked')
      return text
    } }
  `)
  const notes = desk.path('notes')
  await desk.write('columns.ts', (await desk.read('columns.ts')).replace('NOTES', notes))
  const names = ['pure', 'costly', 'whole', 'asks']
  const columns = names.map((name) => custom(name, `./columns.ts#${name}`))
  const file = await desk.write('config.json', config(columns))
  expect((await validate({ config: file })).problems).toEqual([])
  const called = new Set((await desk.read('notes')).trim().split('\n'))
  expect([...called]).toEqual(['pure', 'asks'])
})

test('a model of vectors, and a temperature that is drawn', async () => {
  await using desk = await project(`
    export const place = {
      modelAliases: ['vectors', 'writer'],
      requiredColumns: ['question'],
      outputType: 'vector',
      sideEffectColumns: { said: 'string' },
      async generate({ question }: any, context: any) {
        const inputs = [[{ type: 'text', text: question }]]
        const { vectors } = await context.request('vectors', { operation: 'embed', inputs })
        return { place: vectors[0], said: await context.ask('writer', question) }
      },
    }
  `)
  const temperatures: unknown[] = []
  await using server = await createModelServer({
    script({ text }) {
      const { temperature } = JSON.parse(text) as { temperature?: number }
      if (temperature !== undefined) temperatures.push(temperature)
      return {}
    },
  })
  const { model_providers: providers } = models(server.url)
  const drawn = { distribution_type: 'uniform', params: { low: 0.2, high: 0.9 } }
  const alias = (name: string, parameters: object) => ({
    alias: name,
    model: 'm',
    provider: 'p',
    skip_health_check: true,
    inference_parameters: parameters,
  })
  const file = await desk.write('config.json', {
    seed: 4,
    model_providers: providers,
    model_configs: [
      alias('vectors', { generation_type: 'embedding' }),
      alias('writer', { temperature: drawn }),
    ],
    columns: [question, custom('place', './columns.ts#place')],
  })
  const out = desk.path('run')
  await create({ config: file, out, rows: 3 })
  const records = await recordsOf(out)
  expect(records.every(({ place }) => Array.isArray(place) && place.length > 1)).toBe(true)
  expect(new Set(temperatures).size).toBe(3)
  expect(temperatures.every((value) => Number(value) >= 0.2 && Number(value) < 0.9)).toBe(true)
})

test('randomness is of the row, whatever comes first', async () => {
  await using desk = await createDesk()
  const draws = (_row: object, context: CustomContext) => [context.random(), context.random()]
  const made = config([custom('draws', draws, { output_type: 'json' })])
  const all: unknown[][] = []
  for (const buffer of [1, 5]) {
    const out = desk.path(`run${buffer}`)
    await create({ config: { config: made }, out, rows: 5, runConfig: { buffer_size: buffer } })
    all.push((await recordsOf(out)).map((record) => record['draws']))
  }
  expect(all[0]).toEqual(all[1])
  expect(new Set(all.flat(2)).size).toBe(10)
})

test("NeMo Data Designer's columns are read once their functions are named", async () => {
  await using desk = await project('export const f = () => 1')
  const own = {
    column_type: 'custom',
    drop: false,
    generation_strategy: 'cell_by_cell',
    generator_function: 'compute_weighted_score',
    generator_params: null,
    name: 'score',
    propagate_skip: true,
    skip: null,
    generator: './columns.ts#f',
    output_type: 'int64',
  }
  const file = await desk.write('config.json', config([own]))
  expect((await validate({ config: file })).problems).toEqual([])
})

test('the example', async () => {
  const folder = new URL('../../examples/second-thoughts/', import.meta.url)
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ prompt }) => ({ text: prompt.slice(-40) }),
  })
  const text = await readFile(new URL('config.yaml', folder), 'utf8')
  await desk.write('config.yaml', text.replace('https://api.openai.com/v1', server.url))
  await copyFile(new URL('columns.ts', folder), desk.path('columns.ts'))
  const environment = { OPENAI_API_KEY: 'test-key-0123456789' }
  const out = desk.path('run')
  const result = await create({ config: desk.path('config.yaml'), out, rows: 3, environment })
  expect(result.rows).toMatchObject({ accepted: 3 })
  expect(result.requests).toBe(9)
  const [record] = await recordsOf(out)
  expect(Object.keys(record ?? {})).toEqual([
    'topic',
    'reader',
    'explanation',
    'draft',
    'critique',
    'change',
  ])
})
