import { describe, expect, test } from 'vitest'
import {
  bindRequest,
  columnGraph,
  columnProblems,
  inputs,
  named,
  rowOf,
  written,
} from '../../test/support/column-case.ts'
import { model } from '../../test/support/compile-case.ts'
import type { RawColumn } from '../config/dataset.ts'
import { mappingOf } from '../config/literal.ts'
import { parseConfigText } from '../config/text.ts'
import { type ModelReply, noUsage, textOf } from '../graph/request.ts'
import { stringifyJson } from '../util/json.ts'
import type { Cell } from '../util/value.ts'
import { messagesOf } from './unusable-answer.ts'

const models = [model('writer')]

/** A schema as a file has it: doubles stay doubles, and keys have their order. */
function form(text: string): unknown {
  return parseConfigText(text, { file: 'a.yaml' }).value
}

const dish = form(`
  $schema: https://json-schema.org/draft/2020-12/schema
  type: object
  properties:
    title: { type: string }
    "10": { type: number, maximum: 2.0 }
    steps: { type: array, items: { type: object, properties: { text: { type: string } } } }
  required: [title]
`)

function column(fields: Record<string, unknown> = {}): RawColumn {
  return written({
    name: 'dish',
    column_type: 'llm-structured',
    model_alias: 'writer',
    prompt: 'A {{ topic }} dish.',
    output_format: dish,
    ...fields,
  })
}

function reply(text: string, finishReason = 'stop'): ModelReply {
  const content = [{ type: 'text' as const, text }]
  return { content, reasoning: 'hm ', finishReason, usage: noUsage, model: 'test' }
}

function bound(fields: Record<string, unknown> = {}) {
  const graph = columnGraph([column(fields), ...inputs('topic')], { models })
  return {
    generator: bindRequest(graph, 'dish', { models }),
    row: rowOf(graph, { topic: 'thai' }),
  }
}

/** A cell of JSON as its text. */
function jsonOf(cell: Cell | undefined): string {
  if (cell === undefined || cell instanceof Float32Array) throw new Error('JSON was expected')
  return stringifyJson(cell)
}

test('is a paid cell of JSON', () => {
  const graph = columnGraph([column(), ...inputs('topic')], { models })
  expect(named(graph, 'dish')).toMatchObject({ by: 'cell', pure: false, type: 'json' })
})

test('asks for the form behind the prompt and of the provider', () => {
  const { generator, row } = bound()
  const request = generator.prepare(row)
  expect(textOf(messagesOf(request)[0]?.content ?? [])).toBe(
    'A thai dish.\n\nAnswer with JSON that fits this JSON Schema, and with nothing else:\n' +
      '{"type":"object","properties":{"title":{"type":"string"},"10":{"type":"number","maximum":2.0},' +
      '"steps":{"type":"array","items":{"type":"object","properties":{"text":{"type":"string"}}}}},"required":["title"]}',
  )
  expect(request).toMatchObject({ format: { name: 'dish', schema: { type: 'object' } } })
})

test.each([
  ['the name as providers take it', { name: 'the dish, no. 1' }, 'the_dish_no_1'],
  ['no form that most refuse', { output_format: mappingOf([['type', 'array']]) }, undefined],
])('%s', (_, fields, name) => {
  const columns = [column({ ...fields }), ...inputs('topic')]
  const graph = columnGraph(columns, { models })
  const { name: own } = columns[0] as RawColumn
  const generator = bindRequest(graph, own, { models })
  const request = generator.prepare(rowOf(graph, { topic: 'thai' }))
  expect('format' in request ? request.format?.name : undefined).toBe(name)
})

describe('an answer', () => {
  test.each([
    ['{"title": "a", "10": 1.0, "x": 1}', '{"title":"a","10":1.0}'],
    [
      'So:\n```json\n{"title": "a", "steps": {"text": 1}}\n```',
      '{"title":"a","steps":[{"text":"1"}]}',
    ],
    // Of several the one that fits.
    ['```json\n{"title": "a"}\n```\nor\n```json\n{"name": "b"}\n```', '{"title":"a"}'],
  ])('%j', (text, expected) => {
    const { generator, row } = bound()
    const made = generator.finish(reply(text), row, null)
    expect(jsonOf('value' in made ? made.value : undefined)).toBe(expected)
  })

  test('that does not fit is corrected', () => {
    const { generator, row } = bound()
    const made = generator.finish(reply('{"10": 3.5}'), row, null)
    const messages = 'again' in made ? messagesOf(made.again) : []
    expect(messages.map(({ role, content }) => [role, textOf(content)]).slice(1)).toEqual([
      ['assistant', '{"10": 3.5}'],
      [
        'user',
        'Your answer can\'t be used: the answer lacks "title"; [10] must be <= 2; it is 3.5. Answer again with the whole JSON, and with nothing else.',
      ],
    ])
    expect(made).toMatchObject({ again: { format: { name: 'dish' } } })
  })

  test('after a correction has all of it in the trace', () => {
    const { generator, row } = bound({
      with_trace: 'all_messages',
      extract_reasoning_content: true,
    })
    const first = generator.prepare(row)
    const bad = reply('no')
    const again = generator.finish(bad, row, null)
    const request = 'again' in again ? again.again : first
    const correction = { number: 1, request, earlier: [{ request: first, reply: bad }] }
    const made = generator.finish(reply('{"title":"a"}'), row, correction)
    const sides = 'value' in made ? (made.sides ?? []) : []
    const roles = [...jsonOf(sides[0]).matchAll(/"role":"(\w+)"/g)]
    expect(roles.map(([, role]) => role)).toEqual(['user', 'assistant', 'user', 'assistant'])
    expect(sides[1]).toBe('hm')
  })
})

describe('problems', () => {
  test.each([
    [
      'no form',
      { output_format: undefined },
      "missing-field @ columns.0.output_format: Column 'dish' lacks",
    ],
    ['a text', { output_format: 'object' }, 'wrong-type @ columns.0.output_format'],
    [
      'a form that is none',
      { output_format: form('{type: object, properties: {a: {type: strng}}}') },
      "wrong-schema @ columns.0.output_format.properties.a.type: The output_format of column 'dish' is not a usable JSON Schema: a type must be one of array,",
    ],
    [
      'a keyword that is none',
      { output_format: form('{type: object, properties: {a: {tpye: string, x-mine: 1}}}') },
      "unknown-keyword @ columns.0.output_format.properties.a.tpye: The output_format of column 'dish' has 'tpye', which is not a keyword of JSON Schema (Did you mean 'type'?)",
    ],
    ['tools', { tool_alias: 't' }, 'unknown-tools @ columns.0.tool_alias'],
    [
      'media',
      { multi_modal_context: [{ modality: 'image', column_name: 'topics' }] },
      "unknown-reference @ columns.0.multi_modal_context.0.column_name: Column 'dish' refers to 'topics', which is not a column (Did you mean 'topic'?)",
    ],
  ])('%s', (_, fields, expected) => {
    expect(columnProblems([column(fields), ...inputs('topic')], { models })).toEqual([
      expect.stringContaining(expected),
    ])
  })

  test.each<[string, string | null]>([
    [
      '{{ dish.titel }}',
      "dish.titel', and values of 'dish' have no such field (Did you mean 'title'?)",
    ],
    ['{{ dish["titel"] }}', 'dish.titel'],
    [
      '{% for s in dish.steps %}{{ s.txt }}{% endfor %}',
      "dish.steps[…].txt', and values of 'dish' have no such field (Did you mean 'text'?)",
    ],
    ['{{ dish.steps[0].txt }}', 'dish.steps[…].txt'],
    ['{% if dish.titel == "a" %}x{% endif %}', 'dish.titel'],
    ['{{ dish.title.upper() }} {{ dish.items() }} {{ dish.steps | length }}', null],
    ['{{ dish.titel | default("x") }}{{ "y" if dish.notes }}', null],
    ['{% if dish.notes is defined and dish.notes %}x{% endif %}', null],
    ['{% set dish = 1 %}{{ dish.titel }}', null],
  ])('%s: %s', (expr, expected) => {
    const columns = [column(), written({ name: 'e', expr }), ...inputs('topic')]
    const found = columnProblems(columns, { models })
    expect(found.length).toBe(expected === null ? 0 : 1)
    expect(found.join('')).toContain(expected ?? '')
  })
})
