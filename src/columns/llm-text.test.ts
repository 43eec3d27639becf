import { describe, expect, test } from 'vitest'
import {
  bindRequest,
  columnGraph,
  columnGraphWithWarnings,
  columnProblems,
  inputs,
  named,
  rowOf,
  written,
} from '../../test/support/column-case.ts'
import { model } from '../../test/support/compile-case.ts'
import type { ModelConfig, RawColumn } from '../config/dataset.ts'
import { type ModelReply, noUsage, textOf } from '../graph/request.ts'
import { stringifyJson } from '../util/json.ts'
import { withoutVector } from '../util/vector.ts'

const models = [model('writer')]

function story(fields: Record<string, unknown> = {}): RawColumn {
  return written({
    name: 'story',
    column_type: 'llm-text',
    model_alias: 'writer',
    prompt: 'About {{ topic }}.',
    ...fields,
  })
}

function reply(text: string, reasoning: string | null = null): ModelReply {
  const usage = { ...noUsage, inputTokens: 1, outputTokens: 1 }
  const content = [{ type: 'text' as const, text }]
  return { content, reasoning, finishReason: 'stop', usage, model: 'test' }
}

function cutReply(finishReason: string): ModelReply {
  return { ...reply('A half sent'), finishReason }
}

function prepared(fields: Record<string, unknown>, topic = 'tides', using = models) {
  const columns = [story(fields), ...inputs('topic')]
  const graph = columnGraphWithWarnings(columns, { models: using })
  const generator = bindRequest(graph, 'story', { models: using })
  const request = generator.prepare(rowOf(graph, { topic }, 7))
  if (request.operation !== 'chat') throw new Error('a chat request was expected')
  return request
}

function withTemperature(temperature: ModelConfig['inference_parameters']['temperature']) {
  const { inference_parameters: parameters } = model('writer')
  return [model('writer', { inference_parameters: { ...parameters, temperature } })]
}

test('is a paid cell of one request to its model', () => {
  const graph = columnGraph([story(), ...inputs('topic')], { models })
  expect(named(graph, 'story')).toMatchObject({
    by: 'cell',
    pure: false,
    type: 'string',
    routes: [{ name: 'writer', operation: 'chat', requests: 'one' }],
    requests: 'one',
    sides: [],
  })
  expect(bindRequest(graph, 'story', { models }).route).toBe('writer')
})

describe('the request', () => {
  test('has the prompt, behind the system prompt when there is one', () => {
    expect(prepared({})).toEqual({
      operation: 'chat',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'About tides.' }] }],
    })
    const { messages } = prepared({ system_prompt: 'You love {{ topic }}.' })
    expect(messages.map(({ role, content }) => [role, textOf(content)])).toEqual([
      ['system', 'You love tides.'],
      ['user', 'About tides.'],
    ])
  })

  test('has no system message for an empty system prompt', () => {
    expect(prepared({ system_prompt: '' }).messages).toHaveLength(1)
    expect(prepared({ system_prompt: null }).messages).toHaveLength(1)
  })

  test('keeps an empty prompt that was written so', () => {
    expect(prepared({ prompt: '' }).messages[0]?.content).toEqual([{ type: 'text', text: '' }])
  })

  test.each([
    ['empty-render', { prompt: '{{ topic }}' }, ' '],
    ['empty-render', { prompt: 'x', system_prompt: '{{ topic }}' }, ''],
    ['template-error', { prompt: '{{ topic + 1 }}' }, 'x'],
  ])('fails its cell with %s: %j of %j', (code, fields, topic) => {
    expect(() => prepared(fields, topic)).toThrow(
      expect.objectContaining({ name: 'CellFailure', code }),
    )
  })

  test('leaves fixed parameters to the model and draws the others by row', () => {
    expect(prepared({}, 'x', withTemperature(0.7))).not.toHaveProperty('sampling')
    const params = { low: 0.2, high: 0.4 }
    const uniform = withTemperature({ distribution_type: 'uniform', params })
    const { temperature } = prepared({}, 'x', uniform).sampling ?? {}
    expect(temperature).toBeGreaterThanOrEqual(0.2)
    expect(temperature).toBeLessThan(0.4)
    expect(prepared({}, 'y', uniform).sampling?.temperature).toBe(temperature)
  })

  test('draws temperature and top_p from streams of their own', () => {
    const sampled = { distribution_type: 'uniform' as const, params: { low: 0, high: 1 } }
    const { inference_parameters: parameters } = model('writer')
    const using = [
      model('writer', {
        inference_parameters: { ...parameters, temperature: sampled, top_p: sampled },
      }),
    ]
    const { temperature, topP } = prepared({}, 'x', using).sampling ?? {}
    expect(topP).toBeTypeOf('number')
    expect(topP).not.toBe(temperature)
  })
})

describe('the reply', () => {
  function finished(fields: Record<string, unknown>, answer: ModelReply) {
    const graph = columnGraph([story(fields), ...inputs('topic')], { models })
    const generator = bindRequest(graph, 'story', { models })
    const made = generator.finish(answer, rowOf(graph, { topic: 'tides' }), null)
    if ('again' in made) throw new Error('a cell was expected')
    return made
  }

  test('is its text without outer whitespace', () => {
    expect(finished({}, reply('\n Once. \n'))).toEqual({ value: 'Once.', sides: [] })
    expect(finished({}, reply('  '))).toEqual({ value: '', sides: [] })
  })

  test.each(['length', 'max_tokens', 'content_filter'])('cut off by %s is kept', (reason) => {
    expect(finished({}, cutReply(reason)).value).toBe('A half sent')
  })

  test.each([
    ['length', 'cut off at the token limit (length, 1 tokens)'],
    ['MAX_TOKENS', 'Raise max_tokens of the model "writer"'],
    ['content_filter', 'cut off by a filter (content_filter)'],
  ])('cut off by %s fails its cell where the config says so', (reason, words) => {
    expect(() => finished({ on_cut: 'fail' }, cutReply(reason))).toThrow(
      expect.objectContaining({
        code: 'answer-cut',
        message: expect.stringContaining(words),
        raw: 'A half sent',
      }),
    )
    expect(finished({ on_cut: 'fail' }, reply('All of it.')).value).toBe('All of it.')
  })

  test.each([
    ['last_message', '[{"role":"assistant","content":[{"type":"text","text":" Once. "}]}]'],
    [
      'all_messages',
      '[{"role":"system","content":[{"type":"text","text":"Be brief."}]},' +
        '{"role":"user","content":[{"type":"text","text":"About tides."}]},' +
        '{"role":"assistant","content":[{"type":"text","text":" Once. "}]}]',
    ],
  ])('with trace %s', (mode, expected) => {
    const { sides } = finished({ with_trace: mode, system_prompt: 'Be brief.' }, reply(' Once. '))
    expect(sides?.map((side) => stringifyJson(withoutVector(side)))).toEqual([expected])
  })

  test('gives trace and reasoning in the order of the side columns', () => {
    const fields = { with_trace: 'last_message', extract_reasoning_content: true }
    const graph = columnGraph([story(fields), ...inputs('topic')], { models })
    const sides = named(graph, 'story').sides.map((id) => graph.columns[id])
    expect(sides.map((side) => [side?.name, side?.type])).toEqual([
      ['story__trace', 'json'],
      ['story__reasoning_content', 'string'],
    ])
    const made = finished(fields, reply('x', ' because '))
    expect(made.sides).toHaveLength(2)
    expect(made.sides?.[1]).toBe('because')
  })

  test.each([null, '', '  \n'])('with reasoning %j leaves null', (reasoning) => {
    const made = finished({ extract_reasoning_content: true }, reply('x', reasoning))
    expect(made.sides).toEqual([null])
  })
})

describe('problems', () => {
  test.each([
    ['no prompt', { prompt: undefined }, "missing-field @ columns.0.prompt: Column 'story' lacks"],
    ['a boolean trace', { with_trace: true }, 'wrong-word @ columns.0.with_trace'],
    ['a trace in upper case', { with_trace: 'NONE' }, 'wrong-word @ columns.0.with_trace'],
    ['an unknown field', { allow_resize: true }, 'unknown-key @ columns.0.allow_resize'],
    [
      'a misspelled field',
      { sytem_prompt: 'x' },
      "unknown-key @ columns.0.sytem_prompt: Column 'story' has no field 'sytem_prompt' (Did you mean 'system_prompt'?)",
    ],
    [
      'an unknown model',
      { model_alias: 'writr' },
      "unknown-model @ columns.0.model_alias: Column 'story' uses the model alias 'writr', which is not configured (Did you mean 'writer'?)",
    ],
    ['tools', { tool_alias: 't' }, 'unknown-tools @ columns.0.tool_alias'],
    [
      'media',
      { multi_modal_context: [{ modality: 'image', column_name: 'topics' }] },
      "unknown-reference @ columns.0.multi_modal_context.0.column_name: Column 'story' refers to 'topics', which is not a column (Did you mean 'topic'?)",
    ],
    [
      'an unknown modality',
      { multi_modal_context: [{ modality: 'sound', column_name: 'topic' }] },
      'wrong-word @ columns.0.multi_modal_context.0.modality',
    ],
    [
      'the format of another modality',
      { multi_modal_context: [{ modality: 'audio', column_name: 'topic', image_format: 'png' }] },
      'unknown-key @ columns.0.multi_modal_context.0.image_format',
    ],
    [
      'an unknown reference in the system prompt',
      { system_prompt: 'a\nb {{ topics }}' },
      "unknown-reference @ columns.0.system_prompt 2:6: Column 'story' refers to 'topics', which is not a column (Did you mean 'topic'?)",
    ],
    [
      'its own reasoning in its prompt',
      { prompt: '{{ story__reasoning_content }}', extract_reasoning_content: true },
      "self-reference @ columns.0.prompt 1:4: Column 'story' refers to 'story__reasoning_content', which the column itself fills",
    ],
    [
      'its own trace in its condition',
      { skip: { when: '{{ story__trace }}' }, with_trace: 'last_message' },
      'self-reference @ columns.0.skip.when 1:4',
    ],
  ])('%s', (_, fields, expected) => {
    const problems = columnProblems([story(fields), ...inputs('topic')], { models })
    expect(problems).toEqual([expect.stringContaining(expected)])
  })

  test('of a prompt that could be meant otherwise are warnings', () => {
    function warnings(fields: Record<string, unknown>): string[] {
      return columnProblems([story(fields), ...inputs('topic')], { models })
    }
    expect(warnings({ prompt: 'Write.' })).toEqual([
      "prompt-without-references @ columns.0.prompt: The prompt of column 'story' refers to no column, so every row sends the same one (Add a column, such as {{ topic }}.)",
    ])
    expect(warnings({ prompt: '{{ topic }}\nand { topic!r}' })).toEqual([
      "single-braces @ columns.0.prompt 2:5: Column 'story' has '{ topic!r}' in its prompt, which is sent unchanged (To put the value of the column there, write {{ topic }}.)",
    ])
    const quiet = ['{a.b} {other} {{ topic }} }', '{{ topic }} {', '{{ topic }} {"topic": 1}']
    for (const prompt of quiet) expect(warnings({ prompt })).toEqual([])
  })
})
