import { found, numberFor, scriptedModel } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  const diagnosis = found(/Diagnosis: (.+)/, prompt)
  if (prompt.startsWith('Patient:')) {
    // One note in ten is about another illness.
    const named = numberFor(prompt, 10) === 0 ? 'a broken arm' : diagnosis
    return `Seen on ${found(/Visit: ([\d-]+)/, prompt)}. Findings go with ${named}.`
  }
  const score = prompt.includes(`go with ${diagnosis}.`) ? 'supported' : 'contradicted'
  return JSON.stringify({ diagnosis: { reasoning: 'The notes name it.', score } })
})
