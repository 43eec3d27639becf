import { describe, expect, test } from 'vitest'
import type { Correction, Turn } from '../graph/kind.ts'
import {
  type ChatRequest,
  type ModelReply,
  noUsage,
  textMessage,
  textOf,
} from '../graph/request.ts'
import { createCorrector, messagesOf } from './unusable-answer.ts'

const unusable = { code: 'answer-does-not-fit', problem: 'it lacks "a"', request: 'Again.' }
const first: ChatRequest = { operation: 'chat', messages: [textMessage('user', 'ask')] }

function reply(text: string, finishReason = 'stop'): ModelReply {
  const content = [{ type: 'text' as const, text }]
  return { content, reasoning: null, finishReason, usage: noUsage, model: 'test' }
}

/** What is asked until the cell fails, when every answer is as bad. */
function asked(
  corrections: { steps: number; restarts: number },
  finishReason = 'stop',
): { turns: string[]; failure: unknown } {
  const corrector = createCorrector(corrections)
  const earlier: Turn[] = []
  const turns: string[] = []
  let correction: Correction | null = null
  for (;;) {
    const request = correction?.request ?? first
    turns.push(
      messagesOf(request)
        .map(({ content }) => textOf(content))
        .join(' | '),
    )
    const answer = reply(`bad ${turns.length}`, finishReason)
    try {
      const { again } = corrector(unusable, { reply: answer, correction, first: () => first })
      earlier.push({ request, reply: answer })
      correction = { number: earlier.length, request: again, earlier: [...earlier] }
    } catch (failure) {
      return { turns, failure }
    }
  }
}

const told = `Your answer can't be used: it lacks "a". Again.`

describe('an answer that can not be used', () => {
  test('is corrected, and the conversation begun anew', () => {
    const { turns, failure } = asked({ steps: 2, restarts: 1 })
    expect(turns).toEqual([
      'ask',
      `ask | bad 1 | ${told}`,
      `ask | bad 1 | ${told} | bad 2 | ${told}`,
      'ask',
      `ask | bad 4 | ${told}`,
      `ask | bad 4 | ${told} | bad 5 | ${told}`,
    ])
    expect(failure).toMatchObject({
      name: 'CellFailure',
      code: 'answer-does-not-fit',
      message: `the answer can't be used: it lacks "a" (asked 6 times)`,
      raw: 'bad 6',
    })
  })

  test('fails at once where nothing is allowed', () => {
    const { turns, failure } = asked({ steps: 0, restarts: 0 })
    expect(turns).toEqual(['ask'])
    expect(failure).toMatchObject({ message: expect.stringContaining('(asked once)') })
  })

  test('is asked for again without a word where only restarts are', () => {
    expect(asked({ steps: 0, restarts: 2 }).turns).toEqual(['ask', 'ask', 'ask'])
  })
})

test('an answer that was cut is not corrected, and says what to do', () => {
  const { turns, failure } = asked({ steps: 3, restarts: 1 }, 'length')
  expect(turns).toEqual(['ask', 'ask'])
  expect(failure).toMatchObject({
    code: 'answer-cut',
    message:
      'the answer was cut off before it was complete ("length", asked 2 times): it lacks "a". Raise max_tokens of the model, or ask for less.',
  })
  expect(asked({ steps: 0, restarts: 0 }, 'content_filter').failure).toMatchObject({
    message: expect.stringContaining('A filter of the provider ended it'),
  })
})
