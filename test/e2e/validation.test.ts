import { expect, test } from 'vitest'
import { create, type DatasetRecord, open, validate } from '../../src/index.ts'
import { createDesk, type Desk } from './command.ts'

/** Rows of a seed with two statements; every third first one is broken, every fourth second one. */
const rows = Array.from({ length: 24 }, (_, row) => ({
  id: row,
  one: row % 3 === 0 ? `SELEC ${row}` : `SELECT ${row}`,
  two: row % 4 === 0 ? `SELECT 1 FROM WHERE ${row}` : `SELECT ${row}`,
}))

async function seeded(
  desk: Desk,
  columns: readonly object[],
  further: object = {},
): Promise<object> {
  const path = await desk.write('rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
  return { seed: 1, seed_config: { source: { seed_type: 'local', path } }, columns, ...further }
}

function check(fields: object): object {
  return {
    name: 'lint',
    column_type: 'validation',
    target_columns: ['one'],
    validator_type: 'code',
    validator_params: { code_lang: 'sql:sqlite' },
    ...fields,
  }
}

async function make(
  desk: Desk,
  config: object,
  name = 'run',
): Promise<{ records: DatasetRecord[]; result: Awaited<ReturnType<typeof create>> }> {
  const result = await create({ config: { config }, rows: 24, out: desk.path(name) })
  expect(result).toMatchObject({ end: { kind: 'complete' } })
  await using dataset = await open(result.dir)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return { records, result }
}

interface Verdict {
  is_valid: boolean
  error_messages: string
}

test('every target has its own verdict, in its own row, whatever was dropped or skipped', async () => {
  await using desk = await createDesk()
  const { records, result } = await make(
    desk,
    await seeded(desk, [
      // Rows that are lost in the middle of every group.
      { name: 'bad', column_type: 'expression', expr: '{{ 1 // (id % 5) }}' },
      check({ target_columns: ['one', 'two'], skip: { when: '{{ id % 7 == 0 }}' } }),
      {
        name: 'verdict',
        column_type: 'expression',
        dtype: 'bool',
        expr: '{{ lint.one.is_valid }}',
      },
    ]),
  )
  expect(
    result.judges.map(({ score, given }) => [score, ...given.map(({ count }) => count)]),
  ).toEqual([
    ['one', 11, 5],
    ['two', 12, 4],
  ])
  const ids = rows.map(({ id }) => id).filter((id) => id % 5 !== 0)
  expect(records.map(({ id }) => id)).toEqual(ids)
  for (const { id, lint, verdict } of records) {
    const row = Number(id)
    const isSkipped = row % 7 === 0
    const { one, two } = (lint ?? {}) as Record<string, Verdict | undefined>
    expect([row, one?.is_valid, two?.is_valid, verdict]).toEqual(
      isSkipped
        ? [row, undefined, undefined, null]
        : [row, row % 3 !== 0, row % 4 !== 0, row % 3 !== 0],
    )
    const isBroken = row % 4 === 0 && !isSkipped
    const said = isBroken ? 'PRS: Line 1: near "WHERE": syntax error' : ''
    expect(two?.error_messages ?? '').toBe(said)
  }
})

test('invalid rows are kept, rejected, or dropped', async () => {
  await using desk = await createDesk()
  const paid = { name: 'paid', column_type: 'expression', expr: '{{ one }}!' }
  const of = (on: string): Promise<object> => seeded(desk, [check({ on_invalid: on }), paid])
  const kept = await make(desk, await of('keep'), 'kept')
  expect(kept.records).toHaveLength(24)
  const given = [
    { option: 'true', count: 16 },
    { option: 'false', count: 8 },
  ]
  expect(kept.result.judges).toEqual([{ column: 'lint', score: 'is_valid', given, summaries: [] }])
  expect(kept.records[0]).toMatchObject({
    lint: { is_valid: false, error_messages: expect.stringContaining('SELEC') },
  })

  const rejected = await make(desk, await of('reject'), 'rejected')
  expect(rejected.result.rows).toMatchObject({ accepted: 16, rejected: 8, dropped: 0 })
  expect(rejected.result.rejections).toEqual([{ name: 'lint', code: 'invalid', count: 8, row: 0 }])
  expect(rejected.records.map(({ id }) => Number(id) % 3)).not.toContain(0)

  const dropped = await make(desk, await of('drop'), 'dropped')
  expect(dropped.result.rows).toMatchObject({ accepted: 16, rejected: 0, dropped: 8 })
  await using dataset = await open(dropped.result.dir)
  const { failures } = await dataset.summary()
  expect(failures).toMatchObject([
    {
      code: 'invalid',
      count: 8,
      message: 'one is invalid: PRS: Line 1: near "SELEC": syntax error',
    },
  ])
})

test('a run that continues judges nothing twice, and comes out the same', async () => {
  await using desk = await createDesk()
  const config = await seeded(desk, [check({ on_invalid: 'reject' })])
  const whole = await make(desk, config, 'whole')
  await create({ config: { config }, rows: 10, out: desk.path('parts') })
  const grown = await make(desk, config, 'parts')
  expect(grown.records).toEqual(whole.records)
})

test('what is wrong with a validation column is reported at once', async () => {
  await using desk = await createDesk()
  const config = await seeded(
    desk,
    [
      check({ name: 'a', target_columns: ['nowhere', 'one', 'one'] }),
      check({ name: 'b', target_columns: ['code'], on_invalid: 'drop', on_failure: 'null' }),
      check({ name: 'c', target_columns: ['text'] }),
      check({ name: 'd', validator_params: { code_lang: 'javascipt' } }),
      check({ name: 'e', validator_params: { validator_type: 'remote', code_lang: 'go' } }),
      check({ name: 'f', target_columns: [] }),
      check({ name: 'g', validator_type: 'cod' }),
      { name: 'h', column_type: 'expression', expr: '{{ lint.valid }}{{ lint.is_valid }}' },
      check({}),
      { name: 'text', column_type: 'expression', expr: 'x = {{ id }}' },
      {
        name: 'code',
        column_type: 'llm-code',
        code_lang: 'go',
        model_alias: 'm',
        prompt: '{{ id }}',
      },
    ],
    {
      model_configs: [{ alias: 'm', model: 'x', provider: 'p' }],
      model_providers: [{ name: 'p', endpoint: 'http://127.0.0.1:9/v1' }],
    },
  )
  const { problems } = await validate({ config: { config } })
  expect(
    problems.map(
      ({ level, code, path, message }) => `${level} ${code} ${path.join('.')}: ${message}`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "error wrong-word columns.3.validator_params.code_lang: 'validator_params.code_lang' of column 'd' is not a word that is known there",
      "error wrong-word columns.4.validator_params: 'validator_params' of column 'e' is not a word that is known there",
      "error out-of-range columns.5.target_columns: 'target_columns' of column 'f' is out of range",
      "error wrong-word columns.6.validator_type: 'validator_type' of column 'g' is not a word that is known there",
      "error duplicate-target columns.0.target_columns.2: Column 'a' names the target 'one' twice",
      "error contradiction columns.1.on_invalid: Column 'b' drops rows that are invalid, and its on_failure keeps them",
      "error language-mismatch columns.1.target_columns.0: Column 'b' checks 'code' as sql:sqlite, and that column writes go",
      "warning target-not-code columns.2.target_columns.0: Column 'c' checks 'text' as sql:sqlite, and that is a column of type expression",
      "error unknown-reference columns.0.target_columns.0: Column 'a' refers to 'nowhere', which is not a column",
      "error unknown-field columns.7.expr: Column 'h' reads 'lint.valid', and values of 'lint' have no such field",
    ]
  `)
})
