import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  custom,
  dataset,
  expression,
  llm,
  model,
  open,
  provider,
  sampler,
  start,
  z,
} from '../src/index.ts'
import { scriptedProvider } from '../src/testing/index.ts'
import { createDesk } from './e2e/command.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))

const writer = model('writer', {
  provider: provider('inside', { provider_type: 'scripted' }),
  model: 'small',
})

/** Answers every review with its own prompt. */
function scripted() {
  return scriptedProvider((call) =>
    JSON.stringify({ stars: 4, text: /Review.*/.exec(call.prompt)?.[0] ?? '' }),
  )
}

function plugin(kind = scripted()) {
  return { name: 'inside', providers: [kind] }
}

const reviews = dataset('reviews', { seed: 7 })
  .column('product', sampler.category(['kettle', 'lamp']))
  .column('price', sampler.uniform({ low: 10, high: 20, decimal_places: 2 }))
  .column('id', sampler.uuid(), { drop: true })
  .column(
    'review',
    llm.structured({
      model: writer,
      schema: z.object({ stars: z.int(), text: z.string() }),
      prompt: (row) => `Review ${row.product.toUpperCase()}`,
    }),
  )
  .column('stars', expression('{{ review.stars }}', 'int'))
  .column(
    'shout',
    custom((row) => `${row.review.text}!`),
  )

test('a dataset in TypeScript makes typed rows, while the run works and afterwards', async () => {
  await using desk = await createDesk()
  const kind = scripted()
  const options = { out: desk.path('run'), plugins: [plugin(kind)] }
  await using run = await reviews.create({ ...options, rows: 4 })
  const rows = []
  for await (const row of run) rows.push(row)
  expect(rows).toHaveLength(4)
  for (const row of rows) {
    const product: 'kettle' | 'lamp' = row.product
    const stars: number = row.review.stars
    expect(row).toEqual({
      product,
      price: expect.any(Number) as number,
      review: { stars, text: `Review ${product.toUpperCase()}` },
      stars: 4,
      shout: `Review ${product.toUpperCase()}!`,
    })
  }
  expect(await run.toArray()).toEqual(rows)
  expect(await run.finished).toMatchObject({ end: { kind: 'complete' } })
  const sent = kind.calls.length

  // A later run with the same program continues, and pays for nothing again.
  await using again = await reviews.create({ ...options, rows: 6 })
  expect(await again.toArray()).toHaveLength(6)
  expect(kind.calls).toHaveLength(sent + 2)
})

test('records come while rows are still made, and a run that failed does not end as a complete one', async () => {
  await using desk = await createDesk()
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const kind = scriptedProvider(async ({ number }) => {
    if (number >= 4) await held
    return JSON.stringify({ stars: number, text: '' })
  })
  await using run = await reviews.create({
    out: desk.path('run'),
    rows: 8,
    plugins: [plugin(kind)],
    runConfig: { buffer_size: 2, part_rows: 2 },
  })
  const rows = run[Symbol.asyncIterator]()
  const first = [await rows.next(), await rows.next()]
  expect(first.map(({ done }) => done)).toEqual([false, false])
  expect(run.progress()?.rows.remaining).toBeGreaterThan(0)
  // Another reader sees them, too.
  await using reader = await open(run.directory)
  const decided = await Array.fromAsync(reader.records())
  expect(decided.slice(0, 2)).toEqual(first.map(({ value }) => value as unknown))
  release()
  let count = first.length
  for (;;) {
    const next = await rows.next()
    if (next.done === true) break
    count += 1
  }
  expect(count).toBe(8)
})

test('records of an interrupted run are those that are decided', async () => {
  await using desk = await createDesk()
  const kind = scriptedProvider(async ({ number }) => {
    if (number >= 3) await new Promise(() => undefined)
    return JSON.stringify({ stars: number, text: 'x' })
  })
  const config = { config: reviews.toConfig(), name: 'reviews' }
  await using run = await start({
    config,
    out: desk.path('run'),
    rows: 10,
    plugins: [plugin(kind)],
  })
  while ((run.progress()?.columns.find(({ name }) => name === 'review')?.made ?? 0) < 3) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  run.abort()
  await run.finished
  await using made = await open(run.directory, { plugins: [plugin()] })
  expect(await Array.fromAsync(made.records())).toHaveLength(3)
})

test('a dataset is written as YAML and read back, unless it holds functions', async () => {
  const plain = dataset('plain', { rows: 3, seed: 1 })
    .column('kind', sampler.category(['a', 'b'], { weights: [1, 3] }))
    .column('sub', sampler.subcategory({ category: 'kind', values: { a: ['x'], b: ['y'] } }))
    .column('n', sampler.poisson({ mean: 3 }, { convert_to: 'int' }))
    .column(
      'name',
      llm.text({ model: writer, prompt: 'A name for {{ sub }} of {{ kind | upper }}' }),
      {
        on_failure: 'null',
      },
    )
    .column(
      'score',
      llm.judge({
        model: writer,
        prompt: 'Judge {{ name }}',
        scores: [
          { name: 'fit', description: 'How well it fits', options: { good: 'well', bad: 'not' } },
        ],
      }),
    )
    .filter('{{ n > 0 }}')
    .constraint({ target_column: 'n', operator: 'lt', rhs: 9 })
  const text = plain.toYAML()
  expect(text).toContain('alias: writer')
  expect(text).toContain('prompt: A name for {{ sub }} of {{ kind | upper }}')
  expect(await plain.validate({ plugins: [plugin()] })).toMatchObject({ ok: true })
  const { validate } = await import('../src/index.ts')
  expect(await validate({ config: { text }, plugins: [plugin()] })).toMatchObject({ ok: true })
  expect(parse(text)).toEqual(JSON.parse(JSON.stringify(plain.toConfig())))
  expect(() => reviews.toYAML()).toThrow('no YAML can hold the functions of review__prompt, shout')
})

test('schemas of Zod, Valibot and ArkType type a column and hold its answers', async () => {
  await using desk = await createDesk()
  const kind = scriptedProvider(({ prompt }) =>
    JSON.stringify(prompt.includes('wrong') ? { stars: 'many' } : { stars: 4, text: 'good' }),
  )
  const prompt = 'Review it'
  const valibot = v.object({ stars: v.pipe(v.number(), v.integer()), text: v.string() })
  const built = dataset('schemas')
    .column(
      'zod',
      llm.structured({
        model: writer,
        schema: z.object({ stars: z.int(), text: z.string() }),
        prompt,
      }),
    )
    .column(
      'valibot',
      llm.structured({ model: writer, schema: toStandardJsonSchema(valibot), prompt }),
    )
    .column(
      'arktype',
      llm.structured({
        model: writer,
        schema: type({ stars: 'number.integer', text: 'string' }),
        prompt,
      }),
    )
    .column(
      'wrong',
      llm.structured({ model: writer, schema: type({ stars: 'number' }), prompt: 'wrong' }),
    )
  await using run = await built.create({
    out: desk.path('run'),
    rows: 1,
    plugins: [plugin(kind)],
  })
  const [row] = await run.toArray()
  if (row === undefined) throw new Error('there is no row')
  const stars: number[] = [row.zod.stars, row.valibot.stars, row.arktype.stars]
  const texts: string[] = [row.zod.text, row.valibot.text, row.arktype.text]
  expect([stars, texts]).toEqual([
    [4, 4, 4],
    ['good', 'good', 'good'],
  ])
  // An answer that does not fit is asked for again.
  expect(row.wrong).toEqual({ stars: 4 })
  const table = await run.toArrow()
  expect(table.schema.fields.map((field) => String(field.type))).toContain(
    'Struct<{stars:Int64, text:Utf8}>',
  )
  expect(() =>
    built.column('bare', llm.structured({ model: writer, schema: valibot, prompt })).toYAML(),
  ).toThrow(
    expect.objectContaining({
      hints: ['Wrap it in toStandardJsonSchema() of the package @valibot/to-json-schema.'],
    }) as Error,
  )
})

test('options no one knows are refused by name', () => {
  const loose = dataset as (name: string, options: object) => unknown
  expect(() => loose('x', { sed: 1 })).toThrow("dataset() has no option 'sed'")
  const misspelled: object = { dorp: true }
  expect(() => reviews.column('x', sampler.uuid(), misspelled)).toThrow(
    "column 'x' has no option 'dorp'",
  )
  const other = model('writer', { provider: 'openai', model: 'other' })
  expect(() => reviews.column('t', llm.text({ model: other, prompt: 'x' }))).toThrow(
    "two different models have the alias 'writer'",
  )
})

test(
  'every wrong program is refused by the compiler, in words that say what is wrong',
  { timeout: 60_000 },
  async () => {
    const file = join(repository, 'test/types/wrong-programs.ts')
    const lines = (await readFile(file, 'utf8')).split('\n')
    const expected = lines.flatMap((line, index) => {
      const [, message] = /\/\/ error: (.*)/.exec(line) ?? []
      return message === undefined ? [] : [{ line: index + 2, message }]
    })
    expect(expected.length).toBeGreaterThan(15)
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    const said = await promisify(execFile)(
      process.execPath,
      [compiler, '-p', 'test/types', '--noEmit', '--pretty', 'false'],
      { cwd: repository },
    ).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    )
    const errors = new Map<number, string>()
    let last = 0
    for (const line of said.split('\n')) {
      const [, at] = /^test\/types\/wrong-programs\.ts\((\d+),/.exec(line) ?? []
      if (at !== undefined) last = Number(at)
      errors.set(last, `${errors.get(last) ?? ''}${line}\n`)
    }
    for (const { line, message } of expected) {
      expect(nearLine(errors, line), `line ${line}`).toContain(message)
    }
    expect(
      [...errors.keys()].filter(
        (line) => !expected.some((one) => line >= one.line && line <= one.line + 2),
      ),
    ).toEqual([])
  },
)

/** What is said of a line, or of the statement's next ones. */
function nearLine(errors: ReadonlyMap<number, string>, line: number): string {
  return [0, 1, 2].map((next) => errors.get(line + next) ?? '').join('')
}
