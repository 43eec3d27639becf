import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet'
import { expect, test } from 'vitest'
import {
  type CellUsage,
  create,
  type DatasetRecord,
  open,
  preview,
  validate,
} from '../../src/index.ts'
import { decompressors } from '../../src/store/parquet-codec.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { testVector } from '../../src/testing/wire-replies.ts'
import { createDesk } from './command.ts'

const words = Array.from({ length: 40 }, (_, index) => `word ${index}`)

function configAt(url: string, columns: readonly object[], parameters: object = {}) {
  return {
    seed: 3,
    model_providers: [{ name: 'local', endpoint: url }],
    model_configs: [
      {
        alias: 'vec',
        model: 'text-embedding-3-large',
        provider: 'local',
        skip_health_check: true,
        inference_parameters: { generation_type: 'embedding', dimensions: 8, ...parameters },
      },
    ],
    columns: [
      { name: 'word', column_type: 'sampler', sampler_type: 'category', params: { values: words } },
      ...columns,
    ],
  }
}

const vectors = {
  name: 'word_vec',
  column_type: 'embedding',
  target_column: 'word',
  model_alias: 'vec',
}

async function recordsOf(out: string): Promise<DatasetRecord[]> {
  await using dataset = await open(out)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

test('vectors are lists of floats in Parquet, and rows share requests', async () => {
  await using desk = await createDesk()
  const bodies: { input: string[]; dimensions: number; encoding_format: string }[] = []
  await using server = await createModelServer({
    script({ path, text }) {
      expect(path).toBe('/v1/embeddings')
      bodies.push(JSON.parse(text))
      return {}
    },
  })
  const out = desk.path('run')
  const config = { config: configAt(server.url, [vectors]) }
  expect((await validate({ config })).problems).toEqual([])
  const result = await create({ config, rows: 200, out })
  expect(result.rows).toMatchObject({ accepted: 200 })
  expect(bodies.flatMap(({ input }) => input)).toHaveLength(200)
  expect(bodies.length).toBeLessThan(40)
  expect(bodies[0]).toMatchObject({ dimensions: 8, encoding_format: 'float' })

  const records = await recordsOf(out)
  for (const { word, word_vec: vector } of records) {
    expect(vector).toEqual([...testVector(String(word), 8)])
  }
  await using dataset = await open(out)
  const [file] = await dataset.export({ to: desk.path('tables') })
  const buffer = await asyncBufferFromFile(file?.path ?? '')
  const { children } = parquetSchema(await parquetMetadataAsync(buffer))
  expect(children.at(-1)?.children[0]?.children[0]?.element).toMatchObject({ type: 'FLOAT' })
  const read = await parquetReadObjects({ file: buffer, compressors: decompressors })
  expect(read[7]).toMatchObject({ word_vec: records[7]?.['word_vec'] })
  const { columns } = await dataset.report()
  expect(columns[1]).toMatchObject({ name: 'word_vec', kind: 'embedding', type: 'vector(8)' })
  await dataset.export({ to: desk.path('texts.jsonl') })
  const [line = ''] = (await readFile(desk.path('texts.jsonl'), 'utf8')).split('\n')
  expect(JSON.parse(line)).toEqual(records[0])
  const shown = await preview({ config, rows: 3 })
  expect(shown.records).toEqual(records.slice(0, 3))
})

test("NeMo Data Designer's object where a template reads it, and lists of texts", async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const columns = [
    { name: 'list', column_type: 'expression', expr: '["{{ word }}", "{{ word }}!"]' },
    { ...vectors, target_column: 'list' },
    {
      name: 'shape',
      column_type: 'expression',
      expr: '{{ word_vec.num_embeddings }} x {{ word_vec.dimension }}: {{ word_vec.embeddings[1][0] }}',
    },
  ]
  const out = desk.path('run')
  const config = { config: configAt(server.url, columns, { encoding_format: 'base64' }) }
  const { requests, usage } = await create({ config, rows: 10, out })
  await using dataset = await open(out)
  const shares = await Promise.all(
    [...Array(10).keys()].map(async (row) => (await dataset.row(row)).usage),
  )
  const sum = (of: (share: CellUsage) => number): number =>
    shares.reduce((total, share) => total + of(share), 0)
  expect(requests).toBeLessThan(10)
  expect(sum((share) => share.requests)).toBeCloseTo(requests, 10)
  expect(sum((share) => share.inputTokens)).toBe(usage.inputTokens)
  expect(usage.inputTokens).toBeGreaterThan(0)
  for (const { word, word_vec: object, shape } of await recordsOf(out)) {
    const both = [String(word), `${String(word)}!`].map((text) => [...testVector(text, 8)])
    expect(object).toEqual({ embeddings: both, num_embeddings: 2, dimension: 8 })
    expect(shape).toBe(`2 x 8: ${both[1]?.[0]}`)
  }
})

test('one row that can not be embedded fails alone, and a wrong size fails its cells', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ text }) =>
      (JSON.parse(text) as { input: string[] }).input.includes('word 3')
        ? { status: 400, error: 'not this word' }
        : undefined,
  })
  const out = desk.path('run')
  const config = { config: configAt(server.url, [vectors]) }
  const { rows } = await create({ config, rows: 100, out })
  const dropped = (await recordsOf(out)).filter(({ word }) => word === 'word 3')
  expect(dropped).toEqual([])
  expect(rows.accepted).toBeGreaterThan(80)
  expect(rows.accepted + rows.dropped).toBe(100)

  await using wrong = await createModelServer({
    script: () => ({ body: JSON.stringify({ data: [{ index: 0, embedding: [1, 2, 3] }] }) }),
  })
  const failing = desk.path('failing')
  await create({ config: { config: configAt(wrong.url, [vectors]) }, rows: 1, out: failing })
  using ledger = new DatabaseSync(desk.path('failing', 'ledger.sqlite'), { readOnly: true })
  expect(ledger.prepare('SELECT code, message FROM failure').all()).toEqual([
    { code: 'wrong-size', message: 'expected a vector of 8 numbers, got one of 3' },
  ])
})
