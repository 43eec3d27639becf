import { found, numberFor, scriptedModel } from '../scripted-model.ts'

/** Answers in place of a model: see ../scripted.yaml. */
export default scriptedModel(({ prompt }) => {
  if (prompt.startsWith('Invent a')) {
    const price = Number(found(/exactly ([\d.]+) dollars/, prompt))
    const initial = found(/the letter ([A-Z])/, prompt)
    // Some products break a rule: another letter, another price.
    const fault = numberFor(prompt, 12)
    return JSON.stringify({
      name: fault === 0 ? 'Zebra' : `${initial}alto ${numberFor(prompt, 90)}`,
      price: fault === 1 ? Math.round(price) + 1 : price,
      features: ['blue', 'light', 'two years of warranty'],
    })
  }
  if (prompt.startsWith('Ask what')) return 'How long is the warranty?'
  if (prompt.startsWith('Facts:')) {
    // The judge overlooks some errors and sees some that are none.
    const isWrong = prompt.includes('Answer: Ten years') !== (numberFor(prompt, 8) === 0)
    return JSON.stringify({
      completeness: { reasoning: 'It names a time.', score: 'complete' },
      accuracy: { reasoning: 'By the facts.', score: isWrong ? 'inaccurate' : 'accurate' },
    })
  }
  return prompt.startsWith('You know nothing') ? 'Ten years, I am sure.' : 'Two years.'
})
