import { expect, test } from 'vitest'
import type { ColumnType } from '../graph/column-type.ts'
import { parseJson } from '../util/json.ts'
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
    "the map reads 'qestion' for 'instruction', but there is no such column",
  )
  expect(() => line('alpaca', { instructions: 'question' })).toThrow(
    "alpaca has no field 'instructions'",
  )
  expect(() => line('alpaca', { instruction: 'note', output: 'question' })).toThrow(
    "record 1 has no value in note, which 'instruction' reads",
  )
})

test('a trace with calls of tools becomes a conversation that chat templates read', () => {
  const text = (words: string): object => ({ type: 'text', text: words })
  const call = {
    id: 'c1',
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"Oslo"}' },
  }
  const trace = [
    { role: 'system', content: [text('Be brief.')] },
    { role: 'user', content: [text('Rain '), text('in Oslo?')] },
    { role: 'assistant', content: [], tool_calls: [call] },
    { role: 'tool', content: [text('yes')], tool_call_id: 'c1' },
    { role: 'assistant', content: [text('It rains.')], reasoning_content: 'Hm.', output_mode: 'x' },
  ]
  const cells = new Map([['story__trace', parseJson(JSON.stringify(trace))]])
  const made = (form: string, map: FieldMap): unknown =>
    JSON.parse(trainingExporter(form, [{ name: 'story__trace', type }], map).line(cells))
  expect(made('chat', { messages: 'story__trace' })).toEqual({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Rain in Oslo?' },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: 'yes', tool_call_id: 'c1' },
      { role: 'assistant', content: 'It rains.', reasoning_content: 'Hm.' },
    ],
  })
  expect(made('sharegpt', { messages: 'story__trace' })).toEqual({
    conversations: [
      { from: 'system', value: 'Be brief.' },
      { from: 'human', value: 'Rain in Oslo?' },
      { from: 'function_call', value: '{"name":"weather","arguments":"{\\"city\\":\\"Oslo\\"}"}' },
      { from: 'observation', value: 'yes' },
      { from: 'gpt', value: 'It rains.' },
    ],
  })
  const all = 'story__trace'
  expect(made('dpo', { prompt: all, chosen: all, rejected: all })).toMatchObject({
    prompt: [{ role: 'system', content: 'Be brief.' }, {}, {}, {}, {}],
  })
})

test('what is no conversation is refused, with the name that was likely meant', () => {
  expect(() => line('chat', { messages: 'question' })).toThrow(
    "record 1 has no list of {role, content} in question, which 'messages' reads",
  )
  const map = { prompt: 'question', chosen: 'answer.good', rejected: 'answer.badd' }
  expect(() => line('dpo', map)).toThrow(
    expect.objectContaining({ hints: ['Did you mean answer.bad?'] }) as Error,
  )
})
