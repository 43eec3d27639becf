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
import { parseConfigText } from '../config/text.ts'
import { type ModelReply, noUsage, textOf } from '../graph/request.ts'
import { parseJson, stringifyJson } from '../util/json.ts'
import type { Cell } from '../util/value.ts'
import { messagesOf } from './unusable-answer.ts'

const models = [model('judge')]

const scores = parseConfigText(
  `
  - name: Imagery
    description: Vividness of pictures.
    options: { 10: vivid, 3: fair, 1: flat }
  - name: _tone
    description: Fit of tone.
    options: { "Off": wrong mood, Right: fitting mood, true: neither }
`,
  { file: 'a.yaml' },
).value

function column(fields: Record<string, unknown> = {}): RawColumn {
  return written({
    name: 'review',
    column_type: 'llm-judge',
    model_alias: 'judge',
    prompt: 'Rate {{ poem }}.',
    scores,
    ...fields,
  })
}

function reply(text: string): ModelReply {
  const content = [{ type: 'text' as const, text }]
  return { content, reasoning: null, finishReason: 'stop', usage: noUsage, model: 'test' }
}

function bound() {
  const graph = columnGraph([column(), ...inputs('poem')], { models })
  return {
    graph,
    generator: bindRequest(graph, 'review', { models }),
    row: rowOf(graph, { poem: 'x' }),
  }
}

/** A cell of JSON as its text. */
function jsonOf(cell: Cell | undefined): string {
  if (cell === undefined || cell instanceof Float32Array) throw new Error('JSON was expected')
  return stringifyJson(cell)
}

test('is a paid cell of JSON', () => {
  expect(named(bound().graph, 'review')).toMatchObject({ by: 'cell', pure: false, type: 'json' })
})

test('asks for reasons and scores, in the order of the config', () => {
  const { generator, row } = bound()
  const request = generator.prepare(row)
  const [prompt, schema = ''] = textOf(messagesOf(request)[0]?.content ?? []).split('else:\n')
  expect(prompt).toMatch(/^Rate x\.\n\nAnswer with JSON/)
  expect(stringifyJson(parseJson(schema), { indent: 1 })).toMatchInlineSnapshot(`
    "{
     "type": "object",
     "properties": {
      "Imagery": {
       "type": "object",
       "description": "Vividness of pictures.",
       "properties": {
        "reasoning": {
         "type": "string",
         "description": "Why this score is given."
        },
        "score": {
         "type": "string",
         "enum": [
          "10",
          "3",
          "1"
         ],
         "description": "10: vivid\\n3: fair\\n1: flat"
        }
       },
       "required": [
        "reasoning",
        "score"
       ],
       "additionalProperties": false
      },
      "_tone": {
       "type": "object",
       "description": "Fit of tone.",
       "properties": {
        "reasoning": {
         "type": "string",
         "description": "Why this score is given."
        },
        "score": {
         "type": "string",
         "enum": [
          "Off",
          "Right",
          "true"
         ],
         "description": "Off: wrong mood\\nRight: fitting mood\\ntrue: neither"
        }
       },
       "required": [
        "reasoning",
        "score"
       ],
       "additionalProperties": false
      }
     },
     "required": [
      "Imagery",
      "_tone"
     ],
     "additionalProperties": false
    }"
  `)
  expect(request).toMatchObject({ format: { name: 'review', schema: { type: 'object' } } })
})

describe('an answer', () => {
  const good = '"_tone":{"reasoning":"c","score":"Off"}'
  test.each([
    ['as it is', `{"Imagery":{"reasoning":"a","score":"3"},${good}}`],
    ['of numbers', `{"Imagery":{"score":3,"reasoning":"a"},${good}}`],
    ['of doubles', `{"Imagery":{"score":3.0,"reasoning":"a"},${good},"total":4}`],
    [
      'in another order, case and spelling',
      `{"tone":{"score":" off ","reasoning":"c"},"imagery":{"reasoning":"a","score":" 3 "}}`,
    ],
  ])('%s', (_, text) => {
    const { generator, row } = bound()
    const made = generator.finish(reply(text), row, null)
    expect(jsonOf('value' in made ? made.value : undefined)).toBe(
      `{"Imagery":{"reasoning":"a","score":"3"},${good}}`,
    )
  })

  test.each([
    [
      `{"Imagery":{"reasoning":"a","score":5},${good}}`,
      'Imagery.score must be one of "10", "3", "1"; it is "5"',
    ],
    [`{"Imagery":{"score":3},${good}}`, 'Imagery lacks "reasoning"'],
    [`{${good}}`, 'the answer lacks "Imagery"'],
  ])('%s: %s', (text, problem) => {
    const { generator, row } = bound()
    const made = generator.finish(reply(text), row, null)
    const messages = 'again' in made ? messagesOf(made.again) : []
    expect(textOf(messages.at(-1)?.content ?? [])).toContain(problem)
  })
})

describe('problems', () => {
  const score = { name: 'A', description: '', options: { 1: 'x' } }
  test.each([
    ['no scores', { scores: [] }, 'out-of-range @ columns.0.scores'],
    [
      'a score without options',
      { scores: [{ ...score, options: {} }] },
      'wrong-format @ columns.0.scores.0.options',
    ],
    ['a score without a name', { scores: [{ ...score, name: '' }] }, 'columns.0.scores.0.name'],
    [
      'two scores of one name',
      { scores: [score, score] },
      'wrong-format @ columns.0.scores.1.name',
    ],
    [
      'a field that is none',
      { scores: [{ ...score, option: {} }] },
      'unknown-key @ columns.0.scores.0.option',
    ],
    [
      'options as a list',
      { scores: [{ ...score, options: ['x'] }] },
      'wrong-type @ columns.0.scores.0.options',
    ],
  ])('%s', (_, fields, expected) => {
    const problems = columnProblems([column(fields), ...inputs('poem')], { models })
    expect(problems).toEqual([expect.stringContaining(expected)])
  })

  test('a score that there is not is found where it is read', () => {
    const columns = [
      column(),
      written({ name: 'e', expr: '{{ review.Imagry.score }}' }),
      ...inputs('poem'),
    ]
    expect(columnProblems(columns, { models })).toEqual([
      expect.stringContaining(
        "unknown-field @ columns.1.expr 1:11: Column 'e' reads 'review.Imagry'",
      ),
    ])
    const other = written({ name: 'e', expr: '{{ review.Imagery.skore }}' })
    expect(columnProblems([column(), other, ...inputs('poem')], { models })).toEqual([
      expect.stringContaining("(Did you mean 'score'?)"),
    ])
  })
})
