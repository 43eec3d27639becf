import type { Usage } from '../graph/request.ts'

/** What requests of one route are expected to use, learned from its replies. */
export interface TokenEstimate {
  /** Tokens of a request whose prompt has so many characters, its answer included. */
  expected(characters: number): number
  /** Learns from a reply, and answers what it used; `characters` 0 where nobody counted them. */
  learn(characters: number, usage: Usage): number
}

const FIRST_CHARACTERS_PER_TOKEN = 4
/** Until the first reply has come. */
const FIRST_ANSWER_TOKENS = 256
/** The latest replies count most, so that another column's answers are learned in a minute. */
const MEMORY = 50

/** Bounded by `max_tokens` where the model has it. */
export function createTokenEstimate(maxTokens: number | null): TokenEstimate {
  const most = maxTokens ?? Number.POSITIVE_INFINITY
  let answer = Math.min(most, FIRST_ANSWER_TOKENS)
  let perCharacter = 1 / FIRST_CHARACTERS_PER_TOKEN
  let answers = 0
  let prompts = 0

  function expected(characters: number): number {
    return Math.ceil(characters * perCharacter + Math.min(most, answer))
  }

  return {
    expected,
    learn(characters, { inputTokens, outputTokens }) {
      if (inputTokens + outputTokens === 0) return expected(characters)
      answers = Math.min(MEMORY, answers + 1)
      answer += (outputTokens - answer) / answers
      if (characters > 0 && inputTokens > 0) {
        prompts = Math.min(MEMORY, prompts + 1)
        perCharacter += (inputTokens / characters - perCharacter) / prompts
      }
      return inputTokens + outputTokens
    },
  }
}
