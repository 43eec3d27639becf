import { found, scriptedModel } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('Sum up')) {
    const goal = found(/user: (.+)/, prompt)
    const worked = found(/assistant: (?![^]*assistant: )(.+)/, prompt)
    return JSON.stringify({ goal, what_worked: worked, succeeded: !worked.includes('All right') })
  }
  if (prompt.startsWith('Write one instruction')) {
    // A model that copies whatever it reads, private or not.
    return JSON.stringify({
      instruction: found(/Goal: (.+)/, prompt),
      answer: `In /home/mira: ${found(/What worked: (.+)/, prompt)}`,
    })
  }
  const isGood = !prompt.includes('All right')
  const score = { reasoning: 'By the digest.', score: isGood ? '4' : '2' }
  return JSON.stringify({
    faithful: score,
    readable: score,
    complete: score,
    general: score,
    value: score,
  })
})
