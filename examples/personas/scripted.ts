import { found, numberFor, scriptedModel } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  const age = Number(found(/, (\d+),/, prompt))
  // Some texts are about another age than that of the person.
  const told = prompt.startsWith('Describe what') && numberFor(prompt, 12) === 0 ? age + 20 : age
  return JSON.stringify({ age: told, summary: `A person of ${told}.`, detail: `${told} years.` })
})
