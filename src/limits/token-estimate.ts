import type { Usage } from '../graph/request.ts'

/** What requests of one route are expected to use, learned from its replies. */
export interface TokenEstimate {
  /** Tokens of a request of this size (characters, or its provider's measure), its answer included. */
  expected(size: number): number
  /** Learns from a reply, and answers what it used; `size` 0 where no one asked for it. */
  learn(size: number, usage: Usage): number
}

const FIRST_SIZE_PER_TOKEN = 4
/** Until the first reply has come. */
const FIRST_ANSWER_TOKENS = 256
/** The latest replies count most, so that another column's answers are learned in a minute. */
const MEMORY = 50

/** Bounded by `max_tokens` where the model has it. */
export function createTokenEstimate(maxTokens: number | null): TokenEstimate {
  const most = maxTokens ?? Number.POSITIVE_INFINITY
  let answer = Math.min(most, FIRST_ANSWER_TOKENS)
  let perUnit = 1 / FIRST_SIZE_PER_TOKEN
  let answers = 0
  let prompts = 0

  function expected(size: number): number {
    return Math.ceil(size * perUnit + Math.min(most, answer))
  }

  return {
    expected,
    learn(size, { inputTokens, outputTokens }) {
      if (inputTokens + outputTokens === 0) return expected(size)
      answers = Math.min(MEMORY, answers + 1)
      answer += (outputTokens - answer) / answers
      if (size > 0 && inputTokens > 0) {
        prompts = Math.min(MEMORY, prompts + 1)
        perUnit += (inputTokens / size - perUnit) / prompts
      }
      return inputTokens + outputTokens
    },
  }
}
