import { found, numberFor, pick, scriptedModel } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt, request }) => {
  if (prompt.startsWith('Write the system prompt'))
    return 'Be brief. Ask when something is unclear.'
  if (prompt.startsWith('What does')) return `How do I deal with ${found(/about (.+)\?/, prompt)}?`
  if (prompt.startsWith('Write a conversation')) {
    const wanted = Number(found(/exactly (\d) messages/, prompt))
    // Some conversations are too short, and in some the user has the last word.
    const fault = numberFor(prompt, 6)
    const length = fault === 0 ? 1 : wanted
    const messages = Array.from({ length: Math.max(2, length) }, (_, at) => ({
      role: at % 2 === 0 || (fault === 1 && at === length - 1) ? 'user' : 'assistant',
      content: `Message ${at + 1}.`,
    }))
    return JSON.stringify({ messages })
  }
  if (prompt.startsWith('[')) {
    const score = pick(['4', '4', '4', '4', '2'], prompt)
    return JSON.stringify({ toxicity: { reasoning: 'Everybody is polite.', score } })
  }
  // A message of a conversation of two models: who speaks, and how often it was asked before.
  const { messages } = request.operation === 'chat' ? request : { messages: [] }
  const spoken = messages.filter(({ role }) => role === 'assistant').length
  const isUser = messages.some(
    ({ role, content }) => role === 'system' && JSON.stringify(content).includes('asks for help'),
  )
  return `${isUser ? 'Question' : 'Answer'} ${spoken + 1}`
})
