import { found, numberFor, pick, scriptedModel } from '../scripted-model.ts'

const moods = ['furious', 'annoyed', 'indifferent', 'content', 'delighted']

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('Invent a')) {
    const name = `${pick(['Alba', 'Corvo', 'Nimbus', 'Tern'], prompt)} ${numberFor(prompt, 90) + 10}`
    return JSON.stringify({ name, price: 10 + numberFor(prompt, 9_900) / 10 })
  }
  if (prompt.startsWith('You are')) {
    const stars = Number(found(/with (\d) of 5 stars/, prompt))
    const text = `${stars > 2 ? 'It works' : 'It broke'}, says ${found(/You are ([^,]+),/, prompt)}.`
    return JSON.stringify({ mood: moods[stars - 1], text })
  }
  if (prompt.startsWith('What does this customer')) {
    // Some answers are no JSON, also when they are asked for again: those cells fail.
    if (prompt.includes('says A')) return 'I would rather not say.'
    return JSON.stringify({ cause: pick(['quality', 'price'], prompt), wish: 'A replacement.' })
  }
  return '1. Apologise. 2. Send a replacement.'
})
