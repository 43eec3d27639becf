import type { CustomContext } from 'rowsmith'

/** A draft, what is wrong with it, and the text after that. */
export async function explanation(
  { topic, reader }: { topic: string; reader: string },
  { ask, params }: CustomContext,
): Promise<{ explanation: string; draft: string; critique: string }> {
  const task = `Explain ${topic} to ${reader} in at most ${String(params['words'])} words.`
  const draft = await ask('writer', task)
  const critique = await ask('writer', `The task: ${task}\nWhat is wrong with this text?\n${draft}`)
  const final = await ask(
    'writer',
    `The task: ${task}\nImprove this text:\n${draft}\nby this critique:\n${critique}`,
    { system: 'Answer with the improved text only.' },
  )
  return { explanation: final, draft, critique }
}

/** How many of the words are new, from 0 to 1. */
export function change({
  draft,
  explanation: final,
}: {
  draft: string
  explanation: string
}): number {
  const before = new Set(wordsOf(draft))
  const after = wordsOf(final)
  return after.filter((word) => !before.has(word)).length / Math.max(1, after.length)
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? []
}
