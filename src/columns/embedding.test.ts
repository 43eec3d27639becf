import { expect, test } from 'vitest'
import {
  bindShared,
  columnGraph,
  columnProblems,
  inputs,
  named,
  rowOf,
  written,
} from '../../test/support/column-case.ts'
import { model } from '../../test/support/compile-case.ts'
import type { ModelConfig, RawColumn } from '../config/dataset.ts'
import { CellFailure } from '../graph/failure.ts'
import { type ModelReply, noUsage, textOf } from '../graph/request.ts'
import type { Value } from '../util/value.ts'

function vectorModel(dimensions: number | null, extra: Record<string, unknown> | null = null) {
  const plain = model('vec')
  const { inference_parameters: parameters } = plain
  const own = { generation_type: 'embedding' as const, dimensions, extra_body: extra }
  const made: ModelConfig = { ...plain, inference_parameters: { ...parameters, ...own } }
  return made
}

function column(fields: Record<string, unknown> = {}): RawColumn {
  const own = { column_type: 'embedding', target_column: 'word', model_alias: 'vec' }
  return written({ name: 'near', ...own, ...fields })
}

function reply(vectors: readonly (readonly number[])[]): ModelReply {
  return {
    content: [],
    reasoning: null,
    vectors: vectors.map((one) => Float32Array.from(one)),
    finishReason: 'stop',
    usage: noUsage,
    model: 'test',
  }
}

function bound(fields: Record<string, unknown> = {}, dimensions: number | null = null) {
  const models = [vectorModel(dimensions)]
  const graph = columnGraph([column(fields), ...inputs('word')], { models })
  const generator = bindShared(graph, 'near', { models })
  const rows = (...words: Value[]) => words.map((word, index) => rowOf(graph, { word }, index))
  return { graph, generator, rows }
}

function textsFor(word: Value, fields: Record<string, unknown> = { form: 'object' }): string[] {
  const { generator, rows } = bound(fields)
  const request = generator.prepare(rows(word))
  return request.operation === 'embed' ? request.inputs.map(textOf) : []
}

test('its type is a vector, of the size that its model is asked for', () => {
  const types = [null, 8, 0].map((dimensions) => {
    const models = [vectorModel(dimensions)]
    const graph = columnGraph([column(), ...inputs('word')], { models })
    return named(graph, 'near').type
  })
  expect(types).toEqual(['vector', 'vector(8)', 'vector'])
  const models = [vectorModel(8, { dimensions: 4 })]
  const graph = columnGraph([column(), ...inputs('word')], { models })
  expect(named(graph, 'near').type).toBe('vector')
})

test.each([
  ['{{ near.embeddings[0] }}', 'json'],
  ['{% if near [ "dimension" ] > 3 %}a{% endif %}b', 'json'],
  ['{{ near | length }} near.dimensions', 'vector'],
  ['{{ nearest.dimension }}', 'vector'],
])('its form follows from what reads it: %s', (expr, type) => {
  const models = [vectorModel(null)]
  const reader = written({ name: 'reader', expr: expr.replace('nearest', 'near_by') })
  const other = written({ name: 'near_by', expr: '{{ {"dimension": 1} }}' })
  const graph = columnGraph([column(), ...inputs('word'), reader, other], { models })
  expect(named(graph, 'near').type).toBe(type)
})

test('a field that its object does not have is reported', () => {
  const models = [vectorModel(null)]
  const reader = written({ name: 'reader', expr: '{{ near.dimension }} {{ near.size }}' })
  expect(columnProblems([column(), ...inputs('word'), reader], { models })).toMatchObject([
    expect.stringContaining('size'),
  ])
})

test.each<[Value, string[]]>([
  ['harbour', ['harbour']],
  ['  a b ', ['  a b ']],
  ['12', ['12']],
  [12, ['12']],
  [true, ['true']],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  ['["a", "b"]', ['a', 'b']],
  ["['a', 'b',]", ['a', 'b']],
  [' ["a"]\n', ['a']],
  ['[1] Introduction', ['[1] Introduction']],
  ['[1, 2]', ['[1, 2]']],
  ['[sic]', ['[sic]']],
  ['["a"] or ["b"]', ['["a"] or ["b"]']],
  [
    [1, new Map([['a', 1]])],
    ['1', '{"a":1}'],
  ],
])('what it embeds of %j', (word, texts) => {
  expect(textsFor(word)).toEqual(texts)
})

test.each<[Value, string]>([
  [null, "the cell of 'word' is null, expected a text that is not empty"],
  [' \n', "the cell of 'word' is empty, expected a text that is not empty"],
  [[], "the list in 'word' is empty, expected a text or a list of texts"],
  [['a', ''], "text 2 of 'word' is empty, expected a text that is not empty"],
  [['a', null], "text 2 of 'word' is null, expected a text that is not empty"],
])('nothing to embed in %j', (word, message) => {
  expect(() => textsFor(word)).toThrow(message)
})

test('a vector is of one text', () => {
  expect(textsFor('["a"]', {})).toEqual(['a'])
  expect(() => textsFor('["a", "b"]', {})).toThrow(
    "the cell of 'word' is a list of 2 texts, and a cell of form vector has one vector; give the column form: object",
  )
})

test('rows share a request, and each gets its own', () => {
  const { generator, rows } = bound({ form: 'object', batch_size: 7 })
  expect(generator.most).toBe(7)
  const three = rows('a', ['b', 'c'], 'd')
  const request = generator.prepare(three)
  expect(request).toEqual({
    operation: 'embed',
    inputs: ['a', 'b', 'c', 'd'].map((text) => [{ type: 'text', text }]),
  })
  const vectors = [
    [0.1, 1],
    [0.2, -3],
    [0.3, 1e-7],
    [1 / 3, 5],
  ]
  const made = generator.finish(reply(vectors), three)
  expect(JSON.stringify(made.map(asPlain))).toBe(
    JSON.stringify([
      { embeddings: [[0.1, 1]], num_embeddings: 1, dimension: 2 },
      { embeddings: [vectors[1], vectors[2]], num_embeddings: 2, dimension: 2 },
      { embeddings: [[0.33333334, 5]], num_embeddings: 1, dimension: 2 },
    ]),
  )
})

function asPlain(made: unknown): unknown {
  if (made instanceof Map)
    return Object.fromEntries([...made].map(([key, of]) => [key, asPlain(of)]))
  if (Array.isArray(made)) return made.map(asPlain)
  if (typeof made !== 'object' || made === null) return made
  return asPlain(Object.values(made)[0])
}

test('dimensions are checked', () => {
  const object = bound({ form: 'object' }, 2)
  const [good, bad] = object.generator.finish(
    reply([
      [1, 2],
      [1, 2, 3],
    ]),
    object.rows('a', 'b'),
  )
  expect(good).toHaveProperty('value')
  expect(bad).toEqual(new CellFailure('wrong-size', 'expected vectors of 2 numbers, got one of 3'))
  const { generator, rows } = bound()
  expect(() => generator.finish(reply([[1]]), rows('a', 'b'))).toThrow(
    'the model gave 1 vectors for 2 texts',
  )
})
