import { setTimeout } from 'node:timers/promises'
import { defineProvider, RequestError, textOf } from 'rowsmith/plugin'

/** A model in this process that says what it is told: for trying a config without paying. */
export const echo = defineProvider({
  type: 'echo',
  description: 'Answers with the last message, without a model.',
  remote: false,
  open: () => ({
    async send(target, request, signal) {
      signal.throwIfAborted()
      if (request.operation !== 'chat') {
        throw new RequestError('unsupported', 'echo only chats', { kind: 'refused' })
      }
      const told = textOf(request.messages.at(-1)?.content ?? [])
      // A model that thinks for long can be had by asking for it.
      if (told.startsWith('slowly:')) await pause(1_000, target.timeoutMs, signal)
      return {
        content: [{ type: 'text', text: told }],
        reasoning: null,
        finishReason: 'stop',
        usage: {
          inputTokens: wordsIn(told),
          cachedInputTokens: 0,
          outputTokens: wordsIn(told),
          reasoningTokens: 0,
          images: 0,
          cost: null,
        },
        model: target.model,
      }
    },
    async probe(_target, signal) {
      signal.throwIfAborted()
    },
    async close() {},
  }),
})

async function pause(milliseconds, timeoutMs, signal) {
  const isLate = milliseconds > timeoutMs
  try {
    await setTimeout(isLate ? timeoutMs : milliseconds, undefined, { signal })
  } catch {
    throw signal.reason
  }
  if (isLate) {
    throw new RequestError('timeout', 'it took too long', { kind: 'transient' })
  }
}

function wordsIn(text) {
  return text.split(/\s+/).filter((word) => word !== '').length
}
