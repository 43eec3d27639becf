import { found, numberFor, pick, scriptedModel } from '../scripted-model.ts'

const tones = ['It broke at once', 'It disappoints', 'It is all right', 'I like it', 'I love it']

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('Invent a name')) {
    // Few words, so that some names come twice.
    const first = pick(['Silver', 'Quiet', 'Bold', 'Amber', 'North'], prompt)
    return `${first} ${found(/name for a ([\w ]+) \(/, prompt)} ${numberFor(prompt, 6) + 1}`
  }
  if (prompt.startsWith('You are')) {
    const stars = Number(found(/gives (\d) of 5 stars/, prompt))
    // Some reviews are kind whatever the stars.
    return `${tones[numberFor(prompt, 8) === 0 ? 4 : stars - 1] ?? ''}, says ${found(/You are ([^,]+),/, prompt)}.`
  }
  const said = tones.findIndex((tone) => prompt.startsWith(tone))
  // A reader is one star off now and then.
  const guess = Math.min(5, said + 1 + (numberFor(prompt, 6) === 0 ? 1 : 0))
  return JSON.stringify({ stars: { reasoning: 'By the first words.', score: String(guess) } })
})
