import { found, numberFor, scriptedModel, toolCall, toolResults } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt, request }) => {
  const results = toolResults(request)
  const last = results.at(-1)
  const fault = numberFor(prompt, 5)
  if (prompt.startsWith('At which')) {
    const metal = found(/does (\w+) melt/, prompt)
    if (last === undefined) return toolCall('list_topics', '{}')
    if (results.length === 1)
      return toolCall('look_up', JSON.stringify({ topic: metal.toUpperCase() }))
    // The first look-up failed, because of the capitals.
    if (results.length === 2) return toolCall('look_up', JSON.stringify({ topic: metal }))
    return last
  }
  const [, a = '', b = ''] = /What is (\d+) \+ (\d+)/.exec(prompt) ?? []
  if (last === undefined) {
    // Some answer from memory, some call the tool with words, and some with what is not JSON.
    if (fault === 0) return String(Number(a) + Number(b) + 1)
    if (fault === 1) return toolCall('add', JSON.stringify({ a: 'a lot', b: 'more' }))
    if (fault === 2) return toolCall('add', `{"a": ${a}, `)
  }
  if (last === undefined || !/^\d+$/.test(last)) return toolCall('add', `{"a": ${a}, "b": ${b}}`)
  return last
})
