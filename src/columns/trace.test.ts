import { expect, test } from 'vitest'
import { type ModelReply, noUsage } from '../graph/request.ts'
import { stringifyJson } from '../util/json.ts'
import { traceOf } from './trace.ts'

const reply: ModelReply = {
  content: [{ type: 'text', text: ' hello \n' }],
  reasoning: null,
  finishReason: 'stop',
  model: 'test',
  usage: { ...noUsage, inputTokens: 1, outputTokens: 1 },
}

test('the whole conversation, the reply untrimmed at its end', () => {
  const messages = [
    { role: 'system' as const, content: [{ type: 'text' as const, text: 'Be kind.' }] },
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] },
  ]
  expect(stringifyJson(traceOf(messages, reply))).toMatchInlineSnapshot(
    `"[{"role":"system","content":[{"type":"text","text":"Be kind."}]},{"role":"user","content":[{"type":"text","text":"Hi"}]},{"role":"assistant","content":[{"type":"text","text":" hello \\n"}]}]"`,
  )
})

test('reasoning is there raw when the model gave some', () => {
  const thinking = stringifyJson(traceOf([], { ...reply, reasoning: ' hm ' }))
  expect(thinking).toMatchInlineSnapshot(
    `"[{"role":"assistant","content":[{"type":"text","text":" hello \\n"}],"reasoning_content":" hm "}]"`,
  )
  expect(stringifyJson(traceOf([], { ...reply, reasoning: '' }))).not.toContain('reasoning')
})
