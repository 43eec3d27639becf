import { scriptedModel } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('Which total')) {
    const [first = 0, ...others] = (prompt.split('\n\n')[1]?.match(/\d+\.\d\d/g) ?? []).map(Number)
    // A weak reader: of several sums it takes the first, and is not sure.
    return JSON.stringify({
      total: first,
      confidence: others.length === 0 ? 0.95 : 0.5 / others.length,
    })
  }
  return `Booked: ${/total ([\d.]+)/.exec(prompt)?.[1] ?? ''}`
})
