import { expect, test } from 'vitest'
import type { ColumnType } from '../graph/column-type.ts'
import type { Value } from '../util/value.ts'
import { type FieldMap, trainingExporter } from './training-forms.ts'

const record = new Map<string, Value>([
  ['question', 'Why?'],
  [
    'answer',
    new Map<string, Value>([
      ['good', 'Because.'],
      ['bad', 'No.'],
    ]),
  ],
  ['note', null],
  [
    'messages',
    [
      new Map<string, Value>([
        ['role', 'user'],
        ['content', 'Hi'],
      ]),
      new Map<string, Value>([
        ['role', 'assistant'],
        ['content', 'Hello'],
      ]),
    ],
  ],
])
const type: ColumnType = 'json'
const columns = [...record.keys()].map((name) => ({ name, type }))

function line(form: string, map: FieldMap = {}, names = columns): unknown {
  return JSON.parse(trainingExporter(form, names, map).line(record))
}

test('chats are made of a column of messages, or of texts', () => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
  ]
  expect(line('chat')).toEqual({ messages })
  const texts = columns.filter(({ name }) => name !== 'messages')
  expect(line('chat', { user: 'question', assistant: 'answer.good' }, texts)).toEqual({
    messages: [
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Because.' },
    ],
  })
  expect(line('sharegpt', { messages: 'messages' })).toEqual({
    conversations: [
      { from: 'human', value: 'Hi' },
      { from: 'gpt', value: 'Hello' },
    ],
  })
})

test('instructions and pairs', () => {
  expect(line('alpaca', { instruction: 'question', output: 'answer.good', input: 'note' })).toEqual(
    {
      instruction: 'Why?',
      input: '',
      output: 'Because.',
    },
  )
  expect(
    line('dpo', { prompt: 'question', chosen: 'answer.good', rejected: 'answer.bad' }),
  ).toEqual({
    prompt: 'Why?',
    chosen: 'Because.',
    rejected: 'No.',
  })
})

test('a field that has no column is refused, and so is a record without its value', () => {
  expect(() => line('dpo')).toThrow("dpo needs 'prompt', and no column has that name")
  expect(() => line('alpaca', { instruction: 'qestion', output: 'answer' })).toThrow(
    "the map reads 'qestion' for 'instruction', and there is no such column",
  )
  expect(() => line('alpaca', { instructions: 'question' })).toThrow(
    "alpaca has no field 'instructions'",
  )
  expect(() => line('alpaca', { instruction: 'note', output: 'question' })).toThrow(
    "record 1 has nothing in note, which is its 'instruction'",
  )
})
