import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Problem } from '../config/problem.ts'
import { CellFailure } from '../graph/failure.ts'
import { type ColumnKind, defineColumn } from '../graph/kind.ts'
import { textMessage } from '../graph/request.ts'
import { commonFields } from '../config/common-fields.ts'
import { z } from 'zod'
import { toText } from '../templates/values/python-text.ts'
import { systemClock } from '../util/clock.ts'
import { validate } from './validate.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowsmith-dry-'))
})
afterAll(() => rm(folder, { recursive: true }))

const animal = {
  name: 'animal',
  column_type: 'sampler',
  sampler_type: 'category',
  params: { values: ['cat', 'dog'] },
}

const models = {
  model_providers: [{ name: 'local', endpoint: 'http://127.0.0.1:9/v1' }],
  model_configs: [{ alias: 'm', provider: 'local', model: 'test' }],
}

const story = {
  name: 'story',
  column_type: 'llm-text',
  model_alias: 'm',
  prompt: 'A {{ animal }}.',
}

function expression(name: string, expr: string, fields: object = {}): object {
  return { name, column_type: 'expression', expr, ...fields }
}

async function problemsOf(
  columns: readonly object[],
  { parts = {}, kinds = [] }: { parts?: object; kinds?: ColumnKind[] } = {},
): Promise<readonly Problem[]> {
  const plugins = [{ name: 'test', columns: kinds }]
  const config = { ...models, columns: [animal, ...columns], ...parts }
  return (await validate({ config: { config }, environment: {}, plugins })).problems
}

function brief(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ level, code, path, message, received }) =>
      `${level} ${code} @ ${path.join('.')}: ${message}${received === undefined ? '' : ` | ${received}`}`,
  )
}

async function told(...columns: object[]): Promise<string[]> {
  return brief(await problemsOf(columns))
}

/** A seed file next to the config's parts. */
async function seed(name: string, lines: readonly string[], fields: object = {}): Promise<object> {
  const path = join(folder, name)
  await writeFile(path, `${lines.join('\n')}\n`)
  return { seed_config: { source: { seed_type: 'local', path }, ...fields } }
}

describe('what fails in every row', () => {
  test('is an error, with place, values and reason', async () => {
    const problems = await problemsOf([expression('e', 'Hello\n  {{ animal.owner.name }}')])
    expect(brief(problems)).toMatchInlineSnapshot(`
      [
        "error fails-on-sample @ columns.1.expr: Column 'e' fails in all of 50 sampled rows: "animal" (str) has no "owner", in animal.owner.name | animal = "cat" (row 0)",
      ]
    `)
    expect(problems[0]?.within).toEqual({ line: 2, column: 6 })
  })

  test.each<[string, object, string]>([
    ['a cast', expression('e', '{{ animal }}', { dtype: 'int' }), 'columns.1.expr'],
    ['a prompt', { ...story, prompt: '{{ animal + 1 }}' }, 'columns.1.prompt'],
    ['a system prompt', { ...story, system_prompt: '{{ animal / 2 }}' }, 'columns.1.system_prompt'],
    [
      'a condition of a sampler',
      { ...animal, name: 's', conditional_params: { 'animal > 3': { values: ['x'] } } },
      'columns.1.conditional_params.animal > 3',
    ],
  ])('%s', async (_, column, path) => {
    const [line, ...more] = await told(column)
    expect(line).toMatch(`error fails-on-sample @ ${path}: Column`)
    expect(line).toContain('fails in all of 50 sampled rows')
    expect(line).toMatch(/\| animal = "(cat|dog)" \(row 0\)$/)
    expect(more).toEqual([])
  })

  test('hides nothing of columns next to it, and what reads it is not told of again', async () => {
    const lines = await told(
      expression('a', '{{ animal.b.c }}'),
      expression('b', '{{ a }}', { dtype: 'int' }),
      expression('c', '{{ animal - 1 }}'),
    )
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'error fails-on-sample @ columns.1.expr',
      'error fails-on-sample @ columns.3.expr',
    ])
  })

  test('is a warning where the row is kept, or not every row needs the cell', async () => {
    const kept = expression('e', '{{ animal }}', { dtype: 'int', on_failure: 'null' })
    const skipped = expression('e', '{{ animal }}', {
      dtype: 'int',
      skip: { when: "{{ animal == 'cat' }}" },
    })
    expect(await told(kept)).toEqual([
      expect.stringMatching(/^warning fails-on-sample .* all of 50/),
    ])
    expect(await told(skipped)).toEqual([
      expect.stringMatching(/^warning fails-on-sample .* all of \d\d sampled rows/),
    ])
  })

  test('is reported for sound columns of a config with other mistakes', async () => {
    const lines = await told(
      expression('a', '{{ animal.b.c }}'),
      expression('b', '{{ b2 }}'),
      expression('b2', '{{ b }}'),
      expression('c', '{{ b }} {{ zzz }}'),
      { name: 'd', column_type: 'expresion', expr: '{{ animal * animal }}' },
    )
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'error unknown-column-type @ columns.5.column_type',
      'error unknown-reference @ columns.4.expr',
      'error cycle @ columns.2.expr',
      'error fails-on-sample @ columns.1.expr',
    ])
  })
})

test('what fails in some rows is a warning', async () => {
  const [line, ...more] = await told(
    expression('e', "{{ animal if animal == 'cat' else 7 }}", { dtype: 'int' }),
  )
  expect(line).toMatch(
    /^warning fails-on-sample @ columns\.1\.expr: Column 'e' fails in [1-4] of 5 sampled rows: .* got "cat" \| animal = "cat"/,
  )
  expect(more).toEqual([])
})

describe('an expression without text', () => {
  test('is reported when it happens in all rows', async () => {
    expect(await told(expression('e', "{% if animal == 'cow' %}x{% endif %}"))).toEqual([
      expect.stringMatching(
        /^warning empty-on-sample @ columns\.1\.expr: Column 'e' fails in all of 50 sampled rows: the expression renders to an empty text/,
      ),
    ])
  })
  test('may be a filter of rows', async () => {
    expect(await told(expression('e', "{% if animal == 'cat' %}x{% endif %}"))).toEqual([])
  })
})

describe('what only a model can make', () => {
  test('is no reason to complain of what is made of it', async () => {
    const lines = await told(
      { ...story, with_trace: 'all_messages', extract_reasoning_content: true },
      expression('a', '{{ story }}', { dtype: 'int' }),
      expression('b', "{{ story.split('Score:')[1].strip() | int + 1 }}"),
      expression('c', '{{ story__trace[7].content[0].text }}{{ story__reasoning_content[3] }}'),
      expression('d', '{{ a + 1 }}', { dtype: 'int' }),
      expression('e', 'x', { skip: { when: '{{ story.a.b.c }}' } }),
      { ...story, name: 'second', prompt: '{{ a / 0 if a > 1 else story.x.y }}' },
    )
    expect(lines).toEqual([])
  })

  test('does not hide what fails whatever it says', async () => {
    const lines = await told(
      { ...story },
      expression('a', '{{ story }} {{ animal.owner.name }}'),
      expression('b', '{{ story ~ animal.owner.name }}'),
      { ...story, name: 'second', prompt: '{{ story }}{{ animal + 1 }}' },
    )
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      'warning fails-on-sample @ columns.2.expr',
      'warning fails-on-sample @ columns.4.prompt',
    ])
  })

  test('makes a cell behind a condition on it uncertain', async () => {
    const lines = await told(
      story,
      expression('a', '{{ animal.b.c }}', { skip: { when: "{{ story == 'text' }}" } }),
    )
    expect(lines).toEqual([expect.stringMatching(/^warning fails-on-sample @ columns\.2\.expr/)])
  })
})

test('a skip condition that fails in all rows is reported', async () => {
  const lines = await told(expression('e', 'x', { skip: { when: '{{ animal.age > 3 }}' } }))
  expect(lines).toMatchInlineSnapshot(`
    [
      "warning condition-fails-on-sample @ columns.1.skip.when: The skip condition of column 'e' fails in all of 50 sampled rows, which skips it: "animal" (str) has no "age"",
    ]
  `)
})

describe('seed columns', () => {
  const doubled = expression('double', '{{ price * 2 }}', { dtype: 'float' })

  test('are those of the file', async () => {
    const parts = await seed('prices.csv', ['item,price', 'tea,free', 'cake,cheap'])
    const lines = brief(
      await problemsOf([expression('n', '{{ price }}', { dtype: 'int' })], { parts }),
    )
    expect(lines).toEqual([
      expect.stringMatching(
        /^error fails-on-sample @ columns\.1\.expr: .* price = "free" \(row 0\)$/,
      ),
    ])
  })

  test('are in the order and from the selection of the run', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => (index < 20 ? 'none' : `${index}`))
    const number = expression('n', '{{ price }}', { dtype: 'int' })
    const parts = (fields: object) =>
      seed('half.csv', ['price', ...rows.map((price) => `p${price}`)], fields)
    const cut = expression('n', '{{ price[1:] }}', { dtype: 'int' })
    const first = { selection_strategy: { start: 0, end: 19 } }
    const last = { selection_strategy: { start: 20, end: 39 } }
    expect(brief(await problemsOf([cut], { parts: await parts(first) }))).toEqual([
      expect.stringMatching(/^error fails-on-sample/),
    ])
    expect(brief(await problemsOf([cut], { parts: await parts(last) }))).toEqual([])
    const [shuffled] = brief(
      await problemsOf([cut], { parts: await parts({ sampling_strategy: 'shuffle' }) }),
    )
    expect(shuffled).toMatch(/^warning fails-on-sample .* [1-4] of 5 sampled rows/)
    expect(brief(await problemsOf([number], { parts: await parts({}) }))).toHaveLength(1)
  })

  test('of which not all were seen are no proof', async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => (index < 2000 ? 'p' : '7'))
    const parts = await seed('long.csv', ['price', ...rows])
    const lines = brief(
      await problemsOf([expression('n', '{{ price }}', { dtype: 'int' })], { parts }),
    )
    expect(lines).toEqual([expect.stringMatching(/^warning fails-on-sample .* all of 50/)])
  })

  test('from deep inside a file are not read', async () => {
    const parts = await seed('deep.csv', ['price', ...Array.from({ length: 10_100 }, () => 'p')], {
      selection_strategy: { start: 10_050, end: 10_099 },
    })
    expect(brief(await problemsOf([doubled], { parts }))).toEqual([])
  })
})

describe("kinds of one's own", () => {
  function kind(generate: () => string, pure = true): ColumnKind {
    return defineColumn({
      type: 'own',
      schema: z.strictObject({ ...commonFields, column_type: z.literal('own') }),
      describe: () => ({
        by: 'row',
        pure,
        output: 'string',
        references: [],
        routes: [],
        requests: 'none',
      }),
      bind: () => ({ by: 'row', generate }),
    })
  }
  const own = { name: 'own', column_type: 'own' }

  test('are tried when they are pure', async () => {
    const failing = kind(() => {
      throw new CellFailure('too-hot', 'it is too hot')
    })
    expect(brief(await problemsOf([own], { kinds: [failing] }))).toEqual([
      "error fails-on-sample @ columns.1: Column 'own' fails in all of 50 sampled rows: it is too hot",
    ])
  })

  test('are left alone when they are not; a mistake of theirs is the one problem', async () => {
    let calls = 0
    const counted = kind(() => `${(calls += 1)}`, false)
    expect(await problemsOf([own], { kinds: [counted] })).toEqual([])
    expect(calls).toBe(0)
    const broken = kind(() => {
      throw new Error('a defect')
    })
    const found = await problemsOf([own, expression('e', '{{ own.a.b }}')], { kinds: [broken] })
    expect(brief(found)).toEqual([
      "error plugin-failed @ columns.1: Plugin 'test': generate() of its column kind 'own' threw, in column 'own', row 0: a defect",
    ])
  })
})

test('a template that takes long is looked at in few rows', async () => {
  // Each look at the clock finds another 300 ms gone.
  let now = 0
  const clock = { ...systemClock, now: () => (now += 300) }
  const config = { ...models, columns: [animal, expression('e', '{{ animal.a.b }}')] }
  const { problems } = await validate({ config: { config }, environment: {}, clock })
  expect(brief(problems)).toEqual([
    expect.stringMatching(/^warning fails-on-sample .* all of 3 sampled rows/),
  ])
})

test('columns after the time limit of all are not tried, and nothing is reported about them', async () => {
  // Each look at the clock finds another 100 ms gone: a column of five rows takes 600.
  let now = 0
  const clock = { ...systemClock, now: () => (now += 100) }
  const failing = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) =>
    expression(name, '{{ animal.a.b }}'),
  )
  const reading = expression('i', '{{ h.a.b }}')
  const config = { ...models, columns: [animal, ...failing, reading] }
  const { problems, ok } = await validate({ config: { config }, environment: {}, clock })
  // The first sampling has time for the animal and four columns; the second for none of them.
  expect(ok).toBe(true)
  expect(brief(problems).map((line) => line.split(':')[0])).toEqual([
    'warning fails-on-sample @ columns.1.expr',
    'warning fails-on-sample @ columns.2.expr',
    'warning fails-on-sample @ columns.3.expr',
    'warning fails-on-sample @ columns.4.expr',
  ])
})

test('the report of a config is always the same', async () => {
  const columns = [
    expression('a', "{{ animal if animal == 'cat' else 7 }}", { dtype: 'int' }),
    { ...story, prompt: '{{ animal + 1 }}' },
  ]
  expect(await problemsOf(columns)).toEqual(await problemsOf(columns))
})

describe('the first request of a conversation', () => {
  const asked: string[] = []
  const talk = defineColumn({
    type: 'talk',
    schema: z.strictObject({ ...commonFields, column_type: z.literal('talk'), of: z.string() }),
    describe: ({ of }, { path }) => ({
      by: 'cell',
      pure: false,
      output: 'string',
      references: [{ name: of, path: [...path, 'of'] }],
      routes: [{ name: 'm', operation: 'chat', requests: 'many' }],
    }),
    bind: ({ of }, context) => ({
      by: 'cell',
      requests: 'many',
      async run(row, { request }) {
        const about = toText(row.get(context.columnId(of)))
        if (about === 'cat') throw new CellFailure('no-cats', 'no cats here')
        try {
          await request('m', { operation: 'chat', messages: [textMessage('user', about)] })
          return { value: 'never' }
        } finally {
          asked.push(about)
        }
      },
    }),
  })

  test('is made, sent nowhere, and its function is left', async () => {
    const dogs = { ...animal, name: 'dogs', params: { values: ['dog'] } }
    const column = { name: 'said', column_type: 'talk', of: 'dogs' }
    expect(brief(await problemsOf([dogs, column], { kinds: [talk] }))).toEqual([])
    expect(asked).toEqual(Array.from({ length: 5 }, () => 'dog'))
  })

  test('that can not be made is reported as that of any column', async () => {
    const cats = { ...animal, name: 'cats', params: { values: ['cat'] } }
    const column = { name: 'said', column_type: 'talk', of: 'cats' }
    expect(brief(await problemsOf([cats, column], { kinds: [talk] }))).toMatchInlineSnapshot(`
      [
        "error fails-on-sample @ columns.2: Column 'said' fails in all of 50 sampled rows: no cats here | cats = "cat" (row 0)",
      ]
    `)
  })
})
