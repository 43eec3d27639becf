import { found, numberFor, scriptedModel, toolCall, toolResults } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt, request }) => {
  if (prompt.startsWith('Write a riddle')) {
    return `Start at ${found(/its end: (.+)/, prompt)}`
  }
  if (prompt.startsWith('Rewrite')) {
    const answer = found(/"(.+)"/, prompt)
    // Some riddles say their answer.
    return numberFor(prompt, 5) === 0
      ? `Who finds ${answer}?`
      : prompt.replace(`"${answer}"`, 'what?').slice(75)
  }
  if (prompt.startsWith('Which answer')) {
    return JSON.stringify({ answer: found(/The answer is (.+)\./, prompt) })
  }
  // The agent searches twice; sometimes it gives up.
  const results = toolResults(request)
  if (results.length < 2) {
    const query = results.at(-1) ?? prompt
    return toolCall('search', JSON.stringify({ query }))
  }
  const known = ['Veshna', 'Tallow Bay', 'Lake Suum', 'Mount Korin'].find((name) =>
    results.at(-1)?.includes(name),
  )
  return `The answer is ${numberFor(prompt, 4) === 0 ? 'unknown' : (known ?? 'unknown')}.`
})
