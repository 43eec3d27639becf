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
import { type ModelReply, noUsage, textOf } from '../graph/request.ts'
import { codeLanguages } from './code-languages.ts'
import { readCode } from './code-reply.ts'
import { messagesOf } from './unusable-answer.ts'

const models = [model('writer')]

function column(fields: Record<string, unknown> = {}): RawColumn {
  return written({
    name: 'code',
    column_type: 'llm-code',
    model_alias: 'writer',
    prompt: 'Sort {{ topic }}.',
    code_lang: 'python',
    ...fields,
  })
}

function reply(text: string, finishReason = 'stop'): ModelReply {
  const content = [{ type: 'text' as const, text }]
  return { content, reasoning: null, finishReason, usage: noUsage, model: 'test' }
}

test.each(codeLanguages)('%s is a paid cell of text', (language) => {
  const graph = columnGraph([column({ code_lang: language }), ...inputs('topic')], { models })
  expect(named(graph, 'code')).toMatchObject({ by: 'cell', pure: false, type: 'string' })
  const request = bindRequest(graph, 'code', { models }).prepare(rowOf(graph, { topic: 'tides' }))
  const [message] = messagesOf(request)
  expect(textOf(message?.content ?? [])).toContain(`\`\`\`${language.split(':')[0]}`)
})

test('the request has the instructions behind the prompt, and no form', () => {
  const graph = columnGraph([column(), ...inputs('topic')], { models })
  const request = bindRequest(graph, 'code', { models }).prepare(rowOf(graph, { topic: 'tides' }))
  expect(messagesOf(request).map(({ content }) => textOf(content))).toEqual([
    'Sort tides.\n\nAnswer with Python code in one Markdown block that begins with ```python, and with no other block. Follow the common style of the language.',
  ])
  expect(request).not.toHaveProperty('format')
})

describe('the code of an answer', () => {
  test.each([
    ['alone', '```python\nx = 1\n```', 'x = 1'],
    ['with words around it', 'Here:\n\n```python\n\n  x = 1\n\n```\nDone.', 'x = 1'],
    ['of several the last one', '```python\nx = 1\n```\n```python\nx = 2\n```', 'x = 2'],
    ['without a language', '```\nx = 1\n```', 'x = 1'],
    ['of the language before one of none', '```python\nx = 1\n```\n```\nprints 1\n```', 'x = 1'],
    [
      'of the language before one of another',
      '```py\nx = 1\n```\n```bash\npython a.py\n```',
      'x = 1',
    ],
    ['in a longer fence', '````python\n"""\n```\n"""\n````', '"""\n```\n"""'],
    ['in tildes, indented', '  ~~~Python title="a.py"\n  x = 1\n  ~~~', 'x = 1'],
    ['in a list, without its margin', '- a\n\n  ```python\n  if x:\n    y\n  ```', 'if x:\n  y'],
    ['behind thinking', '<think>```python\nno\n```</think>```python\nx = 1\n```', 'x = 1'],
    ['in a fence that nothing closes', '```python\nx = 1\n', 'x = 1'],
    ['with markup in it', '```python\nx = "<b>&amp;</b>"\n```', 'x = "<b>&amp;</b>"'],
  ])('%s', (_, text, expected) => {
    expect(readCode(reply(text), 'python')).toEqual({ value: expected })
  })

  test.each([
    ['sql', 'sql:postgres'],
    ['postgresql', 'sql:postgres'],
    ['sql:postgres', 'sql:postgres'],
    ['c++', 'cpp'],
    ['C#', 'csharp'],
    ['ts', 'typescript'],
    ['sh', 'bash'],
  ] as const)('marked as %s is %s', (word, language) => {
    expect(readCode(reply(`\`\`\`${word}\n1\n\`\`\``), language)).toEqual({ value: '1' })
  })

  test.each([
    ['x = 1', 'it has no block of code'],
    ['```python\n \n```', 'it has no block of code'],
    ['```ruby\nx = 1\n```', 'its block of code is marked as "ruby" and not as Python'],
  ])('%j: %s', (text, problem) => {
    expect(readCode(reply(text), 'python')).toMatchObject({ code: 'answer-without-code', problem })
  })

  test('that was cut is whole where its block is', () => {
    expect(readCode(reply('```python\nx = 1\n```\nThis', 'length'), 'python')).toEqual({
      value: 'x = 1',
    })
    expect(readCode(reply('```python\nx = 1', 'length'), 'python')).toHaveProperty('problem')
  })
})

test.each([
  ['no language', { code_lang: undefined }, 'missing-field @ columns.0.code_lang'],
  [
    'an unknown language',
    { code_lang: 'Python' },
    "wrong-word @ columns.0.code_lang: 'code_lang' of column 'code' is not a word that is known there (Did you mean 'python'?)",
  ],
  ['tools', { tool_alias: 't' }, 'unknown-tools @ columns.0.tool_alias'],
])('%s is a problem', (_, fields, expected) => {
  const problems = columnProblems([column(fields), ...inputs('topic')], { models })
  expect(problems).toEqual([expect.stringContaining(expected)])
})
