import { CellFailure } from '../graph/failure.ts'
import type { Again, Corrections, Correction } from '../graph/kind.ts'
import {
  type ChatMessage,
  type ChatRequest,
  isCut,
  type ModelReply,
  type ModelRequest,
  textMessage,
  textOf,
} from '../graph/request.ts'

/** An answer that is no value of its column. */
export interface Unusable {
  /** The code of the failure that it becomes in the end. */
  code: string
  /** What is wrong, as a sentence begins: `the answer lacks "title"`. */
  problem: string
  /** What the model is asked to do about it. */
  request: string
}

interface Asked {
  reply: ModelReply
  correction: Correction | null
  /** The request that began the conversation. */
  first: () => ChatRequest
  /** How often it was begun again; counted in the correction by default. */
  restarts?: number
}

/**
 * What becomes of an answer that can't be used: the model receives the mistake, a few times; then the
 * conversation begins anew, a few times; then the cell has failed.
 *
 * An answer that was cut is not corrected: what is said again behind it would be cut sooner.
 */
export function createCorrector({
  steps,
  restarts,
}: Corrections): (unusable: Unusable, asked: Asked) => Again {
  return (unusable, { reply, correction, first, restarts: begun }) => {
    const beginning = first()
    const request = correction?.request ?? beginning
    const messages = messagesOf(request)
    const isCutShort = isCut(reply)
    const corrected = (messages.length - beginning.messages.length) / 2
    if (!isCutShort && corrected < steps) {
      const answer = textOf(reply.content)
      const said = textMessage('assistant', answer === '' ? '(nothing)' : answer)
      const { problem, request: wish } = unusable
      const told = textMessage('user', `Your answer can't be used: ${problem}. ${wish}`)
      return { again: { ...beginning, messages: [...messages, said, told] } }
    }
    if ((begun ?? begunAnew(beginning, correction)) < restarts) return { again: beginning }
    throw failureOf(unusable, reply, (correction?.number ?? 0) + 1)
  }
}

/** How often the conversation was begun again. */
function begunAnew(beginning: ChatRequest, correction: Correction | null): number {
  if (correction === null) return 0
  const later = [...correction.earlier.slice(1).map(({ request }) => request), correction.request]
  return later.filter((request) => messagesOf(request).length === beginning.messages.length).length
}

export function messagesOf(request: ModelRequest): readonly ChatMessage[] {
  return request.operation === 'chat' ? request.messages : []
}

function failureOf({ code, problem }: Unusable, reply: ModelReply, requests: number): CellFailure {
  const raw = textOf(reply.content)
  const asked = requests === 1 ? 'asked once' : `asked ${requests} times`
  if (!isCut(reply)) {
    return new CellFailure(code, `the answer can't be used: ${problem} (${asked})`, { raw })
  }
  const advice = /filter|safety|recitation/i.test(reply.finishReason)
    ? 'A filter of the provider ended it: change the prompt.'
    : 'Raise max_tokens of the model, or ask for less.'
  const message = `the answer was cut off before it was complete ("${reply.finishReason}", ${asked}): ${problem}. ${advice}`
  return new CellFailure('answer-cut', message, { raw })
}
