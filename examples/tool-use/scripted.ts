import type { ModelRequest } from 'rowsmith'
import type { ScriptedAnswer } from 'rowsmith/testing'
import { found, numberFor, scriptedModel } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt, request }) => {
  const results = resultsIn(request)
  const last = results.at(-1)
  const fault = numberFor(prompt, 5)
  if (prompt.startsWith('At which')) {
    const metal = found(/does (\w+) melt/, prompt)
    if (last === undefined) return call('list_topics', '{}')
    if (results.length === 1) return call('look_up', JSON.stringify({ topic: metal.toUpperCase() }))
    // The first look-up failed, because of the capitals.
    if (results.length === 2) return call('look_up', JSON.stringify({ topic: metal }))
    return last
  }
  const [, a = '', b = ''] = /What is (\d+) \+ (\d+)/.exec(prompt) ?? []
  if (last === undefined) {
    // Some answer from memory, some call the tool with words, and some with what is no JSON.
    if (fault === 0) return String(Number(a) + Number(b) + 1)
    if (fault === 1) return call('add', JSON.stringify({ a: 'a lot', b: 'more' }))
    if (fault === 2) return call('add', `{"a": ${a}, `)
  }
  if (last === undefined || !/^\d+$/.test(last)) return call('add', `{"a": ${a}, "b": ${b}}`)
  return last
})

function resultsIn(request: ModelRequest): string[] {
  if (request.operation !== 'chat') return []
  return request.messages.flatMap(({ content }) =>
    content.flatMap((block) =>
      block.type === 'tool-result'
        ? [block.content.map((each) => (each.type === 'text' ? each.text : '')).join('')]
        : [],
    ),
  )
}

function call(name: string, written: string): ScriptedAnswer {
  return { content: [{ type: 'tool-call', id: `call-${name}`, name, arguments: written }], finishReason: 'tool_calls' }
}
